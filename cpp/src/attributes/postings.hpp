// For each code, the slots that have it: one or two inside the entry itself, up to 64 in a shared pool, more in chunks of
// 65,536 slots as sorted 16-bit numbers or, from 4,096 on, as bitmaps (Lemire et al.: Roaring Bitmaps, 2018).
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "attributes/dictionary.hpp"
#include "attributes/selection.hpp"
#include "base/slot.hpp"

namespace lanner {

class Postings {
  public:
    // Adding a slot that is there does nothing. Adding the greatest is quick. Strong guarantee.
    void add(Code code, Slot slot);
    void remove(Code code, Slot slot) noexcept;

    std::size_t count(Code code) const noexcept;
    void collect(Code code, Selection& selection) const;
    std::size_t memory_bytes() const noexcept;

  private:
    enum class Kind : std::uint8_t { kInline, kPooled, kChunked };
    struct Entry {
        std::uint32_t first = kNoSlot;   // kInline: the first slot; otherwise where the others stand
        std::uint32_t second = kNoSlot;  // kInline: the second slot; otherwise kMark, the kind, and a count if pooled
    };
    struct Chunk {
        std::uint32_t key = 0;  // the slots' upper bits
        std::uint32_t count = 0;
        std::vector<std::uint16_t> sorted;  // empty where there are bits
        std::vector<std::uint64_t> bits;
    };
    struct Chunked {
        std::size_t count = 0;
        std::vector<Chunk> chunks;
    };
    struct Pool {
        std::vector<Slot> places;
        std::uint32_t free = kNoSlot;  // each free block begins with the next one
    };

    static Kind kind(const Entry& entry) noexcept;
    static std::size_t pooled_count(const Entry& entry) noexcept;
    static Entry pooled(std::uint32_t block, std::size_t count) noexcept;
    std::uint32_t take_block(unsigned size_class);
    void free_block(unsigned size_class, std::uint32_t block) noexcept;
    Slot* block(unsigned size_class, std::uint32_t number) noexcept;
    const Slot* block(unsigned size_class, std::uint32_t number) const noexcept;
    void add_pooled(Entry& entry, Slot slot);
    static void add_chunked(Chunked& set, Slot slot);
    static void remove_chunked(Chunked& set, Slot slot) noexcept;

    static constexpr unsigned kSizeClasses = 5;  // 4, 8, .. 64 slots
    std::vector<Entry> entries_;
    std::array<Pool, kSizeClasses> pools_;
    std::vector<std::unique_ptr<Chunked>> chunked_;
    std::vector<std::uint32_t> free_chunked_;  // capacity for all of chunked_
};

}  // namespace lanner
