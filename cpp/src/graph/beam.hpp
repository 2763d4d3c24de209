// The bounded list of nearest candidates that a graph search works through: one sorted array in place of two heaps.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
        if (slots_.size() < width + 1) {
            distances_.resize(width + 1);
            slots_.resize(width + 1);
        }
        size_ = 0;
        next_ = 0;
        worst_ = std::numeric_limits<float>::infinity();
    }

    std::size_t size() const noexcept { return size_; }
    bool full() const noexcept { return size_ == width_; }
    // Of a full beam: only what is nearer than this is kept.
    float worst() const noexcept { return worst_; }

    // Keeps the candidate if it is among the `width` nearest seen. NaN (a damaged file) is never kept. Returns how many
    // candidates are to be expanded before it at least; the width, if it is not kept.
    std::size_t offer(float distance, Slot slot) noexcept {
        if (!(distance < worst_) && (size_ == width_ || distance != distance)) return width_;
        const std::size_t place = count_up_to(distance);
        const std::size_t moved = size_ - place;
        std::memmove(distances_.data() + place + 1, distances_.data() + place, moved * sizeof(float));
        std::memmove(slots_.data() + place + 1, slots_.data() + place, moved * sizeof(Slot));
        distances_[place] = distance;
        slots_[place] = slot;
        if (size_ < width_) ++size_;
        if (size_ == width_) worst_ = distances_[size_ - 1];
        if (place >= next_) return place - next_;
        next_ = place;
        return 0;
    }

    // The nearest candidate not expanded yet, marked as expanded; kNoSlot when there is none.
    Slot pop() noexcept {
        while (next_ < size_ && (slots_[next_] & kExpanded) != 0) ++next_;
        if (next_ == size_) return kNoSlot;
        const Slot slot = slots_[next_];
        slots_[next_] |= kExpanded;
        ++next_;
        return slot;
    }

    // Calls take(slot) for up to `count` candidates that come next.
    template <typename Take>
    void peek(std::size_t count, const Take& take) const {
        for (std::size_t at = next_; at < size_ && count > 0; ++at) {
            if ((slots_[at] & kExpanded) != 0) continue;
            take(slots_[at]);
            --count;
        }
    }

    Candidate operator[](std::size_t place) const noexcept { return {distances_[place], slots_[place] & ~kExpanded}; }

    // Copies all candidates, nearest first, equal distances by slot.
    void copy_to(std::vector<Candidate>& out) const {
        out.resize(size_);
        for (std::size_t i = 0; i < size_; ++i) out[i] = (*this)[i];
        std::sort(out.begin(), out.end(), nearer);
    }

  private:
    static constexpr Slot kExpanded = 0x80000000U;
    static constexpr std::size_t kCounted = 64;

    // Candidates no farther than this: halved down to a few without a branch that depends on data, and those counted.
    std::size_t count_up_to(float distance) const noexcept {
        std::size_t low = 0;
        std::size_t length = size_;
        while (length > kCounted) {
            const std::size_t half = length / 2;
            const std::size_t right = distances_[low + half - 1] <= distance ? ~std::size_t{0} : 0;
            low += half & right;
            length -= half;
        }
        std::uint32_t near = 0;
        for (std::size_t i = low; i < low + length; ++i) near += distances_[i] <= distance ? 1 : 0;
        return low + near;
    }

    // One place more than the width, for the one that falls off.
    std::vector<float> distances_;
    std::vector<Slot> slots_;
    std::size_t width_ = 0;
    std::size_t size_ = 0;
    std::size_t next_ = 0;
    float worst_ = 0;
};

}  // namespace lanner
