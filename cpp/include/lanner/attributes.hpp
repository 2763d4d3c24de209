// Attributes of items: typed columns, as callers hand them in and get them back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lanner {

// The values are part of the file format.
enum class ColumnType : std::uint8_t {
    kInt64 = 0,
    kFloat64 = 1,
    kBool = 2,
    kTimestamp = 3,  // microseconds since 1970-01-01 UTC, without leap seconds
    kString = 4,
    kStringList = 5,
    kInt64List = 6,
};
inline constexpr int kColumnTypeCount = 7;

struct ColumnSpec {
    std::string name;
    ColumnType type = ColumnType::kInt64;
    bool operator==(const ColumnSpec&) const = default;
};
using Schema = std::vector<ColumnSpec>;

// A column handed in; borrowed. An element is a value of a row or, of a list column, of a row's list.
struct ColumnView {
    std::string_view name;
    ColumnType type = ColumnType::kInt64;
    const std::uint8_t* valid = nullptr;        // a byte a row, 0 for null; nullptr: no nulls
    const void* values = nullptr;               // elements: int64 (timestamps too), double, or a byte a bool
    const std::int64_t* row_offsets = nullptr;  // lists: row i has elements row_offsets[i] .. row_offsets[i + 1]
    const char* text = nullptr;                 // strings: element i is text[text_offsets[i] .. text_offsets[i + 1]]
    const std::int64_t* text_offsets = nullptr;
};

struct TableView {
    std::size_t rows = 0;
    std::span<const ColumnView> columns;
};

// A column handed back, laid out as a ColumnView describes.
struct OwnedColumn {
    std::string name;
    ColumnType type = ColumnType::kInt64;
    std::vector<std::uint8_t> valid;  // a byte a row
    std::vector<std::int64_t> integers;
    std::vector<double> floats;
    std::vector<std::uint8_t> bools;
    std::vector<std::int64_t> row_offsets;
    std::string text;
    std::vector<std::int64_t> text_offsets;
};

struct OwnedTable {
    std::size_t rows = 0;
    std::vector<OwnedColumn> columns;
};

// The rows of all tables, one behind another; nulls in a column that a table lacks, or has as another type than the first.
OwnedTable joined(std::span<const OwnedTable> tables);

}  // namespace lanner
