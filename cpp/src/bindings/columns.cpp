#include "bindings/columns.hpp"

#include <array>
#include <utility>

#include "attributes/column_view.hpp"
#include "base/utf8.hpp"
#include "lanner/error.hpp"

namespace lanner::bindings {
namespace {

constexpr std::array<const char*, kColumnTypeCount> kTypeNames{"int64",  "float64",      "bool",       "timestamp",
                                                               "string", "list[string]", "list[int64]"};

[[noreturn]] void refuse(const OwnedColumn& column, const std::string& what) {
    throw Error(ErrorKind::kInvalidArgument, "column '" + column.name + "' must " + what);
}

void check_offsets(const OwnedColumn& column, const std::vector<std::int64_t>& offsets, std::size_t end) {
    if (offsets.empty() || offsets.front() != 0 || offsets.back() != static_cast<std::int64_t>(end))
        refuse(column, "have offsets from 0 to the number of what they divide");
    for (std::size_t i = 1; i < offsets.size(); ++i) {
        if (offsets[i] < offsets[i - 1]) refuse(column, "have offsets that do not fall");
    }
}

std::size_t element_count(const OwnedColumn& column) {
    switch (column.type) {
        case ColumnType::kFloat64:
            return column.floats.size();
        case ColumnType::kBool:
            return column.bools.size();
        case ColumnType::kString:
        case ColumnType::kStringList:
            check_offsets(column, column.text_offsets, column.text.size());
            return column.text_offsets.size() - 1;
        default:
            return column.integers.size();
    }
}

}  // namespace

void Columns::add(OwnedColumn column) {
    if (column.name.empty()) throw Error(ErrorKind::kInvalidArgument, "a column must have a name, got an empty one");
    if (!is_utf8(column.name)) throw Error(ErrorKind::kInvalidArgument, "a column must have a name of UTF-8");
    if (find(column.name) != nullptr) refuse(column, "be there once, got it twice");
    const std::size_t elements = element_count(column);
    if (is_list(column.type)) {
        if (column.row_offsets.size() != rows_ + 1)
            refuse(column, "have " + std::to_string(rows_) + " rows, got " +
                               std::to_string(column.row_offsets.empty() ? 0 : column.row_offsets.size() - 1));
        check_offsets(column, column.row_offsets, elements);
    } else if (elements != rows_) {
        refuse(column, "have " + std::to_string(rows_) + " rows, got " + std::to_string(elements));
    }
    if (!column.valid.empty() && column.valid.size() != rows_) refuse(column, "say of each row whether it has a value");
    columns_.push_back(std::move(column));
    // Short names lie in the columns themselves, which may just have moved.
    views_.clear();
    for (const OwnedColumn& each : columns_) views_.push_back(view_of(each));
}

const OwnedColumn* Columns::find(std::string_view name) const noexcept {
    for (const OwnedColumn& column : columns_) {
        if (column.name == name) return &column;
    }
    return nullptr;
}

const char* type_name(ColumnType type) noexcept { return kTypeNames[static_cast<std::size_t>(type)]; }

ColumnType type_of(const std::string& name) {
    for (std::size_t i = 0; i < kTypeNames.size(); ++i) {
        if (name == kTypeNames[i]) return static_cast<ColumnType>(i);
    }
    throw Error(ErrorKind::kInvalidArgument, "a column's type must be one that there is, got '" + name + "'");
}

Columns columns_of(OwnedTable table) {
    Columns columns(table.rows);
    for (OwnedColumn& column : table.columns) columns.add(std::move(column));
    return columns;
}

}  // namespace lanner::bindings
