#include "search/set_scan.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lanner {
namespace {

// Rows scored together; those of the next turn are asked for meanwhile.
constexpr std::size_t kRows = 32;

// Calls take(slot, distance) for every slot of the set, ascending.
template <typename Take>
void score_set(Scorer& scorer, const SlotSet& set, const Take& take) {
    std::array<Slot, kRows> next{};
    std::array<Slot, kRows> now{};
    std::array<float, kRows> distances{};
    std::size_t waiting = 0;
    std::size_t ready = 0;
    const auto turn = [&] {
        scorer.score(now.data(), ready, distances.data());
        for (std::size_t i = 0; i < ready; ++i) take(now[i], distances[i]);
        now = next;
        ready = std::exchange(waiting, 0);
    };
    set.for_each([&](Slot slot) {
        scorer.prefetch(slot);
        next[waiting++] = slot;
        if (waiting == kRows) turn();
    });
    turn();
    turn();
}

}  // namespace

std::vector<Candidate> scan_set(Scorer& scorer, const SlotSet& set, std::size_t k, const TieBreak& ties) {
    TopK best(std::min(k, set.count()), ties);
    float bound = best.bound();
    score_set(scorer, set, [&](Slot slot, float distance) {
        if (!(distance <= bound)) return;
        best.offer({distance, slot});
        bound = best.bound();
    });
    return best.take();
}

std::vector<Candidate> scan_set_radius(Scorer& scorer, const SlotSet& set, float radius, const TieBreak& ties) {
    std::vector<Candidate> found;
    score_set(scorer, set, [&](Slot slot, float distance) {
        if (distance <= radius) found.push_back({distance, slot});
    });
    std::sort(found.begin(), found.end(),
              [&](const Candidate& left, const Candidate& right) { return ties.nearer(left, right); });
    return found;
}

}  // namespace lanner
