#include "search/contenders.hpp"

#include <algorithm>
#include <bit>

namespace lanner {
namespace {

// Slots that are scored before the limit is seen to again.
constexpr std::size_t kTile = 8 * kSketchRows;
// The k-th true distance is taken to be at most the k-th least estimate, each so many standard deviations up.
constexpr float kUpperWidth = 1.0F;

}  // namespace

Contenders::Contenders(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query,
                       const ScanReach& reach, FilteredScanScratch& scratch, std::vector<Candidate>& found)
    : sketches_(sketches), queries_(queries), query_(query), reach_(reach), scratch_(scratch), found_(found) {
    scratch_.values.resize(kTile);
    scratch_.masks.resize(kTile / kSketchRows);
    scratch_.uppers.clear();
    found_.clear();
}

void Contenders::scan(std::span<const Slot> slots) {
    std::span<const Slot> coming = slots.subspan(std::min(kTile, slots.size()));
    while (!slots.empty()) {
        const std::span<const Slot> next = coming.first(std::min(kTile, coming.size()));
        sketches_.prefetch(next);
        coming = coming.subspan(next.size());
        const std::size_t count =
            sketches_.lower_bounds(queries_, query_, reach_.width, limit_, slots, std::min(kTile, slots.size()),
                                   scratch_.values.data(), scratch_.masks.data());
        for (std::size_t first = 0; first < count; first += kSketchRows) {
            for (std::uint32_t mask = scratch_.masks[first / kSketchRows]; mask != 0; mask &= mask - 1) {
                const std::size_t at = first + static_cast<std::size_t>(std::countr_zero(mask));
                offer({scratch_.values[at], slots[at]});
            }
        }
        slots = slots.subspan(count);
    }
}

void Contenders::finish() {
    std::erase_if(found_, [this](const Candidate& each) { return each.distance > limit_; });
}

void Contenders::offer(const Candidate& lower) {
    if (lower.distance > limit_) return;
    found_.push_back(lower);
    std::vector<float>& uppers = scratch_.uppers;
    const float upper = lower.distance + (reach_.width + kUpperWidth) * sketches_.error(queries_, query_, lower.slot);
    if (uppers.size() == reach_.k) {
        if (!(upper < uppers.front())) return;
        std::pop_heap(uppers.begin(), uppers.end());
        uppers.back() = upper;
    } else {
        uppers.push_back(upper);
    }
    std::push_heap(uppers.begin(), uppers.end());
    if (uppers.size() == reach_.k) limit_ = uppers.front();
}

}  // namespace lanner
