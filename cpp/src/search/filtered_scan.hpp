// A scan of the slots that satisfy a condition: all of their sketches are scored, and those that may be among the nearest
// are kept for a closer look. It costs the same whatever the condition is like, and nothing beyond the
// slots that it has.
// Threads: one at a time per scratch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slot_set.hpp"
#include "base/top_k.hpp"
#include "codecs/codec.hpp"
#include "codecs/sketch_codec.hpp"
#include "search/rerank.hpp"

namespace lanner {

struct FilteredScanScratch {
    std::vector<Slot> slots;
    std::vector<float> values;
    std::vector<std::uint32_t> masks;
    std::vector<float> uppers;
    RerankScratch rerank;
    std::vector<Candidate> taken, nearest;
};

// Estimates are off by so many of their standard deviations before a neighbour is missed. On 384, 784 and 128 features, for
// k = 10 and 100, conditions of all kinds and shares of the rows, the worst kind had a recall of 0.96 at 1.5, of 0.98 at 2
// and of 0.99 at 2.5, for about 1.45 times as many true distances at each step.
inline constexpr float kSketchWidth = 2.0F;

// How many candidates narrow() may need: with them alone recall stayed above 0.98 on those data.
constexpr std::size_t filtered_scan_keep(std::size_t k) noexcept { return 200 + 20 * k; }

struct ScanReach {
    std::size_t k;
    float width = kSketchWidth;
    std::size_t keep = filtered_scan_keep(k);  // at most so many are found
};

// The slots of the set that may be among the k nearest to query `query` of the block, in no order. Their distances are lower
// bounds: estimates less `width` of their standard deviations. Where not even a quarter of `keep` match, all of them
// without a look at sketches, at distance -infinity.
void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   const ScanReach& reach, FilteredScanScratch& scratch, std::vector<Candidate>& found);

// The k nearest of what filtered_scan() found, by the distances of `scorer`, bound to the same query: nearest first, equal
// distances by slot. A candidate whose lower bound lies beyond the k-th distance known so far is passed over. Returns how many
// distances the scorer gave.
std::size_t narrow(std::size_t k, Scorer& scorer, FilteredScanScratch& scratch, std::vector<Candidate>& found);

}  // namespace lanner
