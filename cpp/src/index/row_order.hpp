// The order of items as their user sees it, that in which they were added: slots follow the cells of rows where there are any,
// and an item that gets another vector, or the slot of a twin, gets another slot.
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
    // For all places that there are or will be; exchange() does not fail then. Whether place_of() tells other places now.
    bool reserve_exchanges(std::size_t places);
    bool exchanged() const noexcept { return !places_.empty(); }
    // Once reserve_exchanges() was called, if not plain.
    std::size_t place_of(Slot slot) const noexcept { return slot < places_.size() ? places_[slot] : slot; }
    // Each of the slots gets the place of the other, of so many that there are.
    void exchange(Slot left, Slot right, std::size_t places) noexcept;
    // The places from `first` on, as many as `slots`, get these slots: the numbers from `first` on, in any order.
    void append(std::size_t first, std::span<const Slot> slots) noexcept;
    void truncate(std::size_t places) noexcept;
    void swap(RowOrder& other) noexcept {
        slots_.swap(other.slots_);
        places_.swap(other.places_);
    }

    std::size_t memory_bytes() const noexcept { return (slots_.capacity() + places_.capacity()) * sizeof(Slot); }
    void save(SectionWriter& writer) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t places);

  private:
    // Of places that are the slots' own.
    void extend(std::size_t places) noexcept;
    bool follows_slots() const noexcept;

    std::vector<Slot> slots_;
    std::vector<Slot> places_;  // by slot; kept once places were exchanged
};

}  // namespace lanner
