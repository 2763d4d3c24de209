// A scan of the slots that satisfy a condition, cell by cell, the nearest to the query first, which stops when it has found nothing
// nearer for a while: how much it looks at does not grow with the number of matches, and a condition whose matches lie
// far from the query makes it go on for longer by itself.
// Threads: one at a time per scratch.
#pragma once

#include <cstddef>
#include <vector>

#include "base/slot_set.hpp"
#include "search/contenders.hpp"

namespace lanner {

struct PrunedReach {
    ScanReach scan;
    std::size_t patience;  // matches looked at in vain before it stops
};

struct PrunedWork {
    std::size_t rows = 0;   // sketches looked at
    std::size_t cells = 0;  // visited, with matches or without
};

// Of the slots in the cells nearest to the query, the share that matches: as many cells as have `rows` slots. The cells stand
// in order in scratch.ranking, here and below.
double share_nearby(const Cells& cells, const SlotSet& matching, std::size_t rows, FilteredScanScratch& scratch);

// As filtered_scan(), of a part of the matches. It looks at all of them before it gives fewer than k.
PrunedWork pruned_scan(const SketchCodec& sketches, const Cells& cells, const QueryBlock& queries, std::size_t query,
                       const SlotSet& matching, const PrunedReach& reach, FilteredScanScratch& scratch,
                       std::vector<Candidate>& found);

}  // namespace lanner
