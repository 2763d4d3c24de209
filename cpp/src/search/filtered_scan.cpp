#include "search/filtered_scan.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace lanner {
namespace {

// Slots that are scored before the limit is seen to again.
constexpr std::size_t kTile = 8 * kSketchRows;
// Slots of a bitmap that are written down at a time.
constexpr std::size_t kListed = 2048;
// Of so many parts of what is kept, all are looked at closely instead.
constexpr std::size_t kFew = 4;
// True distances that are had at once, at least.
constexpr std::size_t kBatch = 32;
// The k-th true distance is taken to be at most the k-th least estimate, each so many standard deviations up.
constexpr float kUpperWidth = 1.0F;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Slots are written by eights, so that how many a word has is seldom guessed wrong.
constexpr std::size_t kWritten = 8;

// Writes a word's slots and up to kWritten - 1 others behind them. Returns the end of the word's.
Slot* write_slots(std::uint64_t word, Slot first, Slot* out) noexcept {
    constexpr std::uint64_t kNeverZero = std::uint64_t{1} << 63;
    Slot* const end = out + std::popcount(word);
    for (; out < end; out += kWritten) {
        for (std::size_t i = 0; i < kWritten; ++i, word &= word - 1)
            out[i] = first + static_cast<Slot>(std::countr_zero(word | kNeverZero));
    }
    return end;
}

// Those of a stream of slots that may be among the k nearest: each has a lower bound of its distance and an upper one, and the k-th least
// upper bound is a limit to all lower bounds.
class Contenders {
  public:
    Contenders(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const ScanReach& reach,
               FilteredScanScratch& scratch, std::vector<Candidate>& found)
        : sketches_(sketches), queries_(queries), query_(query), reach_(reach), scratch_(scratch), found_(found) {
        scratch_.values.resize(kTile);
        scratch_.masks.resize(kTile / kSketchRows);
        scratch_.uppers.clear();
    }

    void scan(std::span<const Slot> slots) {
        while (!slots.empty()) {
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

    void finish() {
        std::erase_if(found_, [this](const Candidate& each) { return each.distance > limit_; });
        if (found_.size() <= reach_.keep) return;
        std::nth_element(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(reach_.keep - 1), found_.end(),
                         nearer);
        found_.resize(reach_.keep);
    }

  private:
    void offer(const Candidate& lower) {
        if (lower.distance > limit_) return;
        found_.push_back(lower);
        std::vector<float>& uppers = scratch_.uppers;
        const float upper =
            lower.distance + (reach_.width + kUpperWidth) * sketches_.error(queries_, query_, lower.slot);
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

    const SketchCodec& sketches_;
    const QueryBlock& queries_;
    std::size_t query_;
    ScanReach reach_;
    FilteredScanScratch& scratch_;
    std::vector<Candidate>& found_;
    float limit_ = kInfinity;
};

}  // namespace

void filtered_scan(const SketchCodec& sketches, const QueryBlock& queries, std::size_t query, const SlotSet& matching,
                   const ScanReach& reach, FilteredScanScratch& scratch, std::vector<Candidate>& found) {
    found.clear();
    if (reach.k == 0 || reach.keep == 0) return;
    if (matching.count() <= reach.keep / kFew) {
        matching.for_each([&](Slot slot) { found.push_back({-kInfinity, slot}); });
        return;
    }
    Contenders contenders(sketches, queries, query, reach, scratch, found);
    contenders.scan(matching.list());
    scratch.slots.resize(kListed + kWritten);
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
