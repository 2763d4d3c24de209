// Rows of which an interval of the distance is known, as long as they may be among the k nearest: a row is dropped once k
// others are known to lie nearer. What is left at the end holds the k nearest, whatever the intervals.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

class Shortlist {
  public:
    explicit Shortlist(std::size_t k) : k_(k), room_(k + slack()) {}

    // A row whose interval begins beyond this need not be offered.
    float limit() const noexcept { return limit_; }

    // Neither end is NaN.
    void offer(float low, float high, Slot row) {
        entries_.push_back({low, high, row});
        if (entries_.size() >= room_) tighten();
    }

    void tighten() {
        if (entries_.size() >= k_ && k_ > 0) {
            limit_ = std::min(limit_, enough());
            std::size_t kept = 0;
            for (const Entry& each : entries_) {
                entries_[kept] = each;
                kept += each.low <= limit_ ? 1 : 0;
            }
            entries_.resize(kept);
        }
        room_ = entries_.size() + slack();
    }

    template <typename Take>
    void for_each(const Take& take) const {
        for (const Entry& each : entries_) take(each.row);
    }

  private:
    struct Entry {
        float low, high;
        Slot row;
    };
    static constexpr std::size_t kBins = 256;

    // New entries between two looks at the limit.
    std::size_t slack() const noexcept { return std::max<std::size_t>(k_, 32); }

    // A number that at least k intervals end at or before, and not many more: counted by bins, which no branch of it has
    // to guess at, where sorting would.
    float enough() const noexcept {
        float least = entries_.front().high;
        float most = least;
        for (const Entry& each : entries_) {
            least = each.high < least ? each.high : least;
            most = each.high > most ? each.high : most;
        }
        const float scale = static_cast<float>(kBins - 1) / (most - least);
        if (!(scale > 0) || !(scale < std::numeric_limits<float>::max())) return most;
        const auto bin_of = [=](const Entry& each) { return static_cast<std::size_t>((each.high - least) * scale); };
        std::array<std::uint32_t, kBins> counts{};
        for (const Entry& each : entries_) ++counts[std::min(bin_of(each), kBins - 1)];
        std::size_t bin = 0;
        for (std::size_t seen = counts[0]; seen < k_; seen += counts[bin]) ++bin;
        float last = least;
        for (const Entry& each : entries_) {
            const bool inside = std::min(bin_of(each), kBins - 1) <= bin;
            last = inside && each.high > last ? each.high : last;
        }
        return last;
    }

    std::size_t k_;
    std::size_t room_;
    float limit_ = std::numeric_limits<float>::infinity();
    std::vector<Entry> entries_;
};

}  // namespace lanner
