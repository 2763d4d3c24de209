// A second look at what a search over codes found: the front of its candidates gets true distances.
// Threads: one at a time per scorer.
#pragma once

#include <cstddef>
#include <vector>

#include "base/top_k.hpp"
#include "codecs/codec.hpp"

namespace lanner {

struct RerankScratch {
    std::vector<Slot> slots;
    std::vector<float> distances;
};

// Keeps the first `count` candidates, with the distances of `scorer`, nearest first; equal distances by slot.
void rerank(std::vector<Candidate>& candidates, std::size_t count, Scorer& scorer, RerankScratch& scratch);

}  // namespace lanner
