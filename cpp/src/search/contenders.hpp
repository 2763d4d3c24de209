// What scans of sketches have in common: a stream of slots goes in, and those that may be among the k nearest are kept for a
// closer look.
// Threads: one at a time per scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/top_k.hpp"
#include "codecs/cells.hpp"
#include "codecs/sketch_codec.hpp"
#include "search/rerank.hpp"

namespace lanner {

struct FilteredScanScratch {
    std::vector<Slot> slots;
    std::vector<std::uint64_t> words;
    std::vector<float> values;
    std::vector<std::uint32_t> masks;
    std::vector<float> uppers;
    RerankScratch rerank;
    std::vector<Candidate> taken, nearest;
    std::vector<Candidate> beyond, unseen;  // what narrow() passed over: with estimates, and with lower bounds alone
    CellRanking ranking;
};

// Estimates are off by so many of their standard deviations before a neighbour is missed. On 384, 784 and 128 features, for
// k = 10 and 100, conditions of all kinds and shares of the rows, the worst kind had a recall of 0.96 at 1.5, of 0.98 at 2
// and of 0.99 at 2.5, for about 1.45 times as many true distances at each step.
inline constexpr float kSketchWidth = 2.0F;

struct ScanReach {
    std::size_t k;
    float width = kSketchWidth;
};

// Each slot has a lower bound of its distance and an upper one, and the k-th least upper bound is a limit to all lower bounds.
class Contenders {
  public:
    Contenders(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const ScanReach& reach,
               FilteredScanScratch& scratch, std::vector<Candidate>& found);

    void scan(std::span<const Slot> slots);
    // Infinity until there were k.
    float limit() const noexcept { return limit_; }
    // Leaves those within the limit in `found`: few where estimates tell rows apart, and else nearly all.
    void finish();

  private:
    void offer(const Candidate& lower);

    const SketchCodec& sketches_;
    const QueryBlock& queries_;
    std::size_t query_;
    ScanReach reach_;
    FilteredScanScratch& scratch_;
    std::vector<Candidate>& found_;
    float limit_ = std::numeric_limits<float>::infinity();
};

}  // namespace lanner
