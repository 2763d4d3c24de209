// Rows of which an interval of the distance is known, as long as they may be among the k nearest: a row is dropped once k
// others are known to lie nearer. What is left at the end holds the k nearest, whatever the intervals.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

class Shortlist {
  public:
    explicit Shortlist(std::size_t k) : k_(k) { entries_.reserve(room_ = k + slack()); }

    // A row whose interval begins beyond this need not be offered.
    float limit() const noexcept { return limit_; }

    void offer(float low, float high, Slot row) {
        entries_.push_back({low, high, row});
        if (entries_.size() >= room_) tighten();
    }

    void tighten() {
        if (entries_.size() >= k_ && k_ > 0) {
            highs_.clear();
            for (const Entry& each : entries_) highs_.push_back(each.high);
            const auto kth = highs_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
            std::nth_element(highs_.begin(), kth, highs_.end());
            limit_ = std::min(limit_, *kth);
            std::erase_if(entries_, [this](const Entry& each) { return each.low > limit_; });
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
    // New entries between two looks at the limit.
    std::size_t slack() const noexcept { return std::max<std::size_t>(3 * k_, 64); }

    std::size_t k_;
    std::size_t room_;
    float limit_ = std::numeric_limits<float>::infinity();
    std::vector<Entry> entries_;
    std::vector<float> highs_;
};

}  // namespace lanner
