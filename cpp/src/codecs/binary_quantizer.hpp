// Binary codes of 1 to 4 bits a feature with an unbiased estimate of the distance and a bound of its error (Gao and Long:
// RaBitQ, SIGMOD 2024; Gao et al.: extended RaBitQ, SIGMOD 2025).
//
// With r = x - centroid, rotated at random, feature i is coded as v_i = u_i - (2^bits - 1) / 2, u_i of `bits` bits, such that
// the angle between v and r is as small as a common scale allows. A code holds the bits of u, the highest of every feature
// first (plane by plane, ceil(dim / 8) bytes each), and two floats: f = |r|^2 / <v, r> and |r|^2. Over the rotations
//     |q - x|^2 is estimated by |q'|^2 + |r|^2 - 2 f <v, q'>,  q' = q - centroid, rotated,
// without bias, and the error stays within 2 |r| |q'| sqrt((1 - c^2) / c^2) epsilon / sqrt(dim - 1), c = <v, r> / (|v| |r|),
// but for a share of rows that falls like exp(-epsilon^2 / 2).
#pragma once

#include "codecs/quantizer.hpp"
#include "codecs/rotation.hpp"

namespace lanner {

class BinaryQuantizer final : public Quantizer {
  public:
    // Throws Error(kInvalidArgument) for bits other than 1 to 4, for no rows, and for NaN.
    static std::unique_ptr<BinaryQuantizer> fit(const float* rows, std::size_t count, std::size_t dim, unsigned bits,
                                                const FitOptions& options);
    // About zero rather than a centroid.
    static std::unique_ptr<BinaryQuantizer> centred(std::size_t dim, unsigned bits, std::uint64_t seed);
    static std::unique_ptr<BinaryQuantizer> load(const SectionReader& reader);

    std::string_view kind() const noexcept override { return "binary"; }
    std::size_t dim() const noexcept override { return centroid_.size(); }
    unsigned bits() const noexcept { return bits_; }
    std::size_t code_bytes() const noexcept override { return scored_bytes() + 2 * sizeof(float); }
    CodeForm form() const noexcept override { return CodeForm::kNibbles; }
    std::size_t scored_bytes() const noexcept override { return bits_ * plane_bytes(); }

    void encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const override;
    void decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const override;
    // v, rotated back.
    void reproduce(const std::uint8_t* code, float* row) const override;
    CodeQuery query(const float* query, Match match) const override;
    CodeQuery query_of(const std::uint8_t* code) const override;
    bool has_scales() const noexcept override { return true; }
    bool has_offsets(Match match) const noexcept override { return match == Match::kL2; }
    Factors factors(const std::uint8_t* code, Match match) const override;
    // Estimated, like the distances.
    void norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const override;
    void save(SectionWriter& writer) const override;

    // The bound above for every query and code: out[i * count + j] for query i and code j.
    void errors(const float* queries, std::size_t query_count, const std::uint8_t* codes, std::size_t count,
                float epsilon, float* out, const Work& work) const;

  private:
    BinaryQuantizer(std::vector<float> centroid, unsigned bits, std::uint64_t seed);

    std::size_t plane_bytes() const noexcept { return (dim() + 7) / 8; }
    // Tables for a query that is rotated already, with plane_bytes() * 8 features: its products times `factor`.
    std::vector<float> tables(const std::vector<float>& turned, float factor) const;
    void encode_row(const float* row, std::uint8_t* code, std::vector<float>& scratch) const;
    // v of a code; returns |v|^2.
    double levels(const std::uint8_t* code, float* out) const noexcept;

    std::vector<float> centroid_;
    unsigned bits_;
    std::uint64_t seed_;
    Rotation rotation_;
};

}  // namespace lanner
