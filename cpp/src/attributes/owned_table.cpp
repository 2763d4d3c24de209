#include "attributes/owned_table.hpp"

#include <algorithm>
#include <string_view>

#include "attributes/column_view.hpp"

namespace lanner {
namespace {

OwnedColumn without_rows(const OwnedColumn& like) {
    OwnedColumn column;
    column.name = like.name;
    column.type = like.type;
    if (is_list(like.type)) column.row_offsets.push_back(0);
    if (is_text(like.type)) column.text_offsets.push_back(0);
    return column;
}

void append_elements(const OwnedColumn& from, std::size_t begin, std::size_t end, OwnedColumn& to) {
    for (std::size_t i = begin; i < end; ++i) {
        if (is_text(from.type)) {
            const auto first = static_cast<std::size_t>(from.text_offsets[i]);
            to.text.append(from.text, first, static_cast<std::size_t>(from.text_offsets[i + 1]) - first);
            to.text_offsets.push_back(static_cast<std::int64_t>(to.text.size()));
        } else if (from.type == ColumnType::kFloat64) {
            to.floats.push_back(from.floats[i]);
        } else if (from.type == ColumnType::kBool) {
            to.bools.push_back(from.bools[i]);
        } else {
            to.integers.push_back(from.integers[i]);
        }
    }
}

void append_row(const OwnedColumn& from, std::size_t row, OwnedColumn& to) {
    to.valid.push_back(from.valid[row]);
    if (!is_list(from.type)) {
        append_elements(from, row, row + 1, to);
        return;
    }
    const std::int64_t begin = from.row_offsets[row];
    const std::int64_t end = from.row_offsets[row + 1];
    append_elements(from, static_cast<std::size_t>(begin), static_cast<std::size_t>(end), to);
    to.row_offsets.push_back(to.row_offsets.back() + end - begin);
}

void append_nulls(std::size_t count, OwnedColumn& to) {
    to.valid.resize(to.valid.size() + count, 0);
    if (is_list(to.type)) {
        to.row_offsets.resize(to.row_offsets.size() + count, to.row_offsets.back());
    } else if (is_text(to.type)) {
        to.text_offsets.resize(to.text_offsets.size() + count, to.text_offsets.back());
    } else if (to.type == ColumnType::kFloat64) {
        to.floats.resize(to.floats.size() + count, 0);
    } else if (to.type == ColumnType::kBool) {
        to.bools.resize(to.bools.size() + count, 0);
    } else {
        to.integers.resize(to.integers.size() + count, 0);
    }
}

template <typename Columns>
auto find(Columns& columns, std::string_view name) {
    return std::find_if(columns.begin(), columns.end(), [&](const OwnedColumn& each) { return each.name == name; });
}

}  // namespace

OwnedTable rows_of(const OwnedTable& table, std::span<const std::size_t> rows) {
    OwnedTable picked;
    picked.rows = rows.size();
    for (const OwnedColumn& column : table.columns) {
        OwnedColumn& to = picked.columns.emplace_back(without_rows(column));
        for (const std::size_t row : rows) append_row(column, row, to);
    }
    return picked;
}

OwnedTable joined(std::span<const OwnedTable> tables) {
    OwnedTable all;
    for (const OwnedTable& table : tables) {
        for (const OwnedColumn& column : table.columns) {
            if (find(all.columns, column.name) != all.columns.end()) continue;
            append_nulls(all.rows, all.columns.emplace_back(without_rows(column)));
        }
        for (OwnedColumn& to : all.columns) {
            const auto from = find(table.columns, to.name);
            if (from == table.columns.end() || from->type != to.type) {
                append_nulls(table.rows, to);
            } else {
                for (std::size_t row = 0; row < table.rows; ++row) append_row(*from, row, to);
            }
        }
        all.rows += table.rows;
    }
    return all;
}

}  // namespace lanner
