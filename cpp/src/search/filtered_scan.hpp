// A scan of the slots that satisfy a condition: all of their sketches are scored, and those that may be among the nearest
// are kept for a closer look (search/rerank). It costs the same whatever the condition is like, and nothing beyond the
// slots that it has.
// Threads: one at a time per scratch.
#pragma once

#include <cstddef>
#include <vector>

#include "base/slot_set.hpp"
#include "base/top_k.hpp"
#include "codecs/sketch_codec.hpp"

namespace lanner {

struct FilteredScanScratch {
    std::vector<Slot> slots;
    std::vector<float> distances;
};

// What of a filter's slots has to be looked at closely, so that of the k nearest at most some in a hundred are missed.
std::size_t filtered_scan_keep(std::size_t k, std::size_t dim, std::size_t matches) noexcept;

// The `keep` slots of the set whose sketches are nearest to query `query` of the block, in no order, with the estimates of
// their distances. Where few more match, all of them without a look at sketches, at distance 0.
void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   std::size_t keep, FilteredScanScratch& scratch, std::vector<Candidate>& found);

}  // namespace lanner
