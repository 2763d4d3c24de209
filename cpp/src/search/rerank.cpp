#include "search/rerank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lanner {
namespace {

// Estimates are taken to be off by so many times what those that were looked at were off by.
constexpr float kWidths = 2.5F;
// Looked at before the limit is seen to again.
constexpr std::size_t kTogether = 64;

}  // namespace

void rerank(std::vector<Candidate>& candidates, std::size_t count, Scorer& scorer, RerankScratch& scratch) {
    if (candidates.size() > count) candidates.resize(count);
    scratch.slots.resize(candidates.size());
    scratch.distances.resize(candidates.size());
    for (std::size_t i = 0; i < candidates.size(); ++i) scratch.slots[i] = candidates[i].slot;
    scorer.score(scratch.slots.data(), scratch.slots.size(), scratch.distances.data());
    double squares = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const double off = static_cast<double>(scratch.distances[i]) - static_cast<double>(candidates[i].distance);
        squares += off * off;
        candidates[i].distance = scratch.distances[i];
    }
    scratch.off =
        static_cast<float>(std::sqrt(squares / static_cast<double>(std::max<std::size_t>(candidates.size(), 1))));
    drop_nan(candidates);
    std::sort(candidates.begin(), candidates.end(), nearer);
}

float estimate_limit(const std::vector<Candidate>& hits, std::size_t k, const RerankScratch& scratch) noexcept {
    if (k == 0 || hits.size() < k) return std::numeric_limits<float>::infinity();
    return hits[k - 1].distance + kWidths * scratch.off;
}

void rerank_more(std::vector<Candidate>& hits, std::span<const Candidate> more, std::size_t k, Scorer& scorer,
                 RerankScratch& scratch) {
    const float off = scratch.off;
    std::vector<Candidate> part;
    while (!more.empty()) {
        scratch.off = off;
        const float limit = estimate_limit(hits, k, scratch);
        std::size_t count = 0;
        while (count < std::min(kTogether, more.size()) && more[count].distance <= limit) ++count;
        if (count == 0) break;
        part.assign(more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count));
        more = more.subspan(count);
        rerank(part, count, scorer, scratch);
        const auto before = static_cast<std::ptrdiff_t>(hits.size());
        hits.insert(hits.end(), part.begin(), part.end());
        std::inplace_merge(hits.begin(), hits.begin() + before, hits.end(), nearer);
    }
    scratch.off = off;
}

}  // namespace lanner
