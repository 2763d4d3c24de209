// Search by looking at every slot of a set, one query at a time.
// Threads: one at a time per scorer.
#pragma once

#include <vector>

#include "base/slot_set.hpp"
#include "base/top_k.hpp"
#include "codecs/codec.hpp"

namespace lanner {

// With a query bound to the scorer: the k nearest of the set, nearest first.
std::vector<Candidate> scan_set(Scorer& scorer, const SlotSet& set, std::size_t k, const TieBreak& ties);

// Those within `radius`, inclusive, nearest first.
std::vector<Candidate> scan_set_radius(Scorer& scorer, const SlotSet& set, float radius, const TieBreak& ties);

}  // namespace lanner
