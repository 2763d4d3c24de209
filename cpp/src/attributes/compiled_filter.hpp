// A filter made ready for one table: columns found, values turned into those of the column.
// Threads: constant once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "attributes/dictionary.hpp"
#include "base/slot.hpp"
#include "lanner/filter.hpp"

namespace lanner {

class Column;

// How many slots match: at least, at most.
struct Bounds {
    std::size_t least = 0;
    std::size_t most = 0;
};

class IdLookup {
  public:
    virtual ~IdLookup() = default;
    // kNoSlot where there is none.
    virtual Slot find(std::int64_t id) const = 0;
    virtual Slot find(std::string_view id) const = 0;
    // The items of a mask, as a bit a slot.
    virtual std::vector<std::uint64_t> slots_of(const ItemMask& mask) const = 0;
};

// The items there are.
struct Live {
    std::span<const std::uint64_t> words;  // a bit a slot
    std::size_t slots = 0;
    std::size_t count = 0;
    const IdLookup* ids = nullptr;  // for filters with kIdIn or kMask
};

// From `low` to `high`, both inside.
template <typename T>
struct Interval {
    T low;
    T high;
};

// What a column is asked. Of a column with nulls, only rows with a value can match.
struct Condition {
    bool others = false;                           // the rows with a value that do not match what follows
    bool all = false;                              // lists: all of the codes rather than any
    bool impossible = false;                       // with all: one of the values is in no list
    std::vector<Interval<std::int64_t>> integers;  // ascending, disjoint
    std::vector<Interval<double>> reals;           // likewise
    std::vector<Code> codes;                       // ascending, differing
    bool truths[2] = {false, false};               // false matches, true matches
};

struct CompiledFilter {
    enum class Kind : std::uint8_t { kAnd, kOr, kNot, kCondition, kNull, kSlots, kWords };

    Kind kind = Kind::kAnd;
    const Column* column = nullptr;
    Condition condition;
    std::vector<Slot> slots;           // ascending, differing
    std::vector<std::uint64_t> words;  // a bit a slot
    std::size_t marked = 0;            // bits that are set
    std::size_t unresolved = 0;        // ids or items that were not looked up
    std::vector<CompiledFilter> operands;
};

}  // namespace lanner
