// A set of slots while a filter is worked out: a sorted list, or a bitmap from about one slot in 32 on.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/slot.hpp"
#include "base/slot_set.hpp"

namespace lanner {

class Selection {
  public:
    // None of `slots` slots; `expected` more or fewer are going to be added.
    Selection(std::size_t slots, std::size_t expected);
    // The bits of `words` below `slots`; words may end early.
    static Selection of_words(std::span<const std::uint64_t> words, std::size_t slots);

    bool is_list() const noexcept { return is_list_; }
    std::size_t slots() const noexcept { return slots_; }
    const std::vector<Slot>& list() const noexcept { return list_; }
    std::span<std::uint64_t> words() noexcept { return words_; }

    // In any order; finish() when all were added.
    void add(Slot slot) {
        if (is_list_) {
            list_.push_back(slot);
        } else {
            words_[slot / 64] |= std::uint64_t{1} << (slot % 64);
        }
    }
    // Of a bitmap.
    void drop(Slot slot) noexcept { words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
    void add_words(std::span<const std::uint64_t> words, std::size_t first_word);
    void finish();

    void intersect(const Selection& other);
    void intersect(std::span<const std::uint64_t> words);
    void unite(Selection&& other);
    void subtract(const Selection& other);
    // What is in `words` and not in this.
    void complement(std::span<const std::uint64_t> words);
    // Keeps the slots that satisfy `test`; for lists.
    template <typename Test>
    void keep_if(const Test& test) {
        std::erase_if(list_, [&](Slot slot) { return !test(slot); });
    }

    // Those below `slots`.
    SlotSet take(std::size_t slots) &&;

  private:
    bool has(Slot slot) const noexcept { return (words_[slot / 64] >> (slot % 64) & 1U) != 0; }
    void become_words();
    void become_list();

    std::size_t slots_;
    bool is_list_;
    std::vector<Slot> list_;
    std::vector<std::uint64_t> words_;
};

}  // namespace lanner
