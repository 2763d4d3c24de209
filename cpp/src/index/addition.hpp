// What a call that adds rows has worked out so far, and what it takes to unmake it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/impl.hpp"

namespace lanner {

// One call of add() or upsert(), from its checks to its end.
struct Index::Impl::Addition {
    std::vector<Slot> slots;     // by row
    std::vector<Slot> replaced;  // by row: the slot that an id leaves, or kNoSlot
    std::vector<std::int64_t> ids;
    std::vector<std::string> strings;  // moved into the map, and back if the call fails
    IdKind kind = IdKind::kNone;
    IdKind kind_before = IdKind::kNone;
    std::int64_t next_before = 0;
    std::size_t slots_before = 0;
    std::size_t changes_before = 0;
    std::size_t committed = 0;                // rows
    std::unique_ptr<CodedRows> codes_before;  // where the call fitted the codec
    std::unique_ptr<ScanAids> aids_before;    // where the call made new ones
    bool aids_swapped = false;
    std::vector<Cell> cells;  // by row, where the index has them
    std::optional<AttributeTable::Batch> attributes;
    std::size_t columns_before = 0;
};

}  // namespace lanner
