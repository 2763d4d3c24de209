// Rows of attributes, checked against a schema and ready to be stored.
// Threads: constant once made. Borrows the caller's arrays: they must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lanner/attributes.hpp"

namespace lanner {

// A column of a batch. `row` is below the batch's rows; of what it gives, only what fits the column's type may be asked.
class BatchColumn {
  public:
    BatchColumn(const ColumnView& view, ColumnType type, std::size_t position)
        : view_(view), type_(type), position_(position) {}

    std::string_view name() const noexcept { return view_.name; }
    ColumnType type() const noexcept { return type_; }
    std::size_t position() const noexcept { return position_; }  // in the schema after this batch

    bool has(std::size_t row) const noexcept;
    std::int64_t integer(std::size_t element) const noexcept;
    double real(std::size_t row) const noexcept;
    bool truth(std::size_t row) const noexcept;
    std::string_view text(std::size_t element) const noexcept;
    // The elements of a row's list.
    std::size_t begin(std::size_t row) const noexcept { return static_cast<std::size_t>(view_.row_offsets[row]); }
    std::size_t end(std::size_t row) const noexcept { return begin(row + 1); }

  private:
    ColumnView view_;
    ColumnType type_;  // the table's; int64 values may be meant for a float64 column
    std::size_t position_;
};

class AttributeBatch {
  public:
    // Throws Error that names the column, what came and what was wanted. With `fixed` the schema takes no more columns.
    AttributeBatch(const TableView& table, std::size_t rows, const Schema& schema, bool fixed);

    std::size_t rows() const noexcept { return rows_; }
    std::span<const BatchColumn> columns() const noexcept { return columns_; }

  private:
    std::size_t rows_;
    std::vector<BatchColumn> columns_;
};

}  // namespace lanner
