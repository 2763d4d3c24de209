#include "attributes/postings.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

namespace lanner {
namespace {

constexpr std::uint32_t kMark = 0x80000000U;  // no slot has this bit
constexpr std::uint32_t kChunkedMark = 0xC0000000U;
constexpr std::size_t kMaxPooled = 64;
constexpr std::size_t kMaxSorted = 4096;
constexpr std::size_t kChunkWords = 1024;

unsigned size_class_of(std::size_t count) noexcept {
    return count <= 4 ? 0 : static_cast<unsigned>(std::bit_width(count - 1)) - 2;
}

}  // namespace

Postings::Kind Postings::kind(const Entry& entry) noexcept {
    if (entry.second == kNoSlot || (entry.second & kMark) == 0) return Kind::kInline;
    return entry.second == kChunkedMark ? Kind::kChunked : Kind::kPooled;
}

std::size_t Postings::pooled_count(const Entry& entry) noexcept { return entry.second & ~kMark; }

Postings::Entry Postings::pooled(std::uint32_t block, std::size_t count) noexcept {
    return {block, kMark | static_cast<std::uint32_t>(count)};
}

Slot* Postings::block(unsigned size_class, std::uint32_t number) noexcept {
    return pools_[size_class].places.data() + (std::size_t{number} << (size_class + 2));
}

const Slot* Postings::block(unsigned size_class, std::uint32_t number) const noexcept {
    return pools_[size_class].places.data() + (std::size_t{number} << (size_class + 2));
}

std::uint32_t Postings::take_block(unsigned size_class) {
    Pool& pool = pools_[size_class];
    if (pool.free != kNoSlot) return std::exchange(pool.free, *block(size_class, pool.free));
    const std::size_t size = std::size_t{4} << size_class;
    const std::size_t number = pool.places.size() / size;
    pool.places.resize(pool.places.size() + size);
    return static_cast<std::uint32_t>(number);
}

void Postings::free_block(unsigned size_class, std::uint32_t number) noexcept {
    *block(size_class, number) = std::exchange(pools_[size_class].free, number);
}

void Postings::add(Code code, Slot slot) {
    if (code >= entries_.size()) entries_.resize(std::size_t{code} + 1);
    Entry& entry = entries_[code];
    switch (kind(entry)) {
        case Kind::kInline:
            if (entry.first == slot || entry.second == slot) return;
            if (entry.first == kNoSlot) {
                entry.first = slot;
            } else if (entry.second == kNoSlot) {
                entry.second = std::max(entry.first, slot);
                entry.first = std::min(entry.first, slot);
            } else {
                const std::uint32_t number = take_block(0);
                Slot* const places = block(0, number);
                places[0] = entry.first;
                places[1] = entry.second;
                places[2] = slot;
                std::sort(places, places + 3);
                entry = pooled(number, 3);
            }
            return;
        case Kind::kPooled:
            add_pooled(entry, slot);
            return;
        case Kind::kChunked:
            add_chunked(*chunked_[entry.first], slot);
            return;
    }
}

void Postings::add_pooled(Entry& entry, Slot slot) {
    const std::size_t count = pooled_count(entry);
    const unsigned size_class = size_class_of(count);
    const Slot* const old = block(size_class, entry.first);
    const auto at = static_cast<std::size_t>(std::lower_bound(old, old + count, slot) - old);
    if (at < count && old[at] == slot) return;
    if (count == kMaxPooled) {
        auto set = std::make_unique<Chunked>();
        for (std::size_t i = 0; i < count; ++i) add_chunked(*set, old[i]);
        add_chunked(*set, slot);
        if (free_chunked_.empty()) {
            free_chunked_.reserve(std::max<std::size_t>(16, (chunked_.size() + 1) * 2));
            chunked_.push_back(nullptr);
            free_chunked_.push_back(static_cast<std::uint32_t>(chunked_.size() - 1));
        }
        const std::uint32_t number = free_chunked_.back();
        free_chunked_.pop_back();
        chunked_[number] = std::move(set);
        free_block(size_class, entry.first);
        entry = {number, kChunkedMark};
        return;
    }
    const unsigned grown = size_class_of(count + 1);
    if (grown != size_class) {
        const std::uint32_t number = take_block(grown);
        std::copy_n(block(size_class, entry.first), count, block(grown, number));
        free_block(size_class, entry.first);
        entry.first = number;
    }
    Slot* const places = block(grown, entry.first);
    std::copy_backward(places + at, places + count, places + count + 1);
    places[at] = slot;
    entry = pooled(entry.first, count + 1);
}

void Postings::add_chunked(Chunked& set, Slot slot) {
    const std::uint32_t key = slot >> 16;
    const auto low = static_cast<std::uint16_t>(slot & 0xffff);
    auto chunk = std::lower_bound(set.chunks.begin(), set.chunks.end(), key,
                                  [](const Chunk& left, std::uint32_t right) { return left.key < right; });
    if (chunk == set.chunks.end() || chunk->key != key) {
        Chunk fresh{key, 1, {low}, {}};
        set.chunks.insert(chunk, std::move(fresh));
        ++set.count;
        return;
    }
    if (chunk->bits.empty()) {
        auto& sorted = chunk->sorted;
        const auto at = sorted.back() < low ? sorted.end() : std::lower_bound(sorted.begin(), sorted.end(), low);
        if (at != sorted.end() && *at == low) return;
        if (sorted.size() < kMaxSorted) {
            // By an eighth: doubled, a quarter of all room would lie empty.
            const auto place = at - sorted.begin();
            if (sorted.size() == sorted.capacity()) sorted.reserve(sorted.size() + sorted.size() / 8 + 8);
            sorted.insert(sorted.begin() + place, low);
            ++chunk->count;
            ++set.count;
            return;
        }
        std::vector<std::uint64_t> bits(kChunkWords);
        for (const std::uint16_t each : sorted) bits[each / 64] |= std::uint64_t{1} << (each % 64);
        chunk->bits = std::move(bits);
        chunk->sorted = {};
    }
    std::uint64_t& word = chunk->bits[low / 64];
    const std::uint64_t bit = std::uint64_t{1} << (low % 64);
    if ((word & bit) != 0) return;
    word |= bit;
    ++chunk->count;
    ++set.count;
}

void Postings::remove(Code code, Slot slot) noexcept {
    if (code >= entries_.size()) return;
    Entry& entry = entries_[code];
    switch (kind(entry)) {
        case Kind::kInline:
            if (entry.second == slot) {
                entry.second = kNoSlot;
            } else if (entry.first == slot) {
                entry.first = std::exchange(entry.second, kNoSlot);
            }
            return;
        case Kind::kPooled: {
            const std::size_t count = pooled_count(entry);
            const unsigned size_class = size_class_of(count);
            Slot* const places = block(size_class, entry.first);
            Slot* const at = std::lower_bound(places, places + count, slot);
            if (at == places + count || *at != slot) return;
            std::copy(at + 1, places + count, at);
            if (count - 1 == 2) {
                const Entry two{places[0], places[1]};
                free_block(size_class, entry.first);
                entry = two;
                return;
            }
            // A smaller class where one has room without an allocation; until then the count decides, so the block
            // must be one of the count's class.
            const unsigned shrunk = size_class_of(count - 1);
            if (shrunk != size_class) {
                std::uint32_t number = kNoSlot;
                try {
                    number = take_block(shrunk);
                } catch (...) {
                    return;
                }
                std::copy_n(block(size_class, entry.first), count - 1, block(shrunk, number));
                free_block(size_class, entry.first);
                entry.first = number;
            }
            entry = pooled(entry.first, count - 1);
            return;
        }
        case Kind::kChunked: {
            Chunked& set = *chunked_[entry.first];
            remove_chunked(set, slot);
            if (set.count == 0) {
                chunked_[entry.first].reset();
                free_chunked_.push_back(entry.first);  // has the capacity
                entry = Entry{};
            }
            return;
        }
    }
}

void Postings::remove_chunked(Chunked& set, Slot slot) noexcept {
    const auto low = static_cast<std::uint16_t>(slot & 0xffff);
    const auto chunk = std::lower_bound(set.chunks.begin(), set.chunks.end(), slot >> 16,
                                        [](const Chunk& left, std::uint32_t right) { return left.key < right; });
    if (chunk == set.chunks.end() || chunk->key != slot >> 16) return;
    if (chunk->bits.empty()) {
        const auto at = std::lower_bound(chunk->sorted.begin(), chunk->sorted.end(), low);
        if (at == chunk->sorted.end() || *at != low) return;
        chunk->sorted.erase(at);
    } else {
        std::uint64_t& word = chunk->bits[low / 64];
        const std::uint64_t bit = std::uint64_t{1} << (low % 64);
        if ((word & bit) == 0) return;
        word &= ~bit;
    }
    --set.count;
    if (--chunk->count == 0) set.chunks.erase(chunk);
}

std::size_t Postings::count(Code code) const noexcept {
    if (code >= entries_.size()) return 0;
    const Entry& entry = entries_[code];
    switch (kind(entry)) {
        case Kind::kInline:
            return (entry.first != kNoSlot ? 1U : 0U) + (entry.second != kNoSlot ? 1U : 0U);
        case Kind::kPooled:
            return pooled_count(entry);
        case Kind::kChunked:
            return chunked_[entry.first]->count;
    }
    return 0;
}

void Postings::collect(Code code, Selection& selection) const {
    if (code >= entries_.size()) return;
    const Entry& entry = entries_[code];
    switch (kind(entry)) {
        case Kind::kInline:
            if (entry.first != kNoSlot) selection.add(entry.first);
            if (entry.second != kNoSlot) selection.add(entry.second);
            return;
        case Kind::kPooled: {
            const std::size_t count = pooled_count(entry);
            for (const Slot slot : std::span(block(size_class_of(count), entry.first), count)) selection.add(slot);
            return;
        }
        case Kind::kChunked:
            for (const Chunk& chunk : chunked_[entry.first]->chunks) {
                const Slot base = chunk.key << 16;
                if (chunk.bits.empty()) {
                    for (const std::uint16_t low : chunk.sorted) selection.add(base | low);
                } else if (!selection.is_list()) {
                    selection.add_words(chunk.bits, std::size_t{chunk.key} * kChunkWords);
                } else {
                    for (std::size_t at = 0; at < kChunkWords; ++at) {
                        for (std::uint64_t word = chunk.bits[at]; word != 0; word &= word - 1)
                            selection.add(base |
                                          static_cast<Slot>(at * 64 + static_cast<unsigned>(std::countr_zero(word))));
                    }
                }
            }
            return;
    }
}

std::size_t Postings::memory_bytes() const noexcept {
    std::size_t bytes = entries_.capacity() * sizeof(Entry) + chunked_.capacity() * sizeof(chunked_[0]) +
                        free_chunked_.capacity() * sizeof(std::uint32_t);
    for (const Pool& pool : pools_) bytes += pool.places.capacity() * sizeof(Slot);
    for (const auto& set : chunked_) {
        if (!set) continue;
        bytes += sizeof(Chunked) + set->chunks.capacity() * sizeof(Chunk);
        for (const Chunk& chunk : set->chunks)
            bytes += chunk.sorted.capacity() * sizeof(std::uint16_t) + chunk.bits.capacity() * sizeof(std::uint64_t);
    }
    return bytes;
}

}  // namespace lanner
