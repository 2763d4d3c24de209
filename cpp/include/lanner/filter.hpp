// A condition on the attributes and ids of items: a tree, the same whatever language wrote it.
// A null satisfies no comparison. kNot is the complement: it holds for every item that its operand does not hold for,
// those with a null among them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "lanner/ids.hpp"

namespace lanner {

struct Timestamp {
    std::int64_t microseconds = 0;  // since 1970-01-01 UTC
    bool operator==(const Timestamp&) const = default;
};

// Integers and floats compare by value with columns of either. A string meant for a timestamp column is ISO 8601; without
// a time zone it is UTC.
using FilterValue = std::variant<bool, std::int64_t, double, Timestamp, std::string>;

enum class FilterOp : std::uint8_t {
    kAnd,       // all operands; of none: every item
    kOr,        // any operand; of none: no item
    kNot,       // not the one operand
    kEqual,     // column and one value, as for the five below
    kNotEqual,  // has a value, and another one
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kBetween,      // two values, both inside
    kIn,           // any number of values
    kContains,     // a list column has the one value among its elements
    kContainsAny,  // any of the values; of none: no item
    kContainsAll,  // all of the values; of none: every item with a list
    kStartsWith,   // a string column, one string
    kIsNull,       // no value
    kIdIn,         // the item's id is one of `ids`; no column
    kMask,         // the item's bit in `mask` is set; no column
};

// A bit an item, in the order of Index::ids(), the lowest of words[0] first.
struct ItemMask {
    std::size_t items = 0;
    std::vector<std::uint64_t> words;
    bool operator==(const ItemMask&) const = default;
};

// Of a byte an item, any but 0 for those whose bit is set.
inline ItemMask mask_of(std::span<const std::uint8_t> admitted) {
    ItemMask mask{admitted.size(), std::vector<std::uint64_t>((admitted.size() + 63) / 64)};
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        // A word at a time, of eight bytes at once: their highest bits say which are not 0, and the product has the lowest
        // bit of byte i in bit 56 + i.
        constexpr std::uint64_t kAllButHighest = 0x7f7f7f7f7f7f7f7fU;
        for (; at + 64 <= admitted.size(); at += 64) {
            std::uint64_t word = 0;
            for (unsigned part = 0; part < 64; part += 8) {
                std::uint64_t eight = 0;
                std::memcpy(&eight, admitted.data() + at + part, sizeof eight);
                eight = (eight | ((eight & kAllButHighest) + kAllButHighest)) >> 7 & 0x0101010101010101U;
                word |= (eight * 0x0102040810204080U >> 56) << part;
            }
            mask.words[at / 64] = word;
        }
    }
    for (; at < admitted.size(); ++at) mask.words[at / 64] |= std::uint64_t{admitted[at] != 0} << (at % 64);
    return mask;
}

struct Filter {
    FilterOp op = FilterOp::kAnd;
    std::string column;
    std::vector<FilterValue> values;
    std::vector<Filter> operands;
    OwnedIds ids;
    ItemMask mask{};

    bool operator==(const Filter&) const = default;
};

}  // namespace lanner
