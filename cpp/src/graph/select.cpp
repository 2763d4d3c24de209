#include "graph/select.hpp"

#include <algorithm>

namespace lanner {
namespace {

// Distances asked at once: enough to keep the kernels busy, few enough that a rejection wastes little.
constexpr std::size_t kPart = 4;

bool shadowed(const Candidate& candidate, const std::vector<Slot>& chosen, Scorer& scorer) {
    float distances[kPart];
    scorer.bind_slot(candidate.slot);
    for (std::size_t first = 0; first < chosen.size(); first += kPart) {
        const std::size_t count = std::min(kPart, chosen.size() - first);
        scorer.score(chosen.data() + first, count, static_cast<float*>(distances));
        for (std::size_t i = 0; i < count; ++i) {
            if (distances[i] < candidate.distance) return true;
        }
    }
    return false;
}

}  // namespace

void select_neighbours(const std::vector<Candidate>& candidates, std::size_t most, Scorer& scorer,
                       std::vector<Candidate>& chosen) {
    std::vector<Slot> slots;
    slots.reserve(most);
    chosen.clear();
    for (const Candidate& candidate : candidates) {
        if (chosen.size() == most) return;
        if (shadowed(candidate, slots, scorer)) continue;
        chosen.push_back(candidate);
        slots.push_back(candidate.slot);
    }
}

}  // namespace lanner
