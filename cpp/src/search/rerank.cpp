#include "search/rerank.hpp"

#include <algorithm>

namespace lanner {

void rerank(std::vector<Candidate>& candidates, std::size_t count, Scorer& scorer, RerankScratch& scratch) {
    if (candidates.size() > count) candidates.resize(count);
    scratch.slots.resize(candidates.size());
    scratch.distances.resize(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) scratch.slots[i] = candidates[i].slot;
    scorer.score(scratch.slots.data(), scratch.slots.size(), scratch.distances.data());
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].distance = scratch.distances[i];
    drop_nan(candidates);
    std::sort(candidates.begin(), candidates.end(), nearer);
}

}  // namespace lanner
