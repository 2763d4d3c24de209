// The slots of a number column in the order of their values, in blocks of at most 512: a B+-tree of two levels. A bitmap of all
// slots before it stands beside some 32 marks among the values, so that a range is the difference of two of them and the
// few entries between its ends and theirs. The values stay where they are, in the column.
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "attributes/selection.hpp"
#include "base/paged_rows.hpp"
#include "base/slot.hpp"

namespace lanner {

template <typename T>
class NumberOrder {
  public:
    struct Place {
        std::size_t block = 0;
        std::size_t offset = 0;
    };

    // Of entries in any order. `values` are those of all slots, and outlive it.
    NumberOrder(const PagedRows& values, std::vector<std::pair<T, Slot>> entries) : values_(&values) {
        std::sort(entries.begin(), entries.end());
        for (std::size_t first = 0; first < entries.size(); first += kFilled) {
            const std::size_t end = std::min(entries.size(), first + kFilled);
            Block block;
            block.reserve(kCapacity);
            for (std::size_t at = first; at < end; ++at) block.push_back(entries[at].second);
            blocks_.push_back(std::move(block));
            fences_.push_back(entries[first].first);
        }
        count_ = entries.size();
        changes_left_ = count_;
        if (count_ >= kLeastToMark) set_marks(entries);
    }

    // Whether so much has changed that the marks lie badly, or that there should be some.
    bool outdated() const noexcept { return changes_left_ == 0 && count_ >= kLeastToMark; }

    // A slot that has its value. Not to be used any more when it throws.
    void add(Slot slot) {
        const T value = value_of(slot);
        ++count_;
        if (changes_left_ > 0) --changes_left_;
        for (Mark& mark : marks_) {
            if (!(value < mark.value)) continue;
            if (mark.below.size() <= slot / 64) mark.below.resize(slot / 64 + 1);
            mark.below[slot / 64] |= std::uint64_t{1} << (slot % 64);
        }
        if (blocks_.empty()) {
            insert_block(0, Block{slot}, value);
            return;
        }
        Place place = place_for(value, slot);
        if (blocks_[place.block].size() == kCapacity) {
            split(place.block);
            place = place_for(value, slot);
        }
        Block& block = blocks_[place.block];
        block.reserve(kCapacity);
        block.insert(block.begin() + static_cast<std::ptrdiff_t>(place.offset), slot);
        fences_[place.block] = value_of(block.front());
    }

