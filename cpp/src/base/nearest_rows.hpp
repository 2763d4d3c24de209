// The k nearest rows of a stream, ties by row: what TopK does for any order of ties, in a heap of single numbers.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/top_k.hpp"

namespace lanner {

class NearestRows {
  public:
    explicit NearestRows(std::size_t k) : k_(k) {}

    std::size_t k() const noexcept { return k_; }
    // No row farther than this can enter.
    float bound() const noexcept { return bound_; }

    // NaN is never kept.
    void offer(float distance, Slot row) {
        if (!(distance <= bound_)) return;
        const std::uint64_t key = key_of(distance, row);
        if (heap_.size() < k_) {
            heap_.push_back(key);
            std::push_heap(heap_.begin(), heap_.end());
            if (heap_.size() < k_) return;
        } else {
            if (k_ == 0 || key >= heap_.front()) return;
            replace_greatest(key);
        }
        bound_ = distance_of(heap_.front());
    }

    // Nearest first; empties the collection.
    std::vector<Candidate> take() {
        std::sort(heap_.begin(), heap_.end());
        std::vector<Candidate> rows;
        rows.reserve(heap_.size());
        for (const std::uint64_t key : heap_) rows.push_back({distance_of(key), static_cast<Slot>(key)});
        heap_.clear();
        bound_ = std::numeric_limits<float>::infinity();
        return rows;
    }

  private:
    static constexpr std::uint32_t kSign = 0x80000000U;

    // Numbers that order as (distance, row) do: the bits of a float do but for the sign.
    static std::uint64_t key_of(float distance, Slot row) noexcept {
        const auto bits = std::bit_cast<std::uint32_t>(distance + 0.0F);  // no negative zero
        return std::uint64_t{(bits & kSign) != 0 ? ~bits : bits | kSign} << 32 | row;
    }
    static float distance_of(std::uint64_t key) noexcept {
        const auto bits = static_cast<std::uint32_t>(key >> 32);
        return std::bit_cast<float>((bits & kSign) != 0 ? bits ^ kSign : ~bits);
    }

    void replace_greatest(std::uint64_t key) noexcept {
        std::size_t hole = 0;
        for (std::size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
            if (child + 1 < heap_.size()) child += heap_[child + 1] > heap_[child] ? 1 : 0;
            if (heap_[child] <= key) break;
            heap_[hole] = heap_[child];
            hole = child;
        }
        heap_[hole] = key;
    }

    std::size_t k_;
    std::vector<std::uint64_t> heap_;
    float bound_ = std::numeric_limits<float>::infinity();
};

}  // namespace lanner
