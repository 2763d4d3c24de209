// Vectors as scalar codes of 8 or 4 bits a feature, in the manner of LVQ (Aguerrebere et al., Similarity Search in the
// Blink of an Eye with Compressed Indices, VLDB 2023): a row is taken to where its metric is a Euclidean distance or an
// inner product, less the mean of all rows, rotated at random, and rounded to multiples of a step of its own. The two
// numbers that a distance needs beside the codes lie in an array of their own: it is small enough for the caches, and the
// codes of 128, 256 or 384 features then fill whole cache lines. Queries are rounded to 8 bits: the error of
// that is no larger than that of 8-bit codes, and all products are then integers.
//
// Distances between stored rows are those of metric.hpp, from codes on both sides.
// See CodedRows for the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codecs/coded_rows.hpp"
#include "codecs/rotation.hpp"

namespace lanner {

class ScalarCodec final : public CodedRows {
  public:
    ScalarCodec(CodeBits bits, Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels);

    std::unique_ptr<CodedRows> empty_copy() const override;
    void take_fit(const CodedRows& other) override;
    void swap(CodedRows& other) noexcept override;

    void prepare(const Vectors& queries, QueryBlock& block) const override;
    bool sound(Slot slot) const noexcept override;
    // Bit for bit.
    bool is_code_of(Slot slot, const float* features) const override;

    std::unique_ptr<Scorer> make_scorer() const override;
    void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                     std::size_t count, float* out, std::size_t out_stride) const override;

  private:
    friend class ScalarScorer;

    void reproduce(const std::byte* codes, float step, float* out) const override;
    float encode(float* features, double squares, std::byte* codes) const override;
    void bind_stored(Slot slot, std::byte* query, float& code_sum) const noexcept;
    QueryFactors factors_of(const std::byte* query) const noexcept;
    int multiple(const std::byte* row, std::size_t feature) const noexcept;
    void put_code(std::byte* row, std::size_t feature, unsigned code) const noexcept;

    CodeBits bits_;
    Rotation rotation_;
    std::size_t query_factors_at_;  // QueryFactors stand behind a query's codes
};

}  // namespace lanner
