// Attributes and filters of the C interface.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "c_api/handles.hpp"

namespace {

using lanner::ColumnType;
using lanner::FilterOp;
using namespace lanner::c_api;

static_assert(static_cast<int>(ColumnType::kInt64) == LANNER_COLUMN_INT64 &&
              static_cast<int>(ColumnType::kFloat64) == LANNER_COLUMN_FLOAT64 &&
              static_cast<int>(ColumnType::kBool) == LANNER_COLUMN_BOOL &&
              static_cast<int>(ColumnType::kTimestamp) == LANNER_COLUMN_TIMESTAMP &&
              static_cast<int>(ColumnType::kString) == LANNER_COLUMN_STRING &&
              static_cast<int>(ColumnType::kStringList) == LANNER_COLUMN_STRING_LIST &&
              static_cast<int>(ColumnType::kInt64List) == LANNER_COLUMN_INT64_LIST &&
              lanner::kColumnTypeCount == LANNER_COLUMN_INT64_LIST + 1);
static_assert(static_cast<int>(FilterOp::kAnd) == LANNER_AND && static_cast<int>(FilterOp::kOr) == LANNER_OR &&
              static_cast<int>(FilterOp::kNot) == LANNER_NOT && static_cast<int>(FilterOp::kEqual) == LANNER_EQUAL &&
              static_cast<int>(FilterOp::kNotEqual) == LANNER_NOT_EQUAL &&
              static_cast<int>(FilterOp::kLess) == LANNER_LESS &&
              static_cast<int>(FilterOp::kLessEqual) == LANNER_LESS_EQUAL &&
              static_cast<int>(FilterOp::kGreater) == LANNER_GREATER &&
              static_cast<int>(FilterOp::kGreaterEqual) == LANNER_GREATER_EQUAL &&
              static_cast<int>(FilterOp::kBetween) == LANNER_BETWEEN && static_cast<int>(FilterOp::kIn) == LANNER_IN &&
              static_cast<int>(FilterOp::kContains) == LANNER_CONTAINS &&
              static_cast<int>(FilterOp::kContainsAny) == LANNER_CONTAINS_ANY &&
              static_cast<int>(FilterOp::kContainsAll) == LANNER_CONTAINS_ALL &&
              static_cast<int>(FilterOp::kStartsWith) == LANNER_STARTS_WITH &&
              static_cast<int>(FilterOp::kIsNull) == LANNER_IS_NULL);

// The index checks what the arrays say.
std::vector<lanner::ColumnView> read_columns(const lanner_column* columns, std::size_t count) {
    require_array(columns, count, "columns");
    std::vector<lanner::ColumnView> read;
    read.reserve(count);
    for (const lanner_column& given : std::span(columns, count)) {
        require(given.name, "columns[i].name");
        if (given.type < 0 || given.type >= lanner::kColumnTypeCount) {
            refuse("column \"" + std::string(given.name) + "\": type must be a lanner_column_type, got " +
                   std::to_string(given.type));
        }
        read.push_back({given.name, static_cast<ColumnType>(given.type), given.valid, given.values, given.row_offsets,
                        given.text, given.text_offsets});
    }
    return read;
}

lanner::FilterValue read_value(const lanner_value& value) {
    switch (value.kind) {
        case LANNER_VALUE_INT64:
            return value.integer;
        case LANNER_VALUE_FLOAT64:
            return value.real;
        case LANNER_VALUE_BOOL:
            return value.integer != 0;
        case LANNER_VALUE_TIMESTAMP:
            return lanner::Timestamp{value.integer};
        case LANNER_VALUE_STRING:
            require_array(value.text, value.text_bytes, "values[i].text");
            return std::string(value.text != nullptr ? value.text : "", value.text_bytes);
    }
    refuse("values[i].kind must be a lanner_value_kind, got " + std::to_string(value.kind));
}

lanner::OwnedIds write_items(lanner_index* index, const void* vectors, std::int32_t type, std::size_t count,
                             const lanner::Ids& ids, const lanner_column* columns, std::size_t column_count,
                             std::size_t threads, bool upsert) {
    const lanner::Vectors rows = read_vectors(vectors, type, count, "vectors");
    require_int_ids(index->index);
    const std::vector<lanner::ColumnView> read = read_columns(columns, column_count);
    const lanner::TableView table{count, read};
    lanner::WriteOptions options;
    options.threads = threads;
    return index->index.add(rows, ids, options, upsert, column_count != 0 ? &table : nullptr);
}

// A handle to what `make` returns.
template <typename Make>
lanner_status create(lanner_filter** out, const Make& make) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        *out = new lanner_filter{make()};
    });
}

}  // namespace

lanner_status lanner_add_items(lanner_index* index, const void* vectors, int32_t type, size_t count, const int64_t* ids,
                               const lanner_column* columns, size_t column_count, size_t threads,
                               int64_t* out_ids) noexcept {
    return guarded([&] {
        require(index, "index");
        lanner::Ids wanted;
        if (ids != nullptr) {
            wanted = std::span(ids, count);
        }
        const lanner::OwnedIds given =
            write_items(index, vectors, type, count, wanted, columns, column_count, threads, false);
        if (out_ids != nullptr) {
            std::ranges::copy(std::get<std::vector<std::int64_t>>(given), out_ids);
        }
    });
}

lanner_status lanner_upsert_items(lanner_index* index, const void* vectors, int32_t type, size_t count,
                                  const int64_t* ids, const lanner_column* columns, size_t column_count,
                                  size_t threads) noexcept {
    return guarded([&] {
        require(index, "index");
        require_array(ids, count, "ids");
        write_items(index, vectors, type, count, std::span(ids, count), columns, column_count, threads, true);
    });
}

