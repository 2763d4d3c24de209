// Codes of an index's rows, which stand in for the vectors in a search: a codec that can be fitted, stored in and read back.
// Distances are estimates, from the inner product of images in codecs/metric_space.hpp estimated from the codes.
// See Codec for threads. Callers check inputs first; storing and scoring check nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/paged_rows.hpp"
#include "codecs/codec.hpp"
#include "codecs/matrix.hpp"
#include "codecs/metric_space.hpp"
#include "kernels/kernel_table.hpp"
#include "lanner/vectors.hpp"
#include "storage/sections.hpp"

namespace lanner {

// Rows that a fit takes: fewer than `least` are too few, fewer than `ample` make poor codes, and what is learnt beside the mean,
// if anything is, comes from `learnt` at most.
struct FitNeeds {
    std::size_t least = 256;
    std::size_t ample = 256;
    std::size_t learnt = 0;
};

class CodedRows : public Codec {
  public:
    // What is known of a row beside its codes: an estimate is base + scale * (add - step * (query times what they stand
    // for)), and the decoded row `step` times that.
    struct RowFactors {
        float step;
        float add;  // that of MetricSpace::Row
    };

    // Where the metric is a distance between vectors or an inner product: what a mean is taken of. In place.
    void to_space(float* features) const noexcept { space_.take_apart(features); }
    bool fitted() const noexcept { return space_.fitted(); }
    // Empty until it is fitted.
    const std::vector<float>& mean() const noexcept { return space_.mean(); }
    // Before anything is stored.
    void set_mean(std::vector<float> mean) { space_.set_mean(std::move(mean)); }
    // Where a mean is all that codes are made by, zero until it is set, it needs no more rows than that takes.
    virtual FitNeeds fit_needs() const noexcept { return {}; }
    // From rows less the mean in that space, as many as are `learnt` from. Before anything is stored.
    virtual void learn(const float* /*rows*/, std::size_t /*count*/, const Work& /*work*/) {}
    // As learn() takes them. In place.
    void place(float* features) const noexcept { space_.place_row(features); }
    // The same codec without rows, and without what was fitted.
    virtual std::unique_ptr<CodedRows> empty_copy() const = 0;
    // What another one of the same kind was fitted to. Before anything is stored.
    virtual void take_fit(const CodedRows& other) = 0;
    // Exchanges everything with another one of the same kind; scorers of either go on with what is there then, once bound anew.
    virtual void swap(CodedRows& other) noexcept = 0;

    virtual void prepare(const Vectors& queries, QueryBlock& block) const = 0;

    void grow(std::size_t rows);
    // `features` are a row as float32.
    void store(Slot slot, const float* features);
    // The row of another one that was fitted likewise.
    void copy(Slot slot, const CodedRows& other, Slot from) noexcept;
    void erase(Slot slot) noexcept;
    // The row, as near as its code tells.
    void decode(Slot slot, float* out) const;
    // Whether a row could have come from store(); a damaged file may hold others.
    virtual bool sound(Slot slot) const noexcept;
    // Whether it is what store() makes of `features`.
    virtual bool is_code_of(Slot slot, const float* features) const = 0;

    bool same(Slot left, Slot right) const noexcept override;
    std::uint64_t fingerprint(Slot slot) const noexcept override;
    std::size_t run(Slot first) const noexcept override { return rows_.run(first); }

    // Once fitted, with what is known beside the codes.
    virtual std::size_t bytes_a_row() const noexcept { return rows_.stride() + factors_bytes(); }
    std::size_t memory_bytes() const noexcept;
    virtual void save(SectionWriter& writer, std::size_t rows) const;
    // Throws Error(kFileFormat).
    virtual void load(const SectionReader& reader, std::size_t rows, bool fitted);

  protected:
    using RowParts = MetricSpace::Parts;
    // Row as it is stored. The codes are zeros before they are written.
    struct Coded {
        std::byte* codes;
        RowFactors* factors;
        void* parts;
    };
    // A distance is base + scale * add - slope * step * product; of snr_item that is e.
    struct QueryFactors {
        float base;
        float scale;
        float slope;
        float size;  // snr_item: |q|, or 1 / |q| where the query is a stored row
    };

    CodedRows(Metric metric, std::size_t dim, std::size_t stride, const KernelTable& kernels);
    CodedRows(CodedRows&&) = default;
    CodedRows& operator=(CodedRows&&) = delete;

    // What codes stand for, `step` times.
    virtual void reproduce(const std::byte* codes, float step, float* out) const = 0;
    // Codes of a row less the mean, whose square is given; returns the step. May change `features`.
    virtual float encode(float* features, double squares, std::byte* codes) const = 0;

    std::size_t factors_bytes() const noexcept { return sizeof(RowFactors) + part_count_ * sizeof(float); }
    void swap_rows(CodedRows& other) noexcept;
    RowParts parts(Slot slot) const noexcept;
    void write_row(const float* features, const Coded& row) const;
    // Of a stored row in place of a query, where `slope` and `step` of its own are one number.
    QueryFactors factors_of_stored(Slot slot) const noexcept;
    // From products to distances, of `count` slots that `slot_at(i)` gives.
    template <typename SlotAt>
    void finish(const QueryFactors& bound, bool stored, const SlotAt& slot_at, std::size_t count,
                float* values) const noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            const RowFactors row = *factors_.as<RowFactors>(slot_at(i));
            values[i] = (bound.base + bound.scale * row.add) - bound.slope * values[i] * row.step;
        }
        if (metric_ != Metric::kSnrItem) return;
        for (std::size_t i = 0; i < count; ++i) {
            const float size = parts(slot_at(i)).size;
            const float apart = stored ? size - bound.size : size * bound.size - 1;
            values[i] = MetricSpace::item_distance(size, bound.size, apart, values[i]);
        }
    }

    Metric metric_;
    std::size_t dim_;
    MetricSpace space_;
    const KernelTable* kernels_;
    PagedRows rows_;
    PagedRows factors_;
    std::size_t part_count_;
    PagedRows parts_;
};

}  // namespace lanner
