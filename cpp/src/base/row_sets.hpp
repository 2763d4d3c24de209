// Which rows the queries of a call may find: every row, those of one set, or those of a set for each query.
// Threads: constant once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/slot_set.hpp"

namespace lanner {

// Of a set that is a bitmap.
inline bool in_bitmap(const SlotSet& set, Slot slot) noexcept {
    return (set.words()[slot / 64] >> (slot % 64) & 1) != 0;
}

class RowSets {
  public:
    // Every row.
    RowSets() = default;
    // One set for all queries, or one a query.
    explicit RowSets(std::vector<SlotSet> sets) : sets_(std::move(sets)) {}

    std::size_t size() const noexcept { return sets_.size(); }
    // Whether all queries may find the same rows.
    bool shared() const noexcept { return sets_.size() <= 1; }
    // nullptr where a query may find every row.
    const SlotSet* of(std::size_t query) const noexcept {
        return sets_.empty() ? nullptr : &sets_[shared() ? 0 : query];
    }

  private:
    std::vector<SlotSet> sets_;
};

}  // namespace lanner
