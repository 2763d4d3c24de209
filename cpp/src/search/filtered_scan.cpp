#include "search/filtered_scan.hpp"

#include <algorithm>
#include <limits>

#include "search/contenders.hpp"

namespace lanner {
namespace {

// Slots of a bitmap that are written down at a time.
constexpr std::size_t kListed = 2048;
// So many, and so many more for each hit, are looked at closely without a look at their sketches.
constexpr std::size_t kFew = 50;
constexpr std::size_t kFewPerHit = 5;
// True distances that are had at once, at least.
constexpr std::size_t kBatch = 32;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   const ScanReach& reach, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    found.clear();
    if (reach.k == 0) return;
    if (matching.count() <= kFew + kFewPerHit * reach.k) {
        matching.for_each([&](Slot slot) { found.push_back({-kInfinity, slot}); });
        return;
    }
    Contenders contenders(sketches, queries, query, reach, scratch, found);
    contenders.scan(matching.list());
    scratch.slots.resize(kListed + kSlotsWritten);
    Slot* const slots = scratch.slots.data();
    Slot* end = slots;
    const std::span<const std::uint64_t> words = matching.words();
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (end + 64 > slots + kListed) {
            contenders.scan({slots, end});
            end = slots;
        }
        end = write_slots(words[at], static_cast<Slot>(at * 64), end);
    }
    contenders.scan({slots, end});
    contenders.finish();
}

std::size_t narrow(std::size_t k, Scorer& scorer, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    std::vector<Candidate>& nearest = scratch.nearest;
    nearest.clear();
    scratch.beyond.clear();
    scratch.unseen.clear();
    std::size_t looked_at = 0;
    while (!found.empty() && k > 0) {
        // More and more, so that picking them takes no longer than looking at them where nearly all are wanted.
        const std::size_t batch = std::min(found.size(), std::max({k, kBatch, looked_at / 2}));
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
        const float bound = nearest[k - 1].distance;
        // Those are in order: what is beyond the bound is their end.
        const auto far = std::find_if(nearest.begin() + static_cast<std::ptrdiff_t>(k), nearest.end(),
                                      [bound](const Candidate& each) { return each.distance > bound; });
        scratch.beyond.insert(scratch.beyond.end(), far, nearest.end());
        nearest.erase(far, nearest.end());
        const auto passed_over = std::partition(found.begin(), found.end(),
                                                [bound](const Candidate& each) { return !(each.distance > bound); });
        scratch.unseen.insert(scratch.unseen.end(), passed_over, found.end());
        found.erase(passed_over, found.end());
    }
    found.swap(nearest);
    return looked_at;
}

std::span<const Candidate> beyond_within(float limit, Scorer& scorer, FilteredScanScratch& scratch) {
    const auto too_far = [limit](const Candidate& each) { return each.distance > limit; };
    std::erase_if(scratch.unseen, too_far);
    rerank(scratch.unseen, scratch.unseen.size(), scorer, scratch.rerank);
    std::vector<Candidate>& beyond = scratch.beyond;
    beyond.insert(beyond.end(), scratch.unseen.begin(), scratch.unseen.end());
    std::erase_if(beyond, too_far);
    std::sort(beyond.begin(), beyond.end(), nearer);
    return beyond;
}

}  // namespace lanner
