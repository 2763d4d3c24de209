// Vectors as codes of a quantizer: product codes, rotated or not, and binary codes. A row is taken to where its metric is a
// Euclidean distance or an inner product, less the mean of all rows, and encoded; the decoded row is then made longer or
// shorter such that its product with the row is the row's square. What is lost is at a right angle to the row, so that
// estimates are without bias towards or from it, and the row's true length enters every distance. That is how RaBitQ
// (Gao and Long, SIGMOD 2024) uses its codes; of product codes, it finds more than distances from the decoded row do: with
// codes of dim / 4 numbers of 4 bits, 0.78 of the ten nearest of text embeddings where those find 0.74.
// Product codes need codebooks: until these have been learnt, rows are kept as they are, in float32.
// Distances between stored rows are those of metric.hpp, from codes on both sides.
// See CodedRows for the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codecs/coded_rows.hpp"
#include "codecs/quantizer.hpp"

namespace lanner {

struct QuantizedShape {
    enum class Kind : std::uint8_t { kProduct, kRotatedProduct, kBinary };

    Kind kind = Kind::kBinary;
    std::size_t parts = 0;  // of product codes; divides dim
    unsigned bits = 1;      // of a part: 8 or 4; or of a feature: 1 to 4
};

class QuantizedCodec final : public CodedRows {
  public:
    // Throws Error(kInvalidArgument) for a shape that cannot be.
    QuantizedCodec(const QuantizedShape& shape, Metric metric, std::size_t dim, std::uint64_t seed,
                   const KernelTable& kernels);

    FitNeeds fit_needs() const noexcept override;
    void learn(const float* rows, std::size_t count, const Work& work) override;
    std::unique_ptr<CodedRows> empty_copy() const override;
    void take_fit(const CodedRows& other) override;
    void swap(CodedRows& other) noexcept override;

    void prepare(const Vectors& queries, QueryBlock& block) const override;
    std::size_t bytes_a_row() const noexcept override;
    bool sound(Slot slot) const noexcept override;
    // Or as near to them: which of two centroids is nearer may depend on the instruction set where both are as near.
    bool is_code_of(Slot slot, const float* features) const override;

    std::unique_ptr<Scorer> make_scorer() const override;
    const SieveShape* sieve_shape() const noexcept override;
    std::unique_ptr<Sieve> make_sieve() const override;
    void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                     std::size_t count, float* out, std::size_t out_stride) const override;

    void save(SectionWriter& writer, std::size_t rows) const override;
    void load(const SectionReader& reader, std::size_t rows, bool fitted) override;

  private:
    friend class QuantizedScorer;
    friend class QuantizedSieve;

    // A query ready for codes: its tables, or itself where rows are floats.
    struct Bound {
        std::vector<float> table;
        QueryFactors factors;
        bool stored = false;
    };

    bool product() const noexcept { return shape_.kind != QuantizedShape::Kind::kBinary; }
    CodeForm form() const noexcept { return quantizer_ ? quantizer_->form() : CodeForm::kFloats; }
    void lay_out(std::shared_ptr<const Quantizer> quantizer);
    void set_table(std::vector<float> table, Bound& bound) const;
    void bind_query(const QueryBlock& queries, std::size_t index, Bound& bound) const;
    void bind_stored(Slot slot, Bound& bound) const;
    // Distances of `count` slots that `slot_at(i)` gives.
    template <typename SlotAt>
    void score(const Bound& bound, const SlotAt& slot_at, std::size_t count, float* out) const noexcept;

    void reproduce(const std::byte* codes, float step, float* out) const override;
    float encode(float* features, double squares, std::byte* codes) const override;

    QuantizedShape shape_;
    std::uint64_t seed_;
    std::shared_ptr<const Quantizer> quantizer_;  // null: rows are floats
    std::size_t bytes_ = 0;                       // of a row, without what fills it up
};

}  // namespace lanner
