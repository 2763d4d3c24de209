// Vectors stored as they came, in the index's element type, with one or two numbers a row where the metric wants them.
// See Codec for threads. Callers check inputs first (check_rows, check_queries); storing and scoring check nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/paged_rows.hpp"
#include "codecs/codec.hpp"
#include "kernels/metric.hpp"
#include "lanner/vectors.hpp"
#include "storage/sections.hpp"

namespace lanner {

class PlainCodec final : public Codec {
  public:
    PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels);

    // Over rows of a caller, `row_bytes` apart, in place; the caller keeps them. Nothing can be stored in it.
    PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, const void* rows,
               std::size_t count);

    ElementType type() const noexcept { return type_; }
    Metric metric() const noexcept { return metric_; }
    std::size_t dim() const noexcept { return dim_; }
    std::size_t bytes_per_row() const noexcept { return row_bytes_; }

    // Refuse NaN, infinity, values lost in conversion, vectors too long for float32 arithmetic, and stray bits, naming
    // the argument and the row. Queries under snr must not be constant.
    void check_rows(const Vectors& vectors, std::string_view argument,
                    const std::function<void()>& poll = nullptr) const;
    void check_queries(const Vectors& queries, std::string_view argument) const;

    void prepare(const Vectors& queries, QueryBlock& block) const;

    void grow(std::size_t rows);
    void store(Slot slot, const Vectors& vectors, std::size_t row);
    void erase(Slot slot) noexcept;
    // With a codec of the same kind.
    void swap_rows(PlainCodec& other) noexcept;
    void fetch(Slot slot, void* out) const noexcept;
    // Whether what is kept beside a row is what the row says; a damaged file may claim otherwise.
    bool measured(Slot slot) const;

    std::unique_ptr<Scorer> make_scorer() const override;
    const SieveShape* sieve_shape() const noexcept override;
    std::unique_ptr<Sieve> make_sieve() const override;
    bool same(Slot left, Slot right) const noexcept override;
    std::uint64_t fingerprint(Slot slot) const noexcept override;
    std::size_t run(Slot first) const noexcept override;
    void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                     std::size_t count, float* out, std::size_t out_stride) const override;

    // With what fills it up, and what is known beside it.
    std::size_t bytes_a_row() const noexcept;
    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t rows) const;
    void load(const SectionReader& reader, std::size_t rows);

  private:
    friend class PlainScorer;

    // How a kernel's value becomes a distance; see MetricTraits.
    enum class Finish : std::uint8_t { kNone, kCosine, kNegate, kScaleQuery, kScaleRow, kScaleBoth };
    static Finish query_finish(Metric metric) noexcept;
    static Finish stored_finish(Metric metric) noexcept;
    void finish(Finish how, float query_scale, const float* row_scales, std::size_t count,
                float* values) const noexcept;

    PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, std::size_t stride);
    // Sets what the metric wants to know of a stored row; `features` has room for one.
    void measure(Slot slot, std::vector<float>& features);
    void prepare_row(const void* row, ElementType type, std::byte* out, float& offset, float& scale, bool stored) const;
    float row_scale(double squared_norm) const noexcept;

    ElementType type_;
    Metric metric_;
    const MetricTraits& traits_;
    std::size_t dim_;
    std::size_t row_bytes_;
    const KernelTable& kernels_;
    bool rows_want_offsets_;  // scattered ones
    bool rows_are_scaled_;    // scattered ones, by the kernel
    RowsKernel rows_kernel_;
    BlockKernel block_kernel_;
    TileKernel tile_kernel_;
    PagedRows rows_;
    PagedRows offsets_;  // float32 a row, where the metric has offsets
    PagedRows scales_;   // float32 a row, where the metric has row scales
};

}  // namespace lanner
