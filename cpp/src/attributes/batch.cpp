#include "attributes/batch.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "attributes/column.hpp"
#include "attributes/column_view.hpp"
#include "base/near_name.hpp"
#include "base/utf8.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

[[noreturn]] void refuse(const ColumnView& view, const std::string& why) {
    throw Error(ErrorKind::kInvalidArgument, "column " + quoted(view.name) + " " + why);
}

void check_offsets(const ColumnView& view, const std::int64_t* offsets, std::size_t count, const char* what) {
    if (offsets == nullptr) refuse(view, std::string("has no offsets of its ") + what);
    if (offsets[0] < 0) refuse(view, std::string("has a negative offset of its ") + what);
    for (std::size_t at = 0; at < count; ++at) {
        if (offsets[at + 1] < offsets[at]) {
            refuse(view, std::string("has offsets of its ") + what + " that do not ascend: " +
                             std::to_string(offsets[at]) + " comes before " + std::to_string(offsets[at + 1]));
        }
    }
}

void check_arrays(const ColumnView& view, std::size_t rows) {
    std::size_t first = 0;
    std::size_t elements = rows;
    if (is_list(view.type)) {
        check_offsets(view, view.row_offsets, rows, "lists");
        first = static_cast<std::size_t>(view.row_offsets[0]);
        elements = static_cast<std::size_t>(view.row_offsets[rows]);
    }
    if (!is_text(view.type)) {
        if (view.values == nullptr && elements > first) refuse(view, "has no values");
        return;
    }
    if (elements == first) return;
    check_offsets(view, view.text_offsets == nullptr ? nullptr : view.text_offsets + first, elements - first,
                  "strings");
    if (view.text == nullptr && view.text_offsets[elements] > view.text_offsets[first]) refuse(view, "has no text");
    for (std::size_t row = 0; row < rows; ++row) {
        if (view.valid != nullptr && view.valid[row] == 0) continue;
        const std::size_t begin = is_list(view.type) ? static_cast<std::size_t>(view.row_offsets[row]) : row;
        const std::size_t end = is_list(view.type) ? static_cast<std::size_t>(view.row_offsets[row + 1]) : row + 1;
        for (std::size_t at = begin; at < end; ++at) {
            const auto bytes = static_cast<std::uint64_t>(view.text_offsets[at + 1] - view.text_offsets[at]);
            if (bytes > std::numeric_limits<std::uint32_t>::max())
                refuse(view, "has a string of 4 GiB or more at row " + std::to_string(row));
            if (!is_utf8({view.text + view.text_offsets[at], static_cast<std::size_t>(bytes)}))
                refuse(view, "has a string that is not UTF-8 at row " + std::to_string(row));
        }
    }
}

[[noreturn]] void refuse_unknown(const ColumnView& view, const Schema& schema) {
    std::vector<std::string> names;
    for (const ColumnSpec& spec : schema) names.push_back(spec.name);
    refuse(view, "is not in the schema; its columns: " + (names.empty() ? "none" : listed(names)) +
                     near_name_hint(view.name, names));
}

}  // namespace

bool BatchColumn::has(std::size_t row) const noexcept { return view_.valid == nullptr || view_.valid[row] != 0; }

std::int64_t BatchColumn::integer(std::size_t element) const noexcept {
    return static_cast<const std::int64_t*>(view_.values)[element];
}

double BatchColumn::real(std::size_t row) const noexcept {
    return view_.type == ColumnType::kInt64 ? static_cast<double>(integer(row))
                                            : static_cast<const double*>(view_.values)[row];
}

bool BatchColumn::truth(std::size_t row) const noexcept {
    return static_cast<const std::uint8_t*>(view_.values)[row] != 0;
}

std::string_view BatchColumn::text(std::size_t element) const noexcept {
    return {view_.text + view_.text_offsets[element],
            static_cast<std::size_t>(view_.text_offsets[element + 1] - view_.text_offsets[element])};
}

AttributeBatch::AttributeBatch(const TableView& table, std::size_t rows, const Schema& schema, bool fixed)
    : rows_(rows) {
    if (table.rows != rows) {
        throw Error(ErrorKind::kInvalidArgument, "attributes must have " + std::to_string(rows) +
                                                     " rows, one an item, got " + std::to_string(table.rows));
    }
    std::size_t position = schema.size();
    for (const ColumnView& view : table.columns) {
        if (view.name.empty() || !is_utf8(view.name))
            throw Error(ErrorKind::kInvalidArgument, "a column of attributes needs a name, in UTF-8");
        if (static_cast<std::size_t>(view.type) >= kColumnTypeCount) refuse(view, "has a type that is unknown");
        if (std::any_of(columns_.begin(), columns_.end(),
                        [&](const BatchColumn& column) { return column.name() == view.name; })) {
            refuse(view, "comes twice");
        }
        const auto known =
            std::find_if(schema.begin(), schema.end(), [&](const ColumnSpec& spec) { return spec.name == view.name; });
        ColumnType type = view.type;
        if (known != schema.end()) {
            type = known->type;
            const bool widens = type == ColumnType::kFloat64 && view.type == ColumnType::kInt64;
            if (type != view.type && !widens) {
                throw Error(ErrorKind::kWrongType,
                            "column " + quoted(view.name) + " is " + type_name(type) + ", got " + type_name(view.type));
            }
        } else if (fixed) {
            refuse_unknown(view, schema);
        }
        check_arrays(view, rows);
        columns_.emplace_back(view, type,
                              known != schema.end() ? static_cast<std::size_t>(known - schema.begin()) : position++);
    }
}

}  // namespace lanner
