// The attributes of all items: typed columns, a row a slot, and what answers filters over them.
// Threads: const calls run beside one another; the others exclude every call. What a filter needs beside a column's values
// is made by the first filter that needs it, and kept up to date from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attributes/batch.hpp"
#include "attributes/compiled_filter.hpp"
#include "base/slot.hpp"
#include "base/slot_set.hpp"
#include "lanner/attributes.hpp"
#include "lanner/filter.hpp"
#include "storage/sections.hpp"

namespace lanner {

class Column;

class AttributeTable {
  public:
    using Batch = AttributeBatch;

    AttributeTable();
    ~AttributeTable();

    const Schema& schema() const noexcept { return schema_; }
    bool empty() const noexcept { return schema_.empty(); }
    // A schema that is given takes no further columns. Only while nothing is stored.
    void set_schema(Schema schema);
    bool is_fixed() const noexcept { return fixed_; }
    // The columns of another table, and whether they were given. Only while nothing is stored.
    void take_schema(const AttributeTable& other);
    void swap(AttributeTable& other) noexcept;

    // Checks rows without changing anything; the batch borrows the table's arrays.
    Batch read(const TableView& table, std::size_t rows) const { return {table, rows, schema_, fixed_}; }
    Schema schema_after(const Batch& batch) const;
    // Adds the columns of the batch that are not there yet; rows stored before have null. Before store() and update().
    void extend(const Batch& batch);
    // Takes back what extend() added: columns from this one on, and all that is in them.
    void drop_columns(std::size_t first) noexcept;

    // Room for slots below `slots`; new rows are null.
    void grow(std::size_t slots);
    // Writes a row to a slot that holds nothing. Strong guarantee, as for update() as a whole and copy_row().
    void store(Slot slot, const Batch& batch, std::size_t row);
    // Row i of the batch goes to slots[i]; columns that the batch lacks stay as they are.
    void update(std::span<const Slot> slots, const Batch& batch);
    // `to` gets the attributes of `from` in place of its own.
    void copy_row(Slot from, Slot to);
    void erase(Slot slot) noexcept;
    // Takes the row of one slot to another, which holds nothing. Needs no preparation but grow().
    void move(Slot from, Slot to) noexcept;

    // Columns by name, or all where there are no names. The row of kNoSlot is null.
    std::vector<OwnedColumn> get(std::span<const Slot> slots, std::span<const std::string> names) const;

    // Throws Error for a filter that makes no sense for these columns. What it gives holds until the
    // next change. Ids are looked up where `ids` is given.
    CompiledFilter compile(const Filter& filter, const IdLookup* ids = nullptr) const;
    void check(const Filter& filter) const { compile(filter); }
    // How many of `live_count` items match: bounds, from counts alone. Rows that are stored and not live yet count too.
    Bounds estimate(const CompiledFilter& filter, std::size_t live_count) const;
    Bounds estimate(const Filter& filter, std::size_t live_count) const {
        return estimate(compile(filter), live_count);
    }
    SlotSet evaluate(const CompiledFilter& filter, const Live& live) const;
    SlotSet evaluate(const Filter& filter, const Live& live) const { return evaluate(compile(filter, live.ids), live); }
    // Whether the item at one slot matches.
    bool matches(const CompiledFilter& filter, Slot slot) const noexcept;

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t slots) const;
    // Into an empty table.
    void load(const SectionReader& reader, std::size_t slots);

  private:
    void add_column(const ColumnSpec& spec);
    const Column& column(std::string_view name) const;

    Schema schema_;
    bool fixed_ = false;
    bool stored_ = false;
    std::size_t slots_ = 0;
    std::vector<std::unique_ptr<Column>> columns_;
};

}  // namespace lanner