    // A slot that has the value still under which it was added.
    void remove(Slot slot) noexcept {
        const Place place = lower_bound(value_of(slot), slot);
        if (place.block == blocks_.size()) return;
        Block& block = blocks_[place.block];
        if (block[place.offset] != slot) return;
        block.erase(block.begin() + static_cast<std::ptrdiff_t>(place.offset));
        --count_;
        if (changes_left_ > 0) --changes_left_;
        for (Mark& mark : marks_) {
            if (slot / 64 < mark.below.size()) mark.below[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        }
        const auto at = static_cast<std::ptrdiff_t>(place.block);
        if (block.empty()) {
            blocks_.erase(blocks_.begin() + at);
            fences_.erase(fences_.begin() + at);
        } else {
            fences_[place.block] = value_of(block.front());
        }
    }

    std::size_t count() const noexcept { return count_; }

    // The first entry not before (value, slot), and the one behind all of this value.
    Place lower_bound(T value, Slot slot = 0) const noexcept {
        std::size_t at =
            static_cast<std::size_t>(std::lower_bound(fences_.begin(), fences_.end(), value) - fences_.begin());
        // Blocks that begin with the value itself are told apart by their slots.
        if (slot > 0) {
            const auto same = std::partition_point(
                blocks_.begin() + static_cast<std::ptrdiff_t>(at), blocks_.end(),
                [&](const Block& block) { return !(value < value_of(block.front())) && block.front() <= slot; });
            at = static_cast<std::size_t>(same - blocks_.begin());
        }
        if (at == 0) return {0, 0};
        const Block& block = blocks_[at - 1];
        const auto found = std::partition_point(block.begin(), block.end(), [&](Slot each) {
            const T own = value_of(each);
            return own < value || (!(value < own) && each < slot);
        });
        return normal(at - 1, static_cast<std::size_t>(found - block.begin()));
    }
    Place upper_bound(T value) const noexcept {
        const std::size_t at =
            static_cast<std::size_t>(std::upper_bound(fences_.begin(), fences_.end(), value) - fences_.begin());
        if (at == 0) return {0, 0};
        const Block& block = blocks_[at - 1];
        const auto found =
            std::partition_point(block.begin(), block.end(), [&](Slot each) { return !(value < value_of(each)); });
        return normal(at - 1, static_cast<std::size_t>(found - block.begin()));
    }
    Place end() const noexcept { return {blocks_.size(), 0}; }

    std::size_t count_between(Place from, Place to) const noexcept {
        if (from.block == to.block) return to.offset - from.offset;
        std::size_t count = blocks_[from.block].size() - from.offset + to.offset;
        for (std::size_t at = from.block + 1; at < to.block; ++at) count += blocks_[at].size();
        return count;
    }

    // The entries from `from` up to `to`, both the first of their values or the end; `all` has a bit for each entry. A selection
    // that has nothing else yet is `empty`.
    void collect(Place from, Place to, std::span<const std::uint64_t> all, bool empty, Selection& selection) const {
        if (marks_.empty() || selection.is_list()) return add(from, to, selection);
        // Marks are counted from 1, with the begin before and the end behind them.
        const std::size_t low = mark_at(from, !empty, true);
        const std::size_t high = mark_at(to, !empty, false);
        if (low >= high) return add(from, to, selection);
        const auto words = selection.words();
        const std::span<const std::uint64_t> above = high > marks_.size() ? all : std::span(marks_[high - 1].below);
        const std::span<const std::uint64_t> below =
            low == 0 ? std::span<const std::uint64_t>() : marks_[low - 1].below;
        const std::size_t size = std::min(words.size(), above.size());
        const std::size_t both = std::min(size, below.size());
        for (std::size_t i = 0; i < both; ++i) words[i] |= above[i] & ~below[i];
        for (std::size_t i = both; i < size; ++i) words[i] |= above[i];
        const Place first = place_of(low);
        const Place last = place_of(high);
        if (before(first, from)) {
            for_each(first, from, [&](Slot slot) { selection.drop(slot); });
        } else {
            add(from, first, selection);
        }
        if (before(to, last)) {
            for_each(to, last, [&](Slot slot) { selection.drop(slot); });
        } else {
            add(last, to, selection);
        }
    }

    std::size_t memory_bytes() const noexcept {
        std::size_t bytes =
            blocks_.capacity() * sizeof(Block) + fences_.capacity() * sizeof(T) + marks_.capacity() * sizeof(Mark);
        for (const Block& block : blocks_) bytes += block.capacity() * sizeof(Slot);
        for (const Mark& mark : marks_) bytes += mark.below.capacity() * sizeof(std::uint64_t);
        return bytes;
    }

  private:
    static constexpr std::size_t kCapacity = 512;
    static constexpr std::size_t kFilled = 448;  // of a new block, to leave room
    static constexpr std::size_t kMarks = 32;
    static constexpr std::size_t kLeastToMark = 8192;

    using Block = std::vector<Slot>;  // ascending among equal values

    struct Mark {
        T value;
        std::vector<std::uint64_t> below;  // a bit for each slot of a smaller value
    };

    T value_of(Slot slot) const noexcept { return *values_->as<T>(slot); }

    static bool before(Place left, Place right) noexcept {
        return left.block != right.block ? left.block < right.block : left.offset < right.offset;
    }

    template <typename Visit>
    void for_each(Place from, Place to, const Visit& visit) const {
        for (std::size_t at = from.block; at < blocks_.size() && at <= to.block; ++at) {
            const Block& block = blocks_[at];
            const std::size_t first = at == from.block ? from.offset : 0;
            const std::size_t last = at == to.block ? to.offset : block.size();
            for (std::size_t i = first; i < last; ++i) visit(block[i]);
        }
    }

    void add(Place from, Place to, Selection& selection) const {
        for_each(from, to, [&](Slot slot) { selection.add(slot); });
    }

    // As many entries between two marks, unless equal values are more; those have a mark behind them too.
    void set_marks(const std::vector<std::pair<T, Slot>>& entries) {
        const std::size_t step = entries.size() / kMarks;
        const auto less = [](const std::pair<T, Slot>& entry, T value) { return entry.first < value; };
        std::size_t filled = 0;  // entries that the bitmap has
        std::vector<std::uint64_t> bits;
        const auto set_mark = [&](std::size_t at) {
            if (at == 0 || at >= entries.size()) return;
            if (!marks_.empty() && !(marks_.back().value < entries[at].first)) return;
            for (; filled < at; ++filled) {
                const Slot slot = entries[filled].second;
                if (bits.size() <= slot / 64) bits.resize(slot / 64 + 1);
                bits[slot / 64] |= std::uint64_t{1} << (slot % 64);
            }
            marks_.push_back({entries[at].first, bits});
        };
        for (std::size_t at = step; at < entries.size(); at += step) {
            const T value = entries[at].first;
            const auto first = std::lower_bound(entries.begin(), entries.end(), value, less);
            const auto last = std::partition_point(
                first, entries.end(), [&](const std::pair<T, Slot>& entry) { return !(value < entry.first); });
            set_mark(static_cast<std::size_t>(first - entries.begin()));
            if (static_cast<std::size_t>(last - first) >= step / 2)
                set_mark(static_cast<std::size_t>(last - entries.begin()));
        }
    }

    Place place_of(std::size_t mark) const noexcept {
        if (mark == 0) return {0, 0};
        return mark > marks_.size() ? end() : lower_bound(marks_[mark - 1].value);
    }

    // The mark nearest to a place; or, `inside`, the next one towards the other end of a range of which this is the low end.
    std::size_t mark_at(Place place, bool inside, bool is_low) const noexcept {
        if (place.block == blocks_.size()) return marks_.size() + 1;
        const T value = value_of(blocks_[place.block][place.offset]);
        const auto after =
            std::partition_point(marks_.begin(), marks_.end(), [&](const Mark& mark) { return !(value < mark.value); });
        // Not behind the place, and behind it.
        const auto low = static_cast<std::size_t>(after - marks_.begin());
        const Place begin = place_of(low);
        const bool there = !before(begin, place);
        if (inside) return is_low && !there ? low + 1 : low;
        return there || count_between(begin, place) <= count_between(place, place_of(low + 1)) ? low : low + 1;
    }

    // The end of a block is the begin of the next.
    Place normal(std::size_t block, std::size_t offset) const noexcept {
        return offset < blocks_[block].size() ? Place{block, offset} : Place{block + 1, 0};
    }

    // At the end of a block rather than at the front of the next.
    Place place_for(T value, Slot slot) const noexcept {
        const Place place = lower_bound(value, slot);
        if (place.block == 0 || place.offset > 0) return place;
        return {place.block - 1, blocks_[place.block - 1].size()};
    }

    void insert_block(std::size_t at, Block&& block, T fence) {
        fences_.reserve(fences_.size() + 1 > fences_.capacity() ? 2 * fences_.size() + 1 : 0);
        blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at), std::move(block));
        fences_.insert(fences_.begin() + static_cast<std::ptrdiff_t>(at), fence);
    }

    void split(std::size_t at) {
        // Appending in ascending order leaves full blocks behind.
        const std::size_t kept = at + 1 == blocks_.size() ? kFilled : kCapacity / 2;
        Block upper;
        upper.reserve(kCapacity);
        upper.assign(blocks_[at].begin() + static_cast<std::ptrdiff_t>(kept), blocks_[at].end());
        const T fence = value_of(upper.front());
        insert_block(at + 1, std::move(upper), fence);
        blocks_[at].resize(kept);
    }

    const PagedRows* values_;
    std::vector<Block> blocks_;  // none empty
    std::vector<T> fences_;      // the first value of each
    std::vector<Mark> marks_;    // ascending, differing
    std::size_t count_ = 0;
    std::size_t changes_left_ = 0;  // until the marks are outdated
};

}  // namespace lanner
