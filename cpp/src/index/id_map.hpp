// Which id stands at a slot, and which slot an id is at.
// Threads: const calls run beside one another; the others exclude every call.
// An open-addressing table of slots, the ids themselves being kept once, by slot. Both are part of a file and used in place
// where nothing is to change; damaged ones can lose ids but not lead outside, and text that is none reads as empty.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/paged_rows.hpp"
#include "base/prefetch.hpp"
#include "base/slot.hpp"
#include "lanner/index.hpp"
#include "storage/sections.hpp"

namespace lanner {

class IdMap {
  public:
    IdMap();

    // Also beside a change.
    IdKind kind() const noexcept { return kind_.load(std::memory_order_acquire); }
    void set_kind(IdKind kind) noexcept { kind_.store(kind, std::memory_order_release); }
    std::size_t size() const noexcept { return size_; }

    Slot find(std::int64_t id) const noexcept;
    Slot find(std::string_view id) const noexcept;
    std::int64_t integer(Slot slot) const noexcept { return *ids_.as<std::int64_t>(slot); }
    std::string_view text(Slot slot) const noexcept {
        return filed_ends_.empty() ? std::string_view(strings_[slot]) : filed_text(slot);
    }
    void prefetch(Slot slot) const noexcept {
        if (kind() == IdKind::kInt) prefetch_line(ids_.row(slot));
    }
    bool before(Slot left, Slot right) const noexcept;
    std::size_t slots() const noexcept { return slots_; }

    // Room for slots below `slots` and `more` further ids of kind `kind`, so that assign() cannot fail. Strong guarantee.
    void reserve(IdKind kind, std::size_t slots, std::size_t more);
    void assign(Slot slot, std::int64_t id) noexcept;
    void assign(Slot slot, std::string&& id) noexcept;
    void erase(Slot slot) noexcept;
    // Gives the id of one slot to another, which has none.
    void move(Slot from, Slot to) noexcept;

    void swap(IdMap& other) noexcept;

    // An integer greater than every one there ever was.
    std::int64_t next_generated() const noexcept { return next_; }
    void set_next_generated(std::int64_t next) noexcept { next_ = next; }

    // Whether the table names as many slots as there are ids, and none that there is not.
    bool table_sound() const noexcept;

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t slots, const std::vector<std::uint8_t>& live) const;
    // With `change` the table of integers is made anew from the ids, as one that will be changed must be: a damaged one could be
    // full. That of strings waits for thaw(), but with `verify` is made at once, and must be that of the file.
    void load(const SectionReader& reader, IdKind kind, std::size_t slots, std::size_t size,
              const std::vector<std::uint8_t>& live, bool change, bool verify);

    // Whether ids are used in place, as they may not be where one is to change; and makes a copy that can change. The second
    // beside const calls; swap() then puts it in place. Throws Error(kFileFormat) for ids that are not sound.
    bool frozen() const noexcept { return !filed_ends_.empty(); }
    std::unique_ptr<IdMap> thawed(const std::vector<std::uint8_t>& live) const;

  private:
    std::size_t table_size() const noexcept { return table_.capacity() == 0 ? 0 : table_mask_ + 1; }
    std::uint64_t hash_of(Slot slot) const noexcept;
    void insert(Slot slot) noexcept;
    void unlink(Slot slot) noexcept;
    void rebuild(std::size_t table_size);
    std::vector<Slot> ordered_table(std::size_t slots, const std::vector<std::uint8_t>& live) const;
    std::string_view filed_text(Slot slot) const noexcept;
    void load_strings(std::span<const std::byte> ends, std::span<const std::byte> text,
                      const std::vector<std::uint8_t>& live, std::size_t size);
    template <typename Id>
    Slot find_by(std::uint64_t hash, Id id) const noexcept;

    std::atomic<IdKind> kind_{IdKind::kNone};
    std::size_t slots_ = 0;
    std::size_t size_ = 0;
    std::int64_t next_ = 0;
    PagedRows ids_;
    std::vector<std::string> strings_;
    // In their place, of a file, until one is to change; empty otherwise.
    std::span<const std::byte> filed_ends_;
    std::span<const std::byte> filed_text_;
    std::shared_ptr<void> filed_owner_;
    PagedRows table_;  // slots, kNoSlot where empty
    std::size_t table_mask_ = 0;
};

}  // namespace lanner
