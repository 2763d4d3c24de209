// A column that is owned, as one that is handed in.
// Threads: any. The view borrows the column, which must neither change nor move.
#pragma once

#include "lanner/attributes.hpp"

namespace lanner {

inline bool is_list(ColumnType type) noexcept {
    return type == ColumnType::kStringList || type == ColumnType::kInt64List;
}
inline bool is_text(ColumnType type) noexcept { return type == ColumnType::kString || type == ColumnType::kStringList; }

inline ColumnView view_of(const OwnedColumn& column) noexcept {
    ColumnView view;
    view.name = column.name;
    view.type = column.type;
    if (!column.valid.empty()) view.valid = column.valid.data();
    if (is_list(column.type)) view.row_offsets = column.row_offsets.data();
    if (is_text(column.type)) {
        view.text = column.text.data();
        view.text_offsets = column.text_offsets.data();
    } else if (column.type == ColumnType::kFloat64) {
        view.values = column.floats.data();
    } else if (column.type == ColumnType::kBool) {
        view.values = column.bools.data();
    } else {
        view.values = column.integers.data();
    }
    return view;
}

}  // namespace lanner
