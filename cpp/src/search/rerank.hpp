// A second look at what a search over codes found: the front of its candidates gets true distances.
// Threads: one at a time per scorer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/top_k.hpp"
#include "codecs/codec.hpp"

namespace lanner {

struct RerankScratch {
    std::vector<Slot> slots;
    std::vector<float> distances;
    std::vector<Candidate> more;
    float off = 0;  // the root of the mean square of what the estimates of the last call were off by
};

// Keeps the first `count` candidates, with the distances of `scorer`, nearest first; equal distances by slot.
void rerank(std::vector<Candidate>& candidates, std::size_t count, Scorer& scorer, RerankScratch& scratch);

// Up to such an estimate candidates may be among the k nearest, if estimates are off as those of `hits` were, which came from
// rerank(); infinity where there are fewer than k.
float estimate_limit(const std::vector<Candidate>& hits, std::size_t k, const RerankScratch& scratch) noexcept;

// Where many lie about as far as the k-th, a fixed number of candidates does not hold the k nearest: looks at `more`, whose
// estimates ascend, as far as the limit goes, and puts them among `hits`.
void rerank_more(std::vector<Candidate>& hits, std::span<const Candidate> more, std::size_t k, Scorer& scorer,
                 RerankScratch& scratch);

// As rerank(), and then as far as the limit goes: more(limit) gives candidates behind those, estimates ascending.
template <typename More>
void rerank_further(std::vector<Candidate>& hits, std::size_t count, std::size_t k, Scorer& scorer,
                    RerankScratch& scratch, const More& more) {
    const float last = hits.empty() ? 0.0F : hits.back().distance;
    rerank(hits, count, scorer, scratch);
    const float limit = estimate_limit(hits, k, scratch);
    if (limit > last) rerank_more(hits, more(limit), k, scorer, scratch);
}

}  // namespace lanner
