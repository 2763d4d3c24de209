// The order of items as their user sees it, that in which rows were added: slots follow the cells of rows where there are any.
// A place is counted over all slots, free ones too; each has a slot of its own.
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/slot.hpp"
#include "storage/sections.hpp"

namespace lanner {

class RowOrder {
  public:
    // Whether places and slots are the same.
    bool plain() const noexcept { return slots_.empty(); }
    Slot slot_at(std::size_t place) const noexcept { return plain() ? static_cast<Slot>(place) : slots_[place]; }
    // By place; empty if plain.
    std::span<const Slot> slots() const noexcept { return slots_; }

    // Room for that many places; append() does not fail then.
    void reserve(std::size_t places);
    // The places from `first` on, as many as `slots`, get these slots: the numbers from `first` on, in any order.
    void append(std::size_t first, std::span<const Slot> slots) noexcept;
    void truncate(std::size_t places) noexcept;
    void swap(RowOrder& other) noexcept { slots_.swap(other.slots_); }

    std::size_t memory_bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }
    void save(SectionWriter& writer) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t places);

  private:
    std::vector<Slot> slots_;
};

}  // namespace lanner
