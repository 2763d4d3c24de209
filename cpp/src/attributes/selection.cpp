#include "attributes/selection.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace lanner {
namespace {

// Below this share of the slots a list takes less memory than a bitmap.
constexpr std::size_t kSlotsPerListed = 32;
// A list that is longer is sorted by way of a bitmap.
constexpr std::size_t kSlotsPerSorted = 1024;

bool bit(std::span<const std::uint64_t> words, Slot slot) noexcept {
    return slot / 64 < words.size() && (words[slot / 64] >> (slot % 64) & 1U) != 0;
}

}  // namespace

Selection::Selection(std::size_t slots, std::size_t expected)
    : slots_(slots), is_list_(expected <= slots / kSlotsPerListed) {
    if (is_list_) {
        list_.reserve(expected);
    } else {
        words_.resize(SlotSet::word_count(slots));
    }
}

Selection Selection::of_words(std::span<const std::uint64_t> words, std::size_t slots) {
    Selection all(slots, slots);
    if (all.is_list_) return all;  // no slot at all
    std::copy_n(words.begin(), std::min(words.size(), all.words_.size()), all.words_.begin());
    if (slots % 64 != 0) all.words_.back() &= (std::uint64_t{1} << (slots % 64)) - 1;
    return all;
}

void Selection::add_words(std::span<const std::uint64_t> words, std::size_t first_word) {
    const std::size_t count = std::min(words.size(), words_.size() - std::min(words_.size(), first_word));
    for (std::size_t at = 0; at < count; ++at) words_[first_word + at] |= words[at];
}

void Selection::finish() {
    if (!is_list_ || std::is_sorted(list_.begin(), list_.end(), std::less_equal<>())) return;
    if (list_.size() <= slots_ / kSlotsPerSorted) {
        std::sort(list_.begin(), list_.end());
        list_.erase(std::unique(list_.begin(), list_.end()), list_.end());
        return;
    }
    become_words();
    become_list();
}

void Selection::become_list() {
    list_.clear();
    for (std::size_t at = 0; at < words_.size(); ++at) {
        for (std::uint64_t bits = words_[at]; bits != 0; bits &= bits - 1)
            list_.push_back(static_cast<Slot>(at * 64 + static_cast<std::size_t>(std::countr_zero(bits))));
    }
    words_.clear();
    is_list_ = true;
}

void Selection::become_words() {
    if (!is_list_) return;
    words_.assign(SlotSet::word_count(slots_), 0);
    is_list_ = false;
    for (const Slot slot : list_) add(slot);
    list_.clear();
}

void Selection::intersect(std::span<const std::uint64_t> words) {
    if (is_list_) {
        keep_if([&](Slot slot) { return bit(words, slot); });
        return;
    }
    const std::size_t common = std::min(words.size(), words_.size());
    for (std::size_t at = 0; at < common; ++at) words_[at] &= words[at];
    std::fill(words_.begin() + static_cast<std::ptrdiff_t>(common), words_.end(), 0);
}

void Selection::intersect(const Selection& other) {
    if (!other.is_list_) {
        intersect(std::span<const std::uint64_t>(other.words_));
    } else if (is_list_) {
        std::vector<Slot> both;
        std::set_intersection(list_.begin(), list_.end(), other.list_.begin(), other.list_.end(),
                              std::back_inserter(both));
        list_ = std::move(both);
    } else {
        for (const Slot slot : other.list_) {
            if (has(slot)) list_.push_back(slot);
        }
        words_.clear();
        is_list_ = true;
    }
}

void Selection::unite(Selection&& other) {
    if (is_list_ && other.is_list_ && list_.size() + other.list_.size() <= slots_ / kSlotsPerListed) {
        std::vector<Slot> either;
        either.reserve(list_.size() + other.list_.size());
        std::set_union(list_.begin(), list_.end(), other.list_.begin(), other.list_.end(), std::back_inserter(either));
        list_ = std::move(either);
        return;
    }
    if (is_list_ && !other.is_list_) std::swap(*this, other);
    become_words();
    if (other.is_list_) {
        for (const Slot slot : other.list_) add(slot);
    } else {
        add_words(other.words_, 0);
    }
}

void Selection::subtract(const Selection& other) {
    if (is_list_ && other.is_list_) {
        std::vector<Slot> rest;
        std::set_difference(list_.begin(), list_.end(), other.list_.begin(), other.list_.end(),
                            std::back_inserter(rest));
        list_ = std::move(rest);
    } else if (is_list_) {
        keep_if([&](Slot slot) { return !other.has(slot); });
    } else if (other.is_list_) {
        for (const Slot slot : other.list_) words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    } else {
        for (std::size_t at = 0; at < words_.size(); ++at) words_[at] &= ~other.words_[at];
    }
}

void Selection::complement(std::span<const std::uint64_t> words) {
    Selection rest = of_words(words, slots_);
    rest.subtract(*this);
    *this = std::move(rest);
}

SlotSet Selection::take(std::size_t slots) && {
    if (is_list_) {
        list_.erase(std::lower_bound(list_.begin(), list_.end(), slots), list_.end());
        return {std::move(list_), slots};
    }
    if (slots < slots_) {
        words_.resize(SlotSet::word_count(slots));
        if (slots % 64 != 0) words_.back() &= (std::uint64_t{1} << (slots % 64)) - 1;
    }
    SlotSet set(std::move(words_), slots);
    if (set.count() > slots / kSlotsPerListed) return set;
    std::vector<Slot> list;
    list.reserve(set.count());
    set.for_each([&](Slot slot) { list.push_back(slot); });
    return {std::move(list), slots};
}

}  // namespace lanner
