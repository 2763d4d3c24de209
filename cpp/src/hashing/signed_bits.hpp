// Codes of bits against queries of real numbers: the distance is the sum of |q_i| over the bits of the code that are not the
// sign of q_i (1 where q_i > 0). It is (sum |q_i| - <q, c>) / 2 for the code as numbers c_i of -1 and 1: asymmetric hashing
// (Gordo, Perronnin, Gong, Lazebnik: Asymmetric Distances for Binary Embeddings, PAMI 2014), and Hamming distance weighted
// by bit for q_i of -w_i and w_i.
// Threads: constant once made.
#pragma once

#include "codecs/quantizer.hpp"

namespace lanner {

class SignedBits final : public Quantizer {
  public:
    explicit SignedBits(std::size_t code_bytes) : code_bytes_(code_bytes) {}

    std::string_view kind() const noexcept override { return "bits"; }
    std::size_t dim() const noexcept override { return 8 * code_bytes_; }
    std::size_t code_bytes() const noexcept override { return code_bytes_; }
    CodeForm form() const noexcept override { return CodeForm::kNibbles; }

    void encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const override;
    // As numbers of -1 and 1.
    void decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const override;
    CodeQuery query(const float* query, Match match) const override;
    // There is nothing to save.
    void save(SectionWriter& writer) const override;

  private:
    std::size_t code_bytes_;
};

}  // namespace lanner
