#include "search/filtered_scan.hpp"

#include <algorithm>
#include <limits>

#include "search/glance.hpp"

namespace lanner {
namespace {

// Slots that are scored at a time; at least a word of a bitmap.
constexpr std::size_t kTile = 1024;
// Up to so many times what is kept, all are looked at closely instead.
constexpr std::size_t kAllOf = 3;

// The least of a stream of candidates.
class Nearest {
  public:
    Nearest(std::size_t keep, std::vector<Candidate>& found) : keep_(keep), found_(found) { found_.clear(); }

    void take(const Slot* slots, const float* distances, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            if (i % kGlance == 0) {
                while (i + kGlance <= count && !any_within(distances + i, limit_)) i += kGlance;
                if (i == count) break;
            }
            if (!(distances[i] <= limit_)) continue;
            found_.push_back({distances[i], slots[i]});
            if (found_.size() >= 2 * keep_ + kGlance) tighten();
        }
    }

    void tighten() {
        if (found_.size() <= keep_) return;
        const auto last = found_.begin() + static_cast<std::ptrdiff_t>(keep_);
        std::nth_element(found_.begin(), last - 1, found_.end(), nearer);
        limit_ = (last - 1)->distance;
        found_.erase(last, found_.end());
    }

  private:
    std::size_t keep_;
    std::vector<Candidate>& found_;
    float limit_ = std::numeric_limits<float>::infinity();
};

}  // namespace

void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   std::size_t keep, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    if (keep == 0 || matching.count() <= kAllOf * keep) {
        found.clear();
        if (keep > 0) matching.for_each([&](Slot slot) { found.push_back({0, slot}); });
        return;
    }
    scratch.distances.resize(kTile);
    Nearest nearest(keep, found);
    const auto score = [&](const Slot* slots, std::size_t count) {
        sketches.score(queries, query, slots, count, scratch.distances.data());
        nearest.take(slots, scratch.distances.data(), count);
    };
    const std::span<const Slot> list = matching.list();
    for (std::size_t first = 0; first < list.size(); first += kTile)
        score(list.data() + first, std::min(kTile, list.size() - first));
    scratch.slots.resize(kTile);
    std::size_t filled = 0;
    const std::span<const std::uint64_t> words = matching.words();
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (filled + 64 > kTile) {
            score(scratch.slots.data(), filled);
            filled = 0;
        }
        for (std::uint64_t word = words[at]; word != 0; word &= word - 1)
            scratch.slots[filled++] = static_cast<Slot>(at * 64 + static_cast<std::size_t>(std::countr_zero(word)));
    }
    if (filled > 0) score(scratch.slots.data(), filled);
    nearest.tighten();
}

std::size_t filtered_scan_keep(std::size_t k, std::size_t dim, std::size_t matches) noexcept {
    static_cast<void>(dim);
    static_cast<void>(matches);
    return 10 * k;
}

}  // namespace lanner
