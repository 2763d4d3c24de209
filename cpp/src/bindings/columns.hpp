// Attributes on their way between Python and the core: columns in memory of their own, that no Python object shares.
// Threads: as a container. A view is good until the next column is added.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lanner/attributes.hpp"

namespace lanner::bindings {

class Columns {
  public:
    explicit Columns(std::size_t rows) : rows_(rows) {}
    // A copy's views would show the other's columns; what is moved stays where it lies.
    Columns(const Columns&) = delete;
    Columns& operator=(const Columns&) = delete;
    Columns(Columns&&) = default;
    Columns& operator=(Columns&&) = default;

    // Throws Error where the sizes do not fit, offsets fall or leave their array, or the name is there already.
    // `valid` may be empty: no nulls.
    void add(OwnedColumn column);

    std::size_t rows() const noexcept { return rows_; }
    const std::vector<OwnedColumn>& columns() const noexcept { return columns_; }
    const OwnedColumn* find(std::string_view name) const noexcept;

    // For the core: borrowed from here.
    TableView view() const noexcept { return {rows_, views_}; }

  private:
    std::size_t rows_;
    std::vector<OwnedColumn> columns_;
    std::vector<ColumnView> views_;
};

Columns columns_of(OwnedTable table);

// "int64", "float64", "bool", "timestamp", "string", "list[string]", "list[int64]".
const char* type_name(ColumnType type) noexcept;
// Throws Error for a name that is not among these.
ColumnType type_of(const std::string& name);

}  // namespace lanner::bindings
