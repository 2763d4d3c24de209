#include "search/filtered_scan.hpp"

#include <algorithm>
#include <limits>

#include "search/glance.hpp"

namespace lanner {
namespace {

// Slots that are scored at a time; at least a word of a bitmap.
constexpr std::size_t kTile = 1024;
// Of so many parts of what is kept, all are looked at closely instead.
constexpr std::size_t kFew = 4;
// True distances that are had at once, at least.
constexpr std::size_t kBatch = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The least of a stream of candidates.
class Nearest {
  public:
    Nearest(std::size_t keep, std::vector<Candidate>& found) : keep_(keep), found_(found) {
        found_.resize(2 * keep_ + kGlance);
    }

    // Blocks without a near one are passed over; of others each is written down, and overwritten unless it is near, so
    // that there is no branch to guess at.
    void take(const Slot* slots, const float* distances, std::size_t count) {
        for (std::size_t first = 0; first < count; first += kGlance) {
            const std::size_t block = std::min(kGlance, count - first);
            if (block == kGlance && !any_within(distances + first, limit_)) continue;
            for (std::size_t i = first; i < first + block; ++i) {
                found_[filled_] = {distances[i], slots[i]};
                filled_ += distances[i] <= limit_ ? 1 : 0;
            }
            if (filled_ >= 2 * keep_) tighten();
        }
    }

    void finish() {
        tighten();
        found_.resize(filled_);
    }

  private:
    void tighten() {
        if (filled_ <= keep_) return;
        const auto last = found_.begin() + static_cast<std::ptrdiff_t>(keep_);
        std::nth_element(found_.begin(), last - 1, found_.begin() + static_cast<std::ptrdiff_t>(filled_), nearer);
        limit_ = (last - 1)->distance;
        filled_ = keep_;
    }

    std::size_t keep_;
    std::vector<Candidate>& found_;
    std::size_t filled_ = 0;
    float limit_ = kInfinity;
};

}  // namespace

void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   std::size_t keep, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    found.clear();
    if (keep == 0) return;
    if (matching.count() <= keep / kFew) {
        matching.for_each([&](Slot slot) { found.push_back({-kInfinity, slot}); });
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
    nearest.finish();
}

std::size_t narrow(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, float width,
                   std::size_t k, Scorer& scorer, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    std::vector<Candidate>& nearest = scratch.nearest;
    nearest.clear();
    for (Candidate& each : found) {
        if (each.distance != -kInfinity) each.distance -= width * sketches.error(queries, query, each.slot);
    }
    std::size_t looked_at = 0;
    while (!found.empty() && k > 0) {
        const std::size_t batch = std::min(found.size(), std::max(k, kBatch));
        const auto begin = found.end() - static_cast<std::ptrdiff_t>(batch);
        // The most promising go to the end, from where they are taken.
        std::nth_element(found.begin(), begin, found.end(),
                         [](const Candidate& left, const Candidate& right) { return nearer(right, left); });
        std::vector<Candidate>& taken = scratch.taken;
        taken.assign(begin, found.end());
        found.erase(begin, found.end());
        rerank(taken, batch, scorer, scratch.rerank);
        looked_at += batch;
        const std::size_t before = nearest.size();
        nearest.insert(nearest.end(), taken.begin(), taken.end());
        std::inplace_merge(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(before), nearest.end(),
                           nearer);
        if (nearest.size() < k) continue;
        nearest.resize(k);
        const float bound = nearest.back().distance;
        std::erase_if(found, [&](const Candidate& each) { return each.distance > bound; });
    }
    found.swap(nearest);
    return looked_at;
}

}  // namespace lanner