lanner_status lanner_update_attributes(lanner_index* index, const int64_t* ids, size_t count,
                                       const lanner_column* columns, size_t column_count) noexcept {
    return guarded([&] {
        require(index, "index");
        require_array(ids, count, "ids");
        require_int_ids(index->index);
        const std::vector<lanner::ColumnView> read = read_columns(columns, column_count);
        index->index.update_attributes(std::span(ids, count), lanner::TableView{count, read});
    });
}

lanner_status lanner_attributes(const lanner_index* index, const int64_t* ids, size_t count, const char* const* names,
                                size_t name_count, lanner_table** out) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        require(index, "index");
        require_array(ids, count, "ids");
        require_array(names, name_count, "names");
        require_int_ids(index->index);
        std::vector<std::string> wanted;
        for (const char* const name : std::span(names, name_count)) {
            require(name, "names[i]");
            wanted.emplace_back(name);
        }
        *out = new lanner_table{index->index.attributes(std::span(ids, count), wanted)};
    });
}

size_t lanner_table_columns(const lanner_table* table) noexcept { return table->columns.size(); }

lanner_status lanner_table_column(const lanner_table* table, size_t column, lanner_column* out) noexcept {
    return guarded([&] {
        require(table, "table");
        require(out, "out");
        if (column >= table->columns.size()) {
            refuse("column must be below " + std::to_string(table->columns.size()) + ", got " + std::to_string(column));
        }
        const lanner::OwnedColumn& from = table->columns[column];
        lanner_column answer{};
        answer.name = from.name.c_str();
        answer.type = static_cast<std::int32_t>(from.type);
        answer.valid = from.valid.data();
        switch (from.type) {
            case ColumnType::kFloat64:
                answer.values = from.floats.data();
                break;
            case ColumnType::kBool:
                answer.values = from.bools.data();
                break;
            case ColumnType::kString:
            case ColumnType::kStringList:
                answer.text = from.text.data();
                answer.text_offsets = from.text_offsets.data();
                break;
            default:
                answer.values = from.integers.data();
        }
        if (from.type == ColumnType::kStringList || from.type == ColumnType::kInt64List) {
            answer.row_offsets = from.row_offsets.data();
        }
        *out = answer;
    });
}

void lanner_table_destroy(lanner_table* table) noexcept { delete table; }

lanner_status lanner_filter_create(int32_t op, const char* column, const lanner_value* values, size_t value_count,
                                   const lanner_filter* const* operands, size_t operand_count,
                                   lanner_filter** out) noexcept {
    return create(out, [&] {
        if (op < LANNER_AND || op > LANNER_IS_NULL) {
            refuse("op must be a lanner_filter_op, got " + std::to_string(op));
        }
        require_array(values, value_count, "values");
        require_array(operands, operand_count, "operands");
        if (op > LANNER_NOT) {
            require(column, "column");
        }
        lanner::Filter filter;
        filter.op = static_cast<FilterOp>(op);
        if (column != nullptr) {
            filter.column = column;
        }
        for (const lanner_value& value : std::span(values, value_count)) {
            filter.values.push_back(read_value(value));
        }
        for (const lanner_filter* const operand : std::span(operands, operand_count)) {
            require(operand, "operands[i]");
            filter.operands.push_back(operand->filter);
        }
        return filter;
    });
}

lanner_status lanner_filter_create_ids(const int64_t* ids, size_t count, lanner_filter** out) noexcept {
    return create(out, [&] {
        require_array(ids, count, "ids");
        const std::span given(ids, count);
        lanner::Filter filter;
        filter.op = FilterOp::kIdIn;
        filter.ids = std::vector<std::int64_t>(given.begin(), given.end());
        return filter;
    });
}

lanner_status lanner_filter_create_mask(const uint8_t* admitted, size_t items, lanner_filter** out) noexcept {
    return create(out, [&] {
        require_array(admitted, items, "admitted");
        lanner::Filter filter;
        filter.op = FilterOp::kMask;
        filter.mask = lanner::mask_of(std::span(admitted, items));
        return filter;
    });
}

void lanner_filter_destroy(lanner_filter* filter) noexcept { delete filter; }

lanner_status lanner_count(const lanner_index* index, const lanner_filter* filter, size_t* out) noexcept {
    return guarded([&] {
        require(index, "index");
        require(filter, "filter");
        require(out, "out");
        *out = index->index.count(filter->filter);
    });
}

lanner_status lanner_ids_where(const lanner_index* index, const lanner_filter* filter, lanner_ids** out) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        require(index, "index");
        require(filter, "filter");
        lanner::OwnedIds found = index->index.ids(filter->filter);
        // Beside a writer an index without ids may get strings at any time: what came back tells.
        if (!std::holds_alternative<std::vector<std::int64_t>>(found)) lanner::c_api::require_int_ids(index->index);
        *out = new lanner_ids{std::get<std::vector<std::int64_t>>(std::move(found))};
    });
}

size_t lanner_ids_count(const lanner_ids* ids) noexcept { return ids->ids.size(); }
const int64_t* lanner_ids_data(const lanner_ids* ids) noexcept { return ids->ids.data(); }
void lanner_ids_destroy(lanner_ids* ids) noexcept { delete ids; }

lanner_status lanner_remove_where(lanner_index* index, const lanner_filter* filter, size_t threads,
                                  size_t* removed) noexcept {
    return guarded([&] {
        require(index, "index");
        require(filter, "filter");
        lanner::WriteOptions options;
        options.threads = threads;
        const std::size_t count = index->index.remove(filter->filter, options);
        if (removed != nullptr) {
            *removed = count;
        }
    });
}
