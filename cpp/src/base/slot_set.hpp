// Slots that satisfy a condition: a sorted list where they are few, a bitmap otherwise. How many is always known.
// Threads: constant once made.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

// std::popcount() is a call and table look-ups where the baseline of the architecture has no instruction for it.
constexpr std::size_t count_bits(std::uint64_t word) noexcept {
    word -= word >> 1 & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return static_cast<std::size_t>(word * 0x0101010101010101U >> 56);
}

// Slots of a bitmap are written by eights, so that how many a word has is seldom guessed wrong.
inline constexpr std::size_t kSlotsWritten = 8;

// Writes a word's slots and up to kSlotsWritten - 1 others behind them. Returns the end of the word's.
inline Slot* write_slots(std::uint64_t word, Slot first, Slot* out) noexcept {
    constexpr std::uint64_t kNeverZero = std::uint64_t{1} << 63;
    Slot* const end = out + count_bits(word);
    for (; out < end; out += kSlotsWritten) {
        for (std::size_t i = 0; i < kSlotsWritten; ++i, word &= word - 1)
            out[i] = first + static_cast<Slot>(std::countr_zero(word | kNeverZero));
    }
    return end;
}

class SlotSet {
  public:
    // None of `slots` slots.
    explicit SlotSet(std::size_t slots = 0) : slots_(slots) {}
    // `sorted` is ascending, without repeats, and below `slots`.
    SlotSet(std::vector<Slot> sorted, std::size_t slots)
        : slots_(slots), count_(sorted.size()), list_(std::move(sorted)) {}
    // A bit a slot, the lowest of words[0] for slot 0; no bit is set from `slots` on.
    SlotSet(std::vector<std::uint64_t> words, std::size_t slots) : slots_(slots), words_(std::move(words)) {
        for (const std::uint64_t word : words_) count_ += count_bits(word);
    }

    static std::size_t word_count(std::size_t slots) noexcept { return (slots + 63) / 64; }

    std::size_t count() const noexcept { return count_; }
    std::size_t slots() const noexcept { return slots_; }
    bool is_list() const noexcept { return words_.empty(); }
    // One of the two, the other empty.
    std::span<const Slot> list() const noexcept { return list_; }
    std::span<const std::uint64_t> words() const noexcept { return words_; }

    std::size_t memory_bytes() const noexcept {
        return list_.capacity() * sizeof(Slot) + words_.capacity() * sizeof(std::uint64_t);
    }

    // Calls take(slot) for every slot, ascending.
    template <typename Take>
    void for_each(const Take& take) const {
        for (const Slot slot : list_) take(slot);
        for (std::size_t at = 0; at < words_.size(); ++at) {
            for (std::uint64_t word = words_[at]; word != 0; word &= word - 1)
                take(static_cast<Slot>(at * 64 + static_cast<std::size_t>(std::countr_zero(word))));
        }
    }

  private:
    std::size_t slots_;
    std::size_t count_ = 0;
    std::vector<Slot> list_;
    std::vector<std::uint64_t> words_;
};

}  // namespace lanner
