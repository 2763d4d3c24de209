#include "attributes/row_attributes.hpp"

#include "lanner/error.hpp"

namespace lanner {
namespace {

class RowLookup final : public IdLookup {
  public:
    explicit RowLookup(std::size_t rows) : rows_(rows) {}
    Slot find(std::int64_t id) const override {
        return id >= 0 && static_cast<std::uint64_t>(id) < rows_ ? static_cast<Slot>(id) : kNoSlot;
    }
    Slot find(std::string_view) const override {
        throw Error(ErrorKind::kWrongType, "a filter names string ids, and ids are the numbers of rows");
    }
    std::vector<std::uint64_t> slots_of(const ItemMask& mask) const override {
        if (mask.items != rows_)
            throw Error(ErrorKind::kInvalidArgument, "filter must have one entry a row, " + std::to_string(rows_) +
                                                         ", got " + std::to_string(mask.items) + " entries");
        return mask.words;
    }

  private:
    std::size_t rows_;
};

}  // namespace

void RowAttributes::store(const TableView& table) {
    const AttributeTable::Batch batch = table_.read(table, rows_);
    table_.extend(batch);
    for (std::size_t row = 0; row < rows_; ++row) table_.store(static_cast<Slot>(row), batch, row);
}

RowSets RowAttributes::matching(std::span<const Filter> filters, std::size_t queries) const {
    if (filters.size() > 1 && filters.size() != queries)
        throw Error(ErrorKind::kInvalidArgument,
                    "filters must be one for all queries or one a query: " + std::to_string(queries) + " queries, " +
                        std::to_string(filters.size()) + " filters");
    std::vector<std::uint64_t> all(SlotSet::word_count(rows_), ~std::uint64_t{0});
    if (rows_ % 64 != 0) all.back() = (std::uint64_t{1} << (rows_ % 64)) - 1;
    const RowLookup lookup(rows_);
    std::vector<SlotSet> sets;
    for (const Filter& filter : filters) sets.push_back(table_.evaluate(filter, {all, rows_, rows_, &lookup}));
    return RowSets(std::move(sets));
}

}  // namespace lanner
