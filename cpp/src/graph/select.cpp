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

void join_neighbours(Slot node, std::span<const Candidate> sources, std::size_t width, Scorer& scorer,
                     std::vector<Slot>& neighbours, std::vector<Slot>& dropped) {
    const std::size_t present = neighbours.size();
    std::vector<Candidate> fresh;
    for (const Candidate& source : sources) {
        const auto end = neighbours.begin() + static_cast<std::ptrdiff_t>(present);
        if (std::find(neighbours.begin(), end, source.slot) == end) fresh.push_back(source);
    }
    if (present + fresh.size() <= width) {
        for (const Candidate& each : fresh) neighbours.push_back(each.slot);
        return;
    }
    std::vector<float> distances(present);
    scorer.bind_slot(node);
    scorer.score(neighbours.data(), present, distances.data());
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < present; ++i) candidates.push_back({distances[i], neighbours[i]});
    candidates.insert(candidates.end(), fresh.begin(), fresh.end());
    drop_nan(candidates);
    std::sort(candidates.begin(), candidates.end(), nearer);
    std::vector<Candidate> kept;
    select_neighbours(candidates, width, scorer, kept);
    const auto is_kept = [&](Slot slot) {
        return std::any_of(kept.begin(), kept.end(), [&](const Candidate& each) { return each.slot == slot; });
    };
    std::copy_if(neighbours.begin(), neighbours.end(), std::back_inserter(dropped),
                 [&](Slot slot) { return !is_kept(slot); });
    neighbours.clear();
    for (const Candidate& each : kept) neighbours.push_back(each.slot);
}

}  // namespace lanner
