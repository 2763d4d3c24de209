// The bounded list of nearest candidates that a graph search works through: one sorted array in place of two heaps.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#include "base/slot.hpp"
#include "base/top_k.hpp"

namespace lanner {

class Beam {
  public:
    void reset(std::size_t width) {
        width_ = width;
        if (entries_.size() < width + 1) entries_.resize(width + 1);
        size_ = 0;
        next_ = 0;
        worst_ = std::numeric_limits<float>::infinity();
    }

    std::size_t size() const noexcept { return size_; }

    // Keeps the candidate if it is among the `width` nearest seen. NaN (a damaged file) is never kept.
    void offer(float distance, Slot slot) noexcept {
        if (!(distance < worst_) && (size_ == width_ || distance != distance)) return;
        // The few candidates that survive land near the end as often as near the front: a binary search, then one move.
        std::size_t low = 0;
        std::size_t length = size_;
        while (length > 0) {
            const std::size_t half = length / 2;
            const bool right = entries_[low + half].distance <= distance;
            low += right ? length - half : 0;
            length = half;
        }
        Candidate* const at = entries_.data() + low;
        std::memmove(at + 1, at, (size_ - low) * sizeof(Candidate));
        *at = {distance, slot};
        if (size_ < width_) ++size_;
        if (size_ == width_) worst_ = entries_[size_ - 1].distance;
        if (low < next_) next_ = low;
    }

    // The nearest candidate not expanded yet, marked as expanded; kNoSlot when there is none.
    Slot pop() noexcept {
        while (next_ < size_ && (entries_[next_].slot & kExpanded) != 0) ++next_;
        if (next_ == size_) return kNoSlot;
        const Slot slot = entries_[next_].slot;
        entries_[next_].slot |= kExpanded;
        ++next_;
        return slot;
    }

    Candidate operator[](std::size_t place) const noexcept {
        return {entries_[place].distance, entries_[place].slot & ~kExpanded};
    }

    // Copies all candidates, nearest first, equal distances by slot.
    void copy_to(std::vector<Candidate>& out) const {
        out.resize(size_);
        for (std::size_t i = 0; i < size_; ++i) out[i] = (*this)[i];
        std::sort(out.begin(), out.end(), nearer);
    }

  private:
    static constexpr Slot kExpanded = 0x80000000U;

    std::vector<Candidate> entries_;  // one more than the width, for the one that falls off
    std::size_t width_ = 0;
    std::size_t size_ = 0;
    std::size_t next_ = 0;
    float worst_ = 0;
};

}  // namespace lanner
