// Vectors as one bit a feature, for scans that only narrow down where to look closer: a row is taken to its metric's space
// (codecs/metric_space.hpp), less the mean of all rows, rotated at random, and of each feature the sign is kept (Gao and
// Long, RaBitQ, SIGMOD 2024). With x' the rotated row, s its signs and q' the rotated query, <q', x'> is estimated as
// step <q', s>, step = |x'|^2 / sum |x'_i|, which no direction of q' biases. The query has four bits a feature.
// A row's factors lie behind its bits: rows of up to 128 features take half a cache line, up to 384 one.
// See Codec for threads. Callers check inputs first; storing and scoring check nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/paged_rows.hpp"
#include "codecs/metric_space.hpp"
#include "codecs/query_block.hpp"
#include "codecs/rotation.hpp"
#include "lanner/vectors.hpp"
#include "storage/sections.hpp"

namespace lanner {

class SketchCodec {
  public:
    // The mean is zero until set_mean(), which comes before anything is stored.
    SketchCodec(Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels);

    // What a mean is taken of. In place.
    void to_space(float* features) const noexcept { space_.take_apart(features); }
    void set_mean(std::vector<float> mean) { space_.set_mean(std::move(mean)); }
    // The same codec without rows and mean.
    SketchCodec empty_copy() const;
    bool fitted() const noexcept { return space_.fitted(); }
    std::size_t dim() const noexcept { return dim_; }

    void prepare(const Vectors& queries, QueryBlock& block) const;

    void grow(std::size_t rows);
    // `features` are a row as float32.
    void store(Slot slot, const float* features);
    void erase(Slot slot) noexcept;
    // Whether a row could have come from store(); a damaged file may hold others.
    bool sound(Slot slot) const noexcept;
    // Whether it is what store() makes of `features`, bit for bit.
    bool is_sketch_of(Slot slot, const float* features) const;

    // User's distances from a query, as estimates, to rows. NaN where a damaged file holds what no row makes.
    void score(const QueryBlock& queries, std::size_t query, std::span<const Slot> slots, float* out) const;
    // The standard deviation of an estimate, over all rotations: for rows of some 32 features and more errors are normal.
    float error(const QueryBlock& queries, std::size_t query, Slot slot) const noexcept;
    // Estimates less `width` times their errors, of the first `count` slots or as many as lie on one page with the
    // first, which is returned. `values` has room for a whole number of kSketchRows; a bit of `masks` says that a value
    // is at most `limit`, the lowest bit of masks[0] for the first. Rows of slots beyond `count` are fetched from memory.
    std::size_t lower_bounds(const QueryBlock& queries, std::size_t query, float width, float limit,
                             std::span<const Slot> slots, std::size_t count, float* values, std::uint32_t* masks) const;

    // Asks for rows that are to be scored before long.
    void prefetch(std::span<const Slot> slots) const noexcept;

    std::size_t memory_bytes() const noexcept { return rows_.allocated_bytes() + rows_.adopted_bytes(); }
    void save(SectionWriter& writer, std::size_t rows) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t rows, bool fitted);

  private:
    // Behind a query's planes.
    struct QueryFactors {
        std::int32_t sum;
        float base, scale, slope;
        float spread;  // what a row's spread is multiplied by
        float size;    // snr_item: |q|
    };

    const SketchFactors& factors(Slot slot) const noexcept;
    QueryFactors query_factors(const QueryBlock& queries, std::size_t query) const noexcept;
    float error_of(const QueryFactors& query, const SketchFactors& row) const noexcept;
    void write_row(const float* features, std::byte* row) const;

    Metric metric_;
    std::size_t dim_;
    const KernelTable* kernels_;
    MetricSpace space_;
    Rotation rotation_;
    std::size_t query_factors_at_;
    PagedRows rows_;
};

}  // namespace lanner
