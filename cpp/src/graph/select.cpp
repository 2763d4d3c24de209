#include "graph/select.hpp"

#include <algorithm>

namespace lanner {
namespace {

// Distances asked at once: enough to keep the kernels busy, few enough that a rejection wastes little.
constexpr std::size_t kPart = 4;

}  // namespace

bool shadowed(const Candidate& candidate, std::span<const Candidate> chosen, Scorer& scorer) {
    Slot slots[kPart];
    float distances[kPart];
    scorer.bind_slot(candidate.slot);
    for (std::size_t first = 0; first < chosen.size(); first += kPart) {
        const std::size_t count = std::min(kPart, chosen.size() - first);
        for (std::size_t i = 0; i < count; ++i) slots[i] = chosen[first + i].slot;
        scorer.score(static_cast<const Slot*>(slots), count, static_cast<float*>(distances));
        for (std::size_t i = 0; i < count; ++i) {
            if (distances[i] < candidate.distance) return true;
        }
    }
    return false;
}

void select_neighbours(const std::vector<Candidate>& candidates, std::size_t most, Scorer& scorer,
                       std::vector<Candidate>& chosen) {
    chosen.clear();
    for (const Candidate& candidate : candidates) {
        if (chosen.size() == most) return;
        if (!shadowed(candidate, chosen, scorer)) chosen.push_back(candidate);
    }
}

}  // namespace lanner
