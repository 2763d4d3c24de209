// A scan of the slots that satisfy a condition: all of their sketches are scored, and those that may be among the nearest
// are kept for a closer look. It costs the same whatever the condition is like, and nothing beyond the
// slots that it has.
// Threads: one at a time per scratch.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/slot_set.hpp"
#include "codecs/codec.hpp"
#include "search/contenders.hpp"

namespace lanner {

// The slots of the set that may be among the k nearest to query `query` of the block, in no order. Their distances are lower
// bounds: estimates less `width` of their standard deviations. Where not even a quarter of `keep` match, all of them
// without a look at sketches, at distance -infinity.
void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   const ScanReach& reach, FilteredScanScratch& scratch, std::vector<Candidate>& found);

// The k nearest of what filtered_scan() found, by the distances of `scorer`, bound to the same query, and others as near as the
// last of them: nearest first, equal distances by slot. A candidate whose lower bound lies beyond the k-th distance known so far is passed over. Returns how many
// distances the scorer gave.
std::size_t narrow(std::size_t k, Scorer& scorer, FilteredScanScratch& scratch, std::vector<Candidate>& found);

// What narrow() passed over whose distance by `scorer` is at most `limit`, nearest first. Once.
std::span<const Candidate> beyond_within(float limit, Scorer& scorer, FilteredScanScratch& scratch);

}  // namespace lanner
