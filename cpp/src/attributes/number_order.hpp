// The values of a number column in order, each with its slot, in blocks of at most 512: a B+-tree of two levels.
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "attributes/selection.hpp"
#include "base/slot.hpp"

namespace lanner {

template <typename T>
class NumberOrder {
  public:
    struct Place {
        std::size_t block = 0;
        std::size_t offset = 0;
    };

    // Of entries in any order.
    explicit NumberOrder(std::vector<std::pair<T, Slot>> entries) {
        std::sort(entries.begin(), entries.end());
        for (std::size_t first = 0; first < entries.size(); first += kFilled) {
            const std::size_t end = std::min(entries.size(), first + kFilled);
            Block block;
            block.values.reserve(kCapacity);
            block.slots.reserve(kCapacity);
            for (std::size_t at = first; at < end; ++at) {
                block.values.push_back(entries[at].first);
                block.slots.push_back(entries[at].second);
            }
            blocks_.push_back(std::move(block));
            fences_.push_back(entries[first].first);
        }
        count_ = entries.size();
    }

    // Strong guarantee.
    void add(T value, Slot slot) {
        if (blocks_.empty()) insert_block(0, Block{}, value);
        Place place = lower_bound(value, slot);
        // At the end of the block before rather than at the front of the next, unless there is none before.
        if (place.block > 0 && place.offset == 0) {
            --place.block;
            place.offset = blocks_[place.block].values.size();
        }
        if (blocks_[place.block].values.size() == kCapacity) {
            split(place.block);
            place = lower_bound(value, slot);
            if (place.block > 0 && place.offset == 0) {
                --place.block;
                place.offset = blocks_[place.block].values.size();
            }
        }
        Block& block = blocks_[place.block];
        block.values.reserve(kCapacity);
        block.slots.reserve(kCapacity);
        const auto offset = static_cast<std::ptrdiff_t>(place.offset);
        block.values.insert(block.values.begin() + offset, value);
        block.slots.insert(block.slots.begin() + offset, slot);
        fences_[place.block] = block.values.front();
        ++count_;
    }

    void remove(T value, Slot slot) noexcept {
        const Place place = lower_bound(value, slot);
        if (place.block == blocks_.size()) return;
        Block& block = blocks_[place.block];
        if (block.slots[place.offset] != slot || value < block.values[place.offset]) return;
        const auto offset = static_cast<std::ptrdiff_t>(place.offset);
        block.values.erase(block.values.begin() + offset);
        block.slots.erase(block.slots.begin() + offset);
        --count_;
        const auto at = static_cast<std::ptrdiff_t>(place.block);
        if (block.values.empty()) {
            blocks_.erase(blocks_.begin() + at);
            fences_.erase(fences_.begin() + at);
        } else {
            fences_[place.block] = block.values.front();
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
                [&](const Block& block) { return !(value < block.values.front()) && block.slots.front() <= slot; });
            at = static_cast<std::size_t>(same - blocks_.begin());
        }
        if (at == 0) return {0, 0};
        const Block& block = blocks_[at - 1];
        const auto [first, last] = std::equal_range(block.values.begin(), block.values.end(), value);
        const auto slots = block.slots.begin();
        const auto found =
            std::lower_bound(slots + (first - block.values.begin()), slots + (last - block.values.begin()), slot);
        return normal(at - 1, static_cast<std::size_t>(found - slots));
    }
    Place upper_bound(T value) const noexcept {
        const std::size_t at =
            static_cast<std::size_t>(std::upper_bound(fences_.begin(), fences_.end(), value) - fences_.begin());
        if (at == 0) return {0, 0};
        const auto& values = blocks_[at - 1].values;
        return normal(at - 1,
                      static_cast<std::size_t>(std::upper_bound(values.begin(), values.end(), value) - values.begin()));
    }
    Place end() const noexcept { return {blocks_.size(), 0}; }

    std::size_t count_between(Place from, Place to) const noexcept {
        if (from.block == to.block) return to.offset - from.offset;
        std::size_t count = blocks_[from.block].values.size() - from.offset + to.offset;
        for (std::size_t at = from.block + 1; at < to.block; ++at) count += blocks_[at].values.size();
        return count;
    }

    void collect(Place from, Place to, Selection& selection) const {
        for (std::size_t at = from.block; at < blocks_.size() && at <= to.block; ++at) {
            const auto& slots = blocks_[at].slots;
            const std::size_t first = at == from.block ? from.offset : 0;
            const std::size_t last = at == to.block ? to.offset : slots.size();
            for (std::size_t i = first; i < last; ++i) selection.add(slots[i]);
        }
    }

    std::size_t memory_bytes() const noexcept {
        std::size_t bytes = blocks_.capacity() * sizeof(Block) + fences_.capacity() * sizeof(T);
        for (const Block& block : blocks_)
            bytes += block.values.capacity() * sizeof(T) + block.slots.capacity() * sizeof(Slot);
        return bytes;
    }

  private:
    static constexpr std::size_t kCapacity = 512;
    static constexpr std::size_t kFilled = 448;  // of a new block, to leave room

    struct Block {
        std::vector<T> values;
        std::vector<Slot> slots;  // ascending among equal values
    };

    // The end of a block is the begin of the next.
    Place normal(std::size_t block, std::size_t offset) const noexcept {
        return offset < blocks_[block].values.size() ? Place{block, offset} : Place{block + 1, 0};
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
        upper.values.reserve(kCapacity);
        upper.slots.reserve(kCapacity);
        const auto from = static_cast<std::ptrdiff_t>(kept);
        upper.values.assign(blocks_[at].values.begin() + from, blocks_[at].values.end());
        upper.slots.assign(blocks_[at].slots.begin() + from, blocks_[at].slots.end());
        const T fence = upper.values.front();
        insert_block(at + 1, std::move(upper), fence);
        blocks_[at].values.resize(kept);
        blocks_[at].slots.resize(kept);
    }

    std::vector<Block> blocks_;  // none empty
    std::vector<T> fences_;      // the first value of each
    std::size_t count_ = 0;
};

}  // namespace lanner
