// Vectors as scalar codes of 8 or 4 bits a feature, in the manner of LVQ (Aguerrebere et al., Similarity Search in the
// Blink of an Eye with Compressed Indices, VLDB 2023): a row is taken to where its metric is a Euclidean distance or an
// inner product, less the mean of all rows, rotated at random, and rounded to multiples of a step of its own. The two
// numbers that a distance needs beside the codes lie in an array of their own: it is small enough for the caches, and the
// codes of 128, 256 or 384 features then fill whole cache lines. Queries are rounded to 8 bits: the error of
// that is no larger than that of 8-bit codes, and all products are then integers.
//
// Distances are estimates, from <q', x'> estimated from the codes; see codecs/metric_space.hpp.
// Distances between stored rows are those of metric.hpp, from codes on both sides.
// See Codec for threads. Callers check inputs first; storing and scoring check nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/paged_rows.hpp"
#include "codecs/codec.hpp"
#include "codecs/metric_space.hpp"
#include "codecs/rotation.hpp"
#include "kernels/metric.hpp"
#include "lanner/vectors.hpp"
#include "storage/sections.hpp"

namespace lanner {

class ScalarCodec final : public Codec {
  public:
    // The mean is zero until set_mean(), which comes before anything is stored.
    ScalarCodec(CodeBits bits, Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels);

    // Where the metric is a distance between vectors or an inner product: what a mean is taken of. In place.
    void to_space(float* features) const noexcept { space_.take_apart(features); }
    void set_mean(std::vector<float> mean) { space_.set_mean(std::move(mean)); }
    // The same codec without rows and mean.
    ScalarCodec empty_copy() const;
    bool fitted() const noexcept { return space_.fitted(); }
    // Empty until it is set.
    const std::vector<float>& mean() const noexcept { return space_.mean(); }

    void prepare(const Vectors& queries, QueryBlock& block) const;

    void grow(std::size_t rows);
    // `features` are a row as float32.
    void store(Slot slot, const float* features);
    void erase(Slot slot) noexcept;
    // The row, as near as its code tells.
    void decode(Slot slot, float* out) const noexcept;
    // Whether a row could have come from store(); a damaged file may hold others.
    bool sound(Slot slot) const noexcept;
    // Whether it is what store() makes of `features`, bit for bit.
    bool is_code_of(Slot slot, const float* features) const;

    std::unique_ptr<Scorer> make_scorer() const override;
    bool same(Slot left, Slot right) const noexcept override;
    std::uint64_t fingerprint(Slot slot) const noexcept override;
    std::size_t run(Slot first) const noexcept override;
    void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                     std::size_t count, float* out, std::size_t out_stride) const override;

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t rows) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t rows, bool fitted);

  private:
    friend class ScalarScorer;

    struct RowFactors {
        float step;  // the decoded row is step * (c - 128), or step * (2 c - 15)
        float add;   // that of MetricSpace::Row
    };
    using RowParts = MetricSpace::Parts;
    // Row as it is stored.
    struct Coded {
        std::byte* codes;
        RowFactors* factors;
        void* parts;
    };
    // Behind a query's codes: a distance is base + scale * add - slope * step * product; of snr_item that is e.
    struct QueryFactors {
        float base;
        float scale;
        float slope;
        float size;  // snr_item: |q|, or 1 / |q| where the query is a stored row
    };

    RowParts parts(Slot slot) const noexcept;
    float encode(const float* rotated, double squares, std::byte* codes) const noexcept;
    void write_row(const float* features, const Coded& row) const;
    void bind_stored(Slot slot, std::byte* query, float& code_sum) const noexcept;
    // From products to distances, of `count` slots that `slot_at(i)` gives.
    template <typename SlotAt>
    void finish(const std::byte* query, bool stored, const SlotAt& slot_at, std::size_t count,
                float* values) const noexcept;
    int multiple(const std::byte* row, std::size_t feature) const noexcept;
    void put_code(std::byte* row, std::size_t feature, unsigned code) const noexcept;

    CodeBits bits_;
    Metric metric_;
    std::size_t dim_;
    MetricSpace space_;
    const KernelTable* kernels_;
    Rotation rotation_;
    std::size_t query_factors_at_;
    PagedRows rows_;
    PagedRows factors_;
    std::size_t part_count_;
    PagedRows parts_;
};

}  // namespace lanner
