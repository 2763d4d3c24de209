// A bit a slot, in words; the slots a column has values for, or live ones.
// Threads: reading is free; changes exclude every other call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

class Bitmap {
  public:
    void grow(std::size_t slots) {
        if (words_.size() * 64 < slots) words_.resize((slots + 63) / 64);
    }
    bool test(Slot slot) const noexcept {
        return slot / 64 < words_.size() && (words_[slot / 64] >> (slot % 64) & 1U) != 0;
    }
    void assign(Slot slot, bool value) noexcept {
        if (test(slot) == value) return;
        words_[slot / 64] ^= std::uint64_t{1} << (slot % 64);
        if (value) {
            ++count_;
        } else {
            --count_;
        }
    }
    std::size_t count() const noexcept { return count_; }
    // As many as grow() made; slots beyond are clear.
    std::span<const std::uint64_t> words() const noexcept { return words_; }
    std::size_t memory_bytes() const noexcept { return words_.capacity() * sizeof(std::uint64_t); }

  private:
    std::vector<std::uint64_t> words_;
    std::size_t count_ = 0;
};

}  // namespace lanner
