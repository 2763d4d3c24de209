// The attributes of rows that are numbered from 0 and never come or go, and which of them satisfy a filter. Ids of such a
// filter are the numbers of rows.
// Threads: const calls run beside one another; the others exclude every call.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "attributes/attribute_table.hpp"
#include "base/row_sets.hpp"

namespace lanner {

class RowAttributes {
  public:
    explicit RowAttributes(std::size_t rows) : rows_(rows) { table_.grow(rows); }

    std::size_t rows() const noexcept { return rows_; }
    const Schema& schema() const noexcept { return table_.schema(); }
    // As those of AttributeTable; before the rows' attributes come.
    void set_schema(Schema schema) { table_.set_schema(std::move(schema)); }
    // A row of the table for each row, once. Throws Error that names the column, what came and what was wanted.
    void store(const TableView& table);
    // Columns by name, or all where there are no names.
    std::vector<OwnedColumn> get(std::span<const Slot> rows, std::span<const std::string> names) const {
        return table_.get(rows, names);
    }

    // One filter for all of so many queries, or one a query; no filter: every row.
    RowSets matching(std::span<const Filter> filters, std::size_t queries) const;

    std::size_t memory_bytes() const noexcept { return table_.memory_bytes(); }
    void save(SectionWriter& writer) const { table_.save(writer, rows_); }
    void load(const SectionReader& reader) { table_.load(reader, rows_); }

  private:
    std::size_t rows_;
    AttributeTable table_;
};

}  // namespace lanner
