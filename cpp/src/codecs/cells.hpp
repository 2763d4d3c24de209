// Rows grouped by nearness: the cells of a k-means in the space of the metric, the cell that each slot belongs to, and the
// slots of each cell as runs. A query ranks the cells by its distance to their centroids, and a scan that takes
// them in that order may stop early (inverted files: Sivic and Zisserman, Video Google, ICCV 2003; Jégou and others, Product
// Quantization for Nearest Neighbor Search, TPAMI 2011).
// Centroids stand in two levels, so that a row meets the square root of all of them when it looks for its own.
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/slot.hpp"
#include "codecs/kmeans.hpp"
#include "codecs/metric_space.hpp"
#include "codecs/query_block.hpp"
#include "codecs/scalar_codec.hpp"
#include "lanner/vectors.hpp"
#include "storage/sections.hpp"

namespace lanner {

using Cell = std::uint32_t;
inline constexpr Cell kNoCell = 0xffffffffU;

// Slots from `first` up to, and without, `last`.
struct SlotRun {
    Slot first;
    Slot last;
};

// What a ranking needs; the order is for the caller.
struct CellRanking {
    std::vector<Cell> order;  // the nearest first; of nearly equal distances any
    std::vector<float> distances;
    std::vector<std::uint32_t> places;
};

class Cells {
  public:
    Cells(Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels);

    // Rows that a k-means takes, at most, of so many.
    static std::size_t sample_size(std::size_t rows) noexcept;
    // Finds centroids, as many as `rows` rows deserve, from a sample of them in the metric's space (MetricSpace::take_apart()).
    // Depends on the sample and the seed, not on the threads. No slot belongs to a cell afterwards.
    void fit(const Points& sample, std::size_t rows, std::size_t threads, const std::function<void()>& poll);

    std::size_t count() const noexcept { return parents_.empty() ? 0 : parents_.back(); }
    // Of a row in the metric's space.
    Cell nearest(const float* image) const;

    // Room for slots below `slots`; those from `slots` on are forgotten.
    void resize(std::size_t slots);
    void truncate(std::size_t slots) noexcept;
    void put(Slot slot, Cell cell);
    Cell of(Slot slot) const noexcept { return of_[slot]; }
    std::span<const SlotRun> runs(Cell cell) const noexcept { return runs_[cell]; }

    void prepare(const Vectors& queries, QueryBlock& block) const;
    void rank(const QueryBlock& queries, std::size_t query, CellRanking& ranking) const;

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t slots) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t slots);

  private:
    // The centroids below one of the first level, as columns.
    struct Group {
        std::size_t count = 0;
        std::vector<float> columns;
    };

    void finish_centroids();
    void take_out(Slot slot);

    std::size_t dim_;
    std::uint64_t seed_;
    const KernelTable* kernels_;
    MetricSpace space_;
    std::vector<float> tops_;  // columns
    std::vector<Group> groups_;
    std::vector<Cell> parents_;  // parents_[g] is the first cell of group g, and one more: how many there are
    ScalarCodec codes_;          // of the centroids, for ranking
    std::vector<Cell> of_;
    std::vector<std::vector<SlotRun>> runs_;
};

}  // namespace lanner
