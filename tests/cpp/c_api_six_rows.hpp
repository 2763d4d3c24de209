// A small index with attributes of every type, and what its tests ask of it through the C interface.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "c_api_handles.hpp"

namespace c_api_handles {

using Ids = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

inline lanner_column column_of(const char* name, std::int32_t type, const void* values,
                               const std::uint8_t* valid = nullptr) {
    lanner_column column{};
    column.name = name;
    column.type = type;
    column.valid = valid;
    column.values = values;
    return column;
}

inline lanner_column text_column(const char* name, const char* text, const std::int64_t* text_offsets,
                                 const std::uint8_t* valid = nullptr) {
    lanner_column column = column_of(name, LANNER_COLUMN_STRING, nullptr, valid);
    column.text = text;
    column.text_offsets = text_offsets;
    return column;
}

// Six rows of every type, a null in each column, with something in its place that must not be seen:
//
//   year   2018     2020        null  2021      2020       -5
//   score  0.5      -1.25       3     null      3          0
//   open   true     false       true  null      false      true
//   seen   0        1000000     null  a day     -1         1000000
//   city   Oslo     Rome        ""    Osaka     null       Ōtsu
//   tags   [a, b]   []          null  [b]       [a, c, b]  [c]
//   sizes  [1, 2]   [2]         []    null      [3, 2, 1]  [7]
inline std::vector<lanner_column> six_rows() {
    static const std::int64_t year[] = {2018, 2020, 2020, 2021, 2020, -5};
    static const std::uint8_t has_year[] = {1, 1, 0, 1, 1, 1};
    static const double score[] = {0.5, -1.25, 3.0, 9.0, 3.0, 0.0};
    static const std::uint8_t has_score[] = {1, 1, 1, 0, 1, 1};
    static const std::uint8_t open[] = {1, 0, 1, 1, 0, 1};
    static const std::int64_t seen[] = {0, 1'000'000, 1'000'000, 86'400'000'000, -1, 1'000'000};
    static const std::int64_t city_offsets[] = {0, 4, 8, 8, 13, 15, 20};
    static const std::uint8_t has_city[] = {1, 1, 1, 1, 0, 1};
    static const std::int64_t tags_rows[] = {0, 2, 2, 3, 4, 7, 8};
    static const std::int64_t tags_offsets[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const std::int64_t sizes[] = {1, 2, 2, 2, 3, 2, 1, 7};
    static const std::int64_t sizes_rows[] = {0, 2, 3, 3, 4, 7, 8};

    lanner_column tags = text_column("tags", "abbbacbc", tags_offsets, has_year);
    tags.type = LANNER_COLUMN_STRING_LIST;
    tags.row_offsets = tags_rows;
    lanner_column numbers = column_of("sizes", LANNER_COLUMN_INT64_LIST, sizes, has_score);
    numbers.row_offsets = sizes_rows;
    return {column_of("year", LANNER_COLUMN_INT64, year, has_year),
            column_of("score", LANNER_COLUMN_FLOAT64, score, has_score),
            column_of("open", LANNER_COLUMN_BOOL, open, has_score),
            column_of("seen", LANNER_COLUMN_TIMESTAMP, seen, has_year),
            text_column("city", "OsloRomeOsaka\xFF\xFF\xC5\x8Ctsu", city_offsets, has_city),
            tags,
            numbers};
}

// The points 0 .. 5 of a line under ids 100 .. 105, with the six rows.
inline IndexHandle make_six() {
    IndexHandle index = make_index(options_of(2));
    const std::vector<lanner_column> columns = six_rows();
    std::array<float, 12> rows{};
    Ids ids;
    for (std::size_t i = 0; i < 6; ++i) {
        rows[2 * i] = static_cast<float>(i);
        ids.push_back(100 + static_cast<std::int64_t>(i));
    }
    Ids given(6, -7);
    REQUIRE_MESSAGE(lanner_add_items(index.get(), rows.data(), LANNER_FLOAT32, 6, ids.data(), columns.data(),
                                     columns.size(), 1, given.data()) == LANNER_OK,
                    lanner_last_error());
    CHECK(given == ids);
    return index;
}

inline std::string shown_element(const lanner_column& column, std::size_t element) {
    std::ostringstream out;
    if (column.text_offsets != nullptr) {
        out << std::string_view(column.text + column.text_offsets[element],
                                static_cast<std::size_t>(column.text_offsets[element + 1]) -
                                    static_cast<std::size_t>(column.text_offsets[element]));
    } else if (column.type == LANNER_COLUMN_FLOAT64) {
        out << static_cast<const double*>(column.values)[element];
    } else if (column.type == LANNER_COLUMN_BOOL) {
        out << (static_cast<const std::uint8_t*>(column.values)[element] != 0 ? "true" : "false");
    } else {
        out << static_cast<const std::int64_t*>(column.values)[element];
    }
    return out.str();
}

inline std::string shown(const lanner_column& column, std::size_t row) {
    if (column.valid != nullptr && column.valid[row] == 0) return "null";
    if (column.row_offsets == nullptr) return shown_element(column, row);
    std::string list = "[";
    for (std::int64_t at = column.row_offsets[row]; at < column.row_offsets[row + 1]; ++at) {
        list += (list.size() > 1 ? "," : "") + shown_element(column, static_cast<std::size_t>(at));
    }
    return list + "]";
}

inline TableHandle read(const lanner_index* index, const Ids& ids, const std::vector<const char*>& names = {}) {
    lanner_table* table = nullptr;
    REQUIRE_MESSAGE(lanner_attributes(index, ids.data(), ids.size(), names.data(), names.size(), &table) == LANNER_OK,
                    lanner_last_error());
    return TableHandle(table);
}

inline std::vector<lanner_column> columns_of(const lanner_table* table) {
    std::vector<lanner_column> columns(lanner_table_columns(table));
    for (std::size_t at = 0; at < columns.size(); ++at) {
        REQUIRE(lanner_table_column(table, at, &columns[at]) == LANNER_OK);
    }
    return columns;
}

// A line a column: its name, its type, and its values in the items.
inline Strings shown_table(const lanner_index* index, const Ids& ids, const std::vector<const char*>& names = {}) {
    const TableHandle table = read(index, ids, names);
    Strings lines;
    for (const lanner_column& column : columns_of(table.get())) {
        std::string line = std::string(column.name) + " " + std::to_string(column.type) + ":";
        for (std::size_t row = 0; row < ids.size(); ++row) line += " " + shown(column, row);
        lines.push_back(line);
    }
    return lines;
}

inline const Ids kSix = {100, 101, 102, 103, 104, 105};
inline const Strings kSixRows = {
    "year 0: 2018 2020 null 2021 2020 -5",       "score 1: 0.5 -1.25 3 null 3 0",
    "open 2: true false true null false true",   "seen 3: 0 1000000 null 86400000000 -1 1000000",
    "city 4: Oslo Rome  Osaka null \xC5\x8Ctsu", "tags 5: [a,b] [] null [b] [a,c,b] [c]",
    "sizes 6: [1,2] [2] [] null [3,2,1] [7]"};

inline lanner_value value_of(std::int32_t kind, std::int64_t integer) {
    lanner_value value{};
    value.kind = kind;
    value.integer = integer;
    return value;
}
inline lanner_value integer(std::int64_t each) { return value_of(LANNER_VALUE_INT64, each); }
inline lanner_value truth(bool each) { return value_of(LANNER_VALUE_BOOL, each ? 1 : 0); }
inline lanner_value time_of(std::int64_t microseconds) { return value_of(LANNER_VALUE_TIMESTAMP, microseconds); }
inline lanner_value real(double each) {
    lanner_value value = value_of(LANNER_VALUE_FLOAT64, 0);
    value.real = each;
    return value;
}
inline lanner_value text(std::string_view each) {
    lanner_value value = value_of(LANNER_VALUE_STRING, 0);
    value.text = each.data();
    value.text_bytes = each.size();
    return value;
}

inline FilterHandle compare(std::int32_t op, const char* column, const std::vector<lanner_value>& values) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(lanner_filter_create(op, column, values.data(), values.size(), nullptr, 0, &filter) == LANNER_OK,
                    lanner_last_error());
    return FilterHandle(filter);
}

inline FilterHandle join(std::int32_t op, const std::vector<const lanner_filter*>& operands) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(
        lanner_filter_create(op, nullptr, nullptr, 0, operands.data(), operands.size(), &filter) == LANNER_OK,
        lanner_last_error());
    return FilterHandle(filter);
}

inline FilterHandle with_ids(const Ids& ids) {
    lanner_filter* filter = nullptr;
    REQUIRE(lanner_filter_create_ids(ids.data(), ids.size(), &filter) == LANNER_OK);
    return FilterHandle(filter);
}

inline FilterHandle with_mask(const std::vector<std::uint8_t>& admitted) {
    lanner_filter* filter = nullptr;
    REQUIRE(lanner_filter_create_mask(admitted.data(), admitted.size(), &filter) == LANNER_OK);
    return FilterHandle(filter);
}

inline lanner_search_options filtered(const std::vector<const lanner_filter*>& filters, std::int32_t exact = 0) {
    lanner_search_options options{};
    options.struct_size = sizeof(options);
    options.threads = 1;
    options.exact = exact;
    options.filters = filters.data();
    options.filter_count = filters.size();
    return options;
}

inline std::size_t count_of(const lanner_index* index, const FilterHandle& filter) {
    std::size_t count = 0;
    REQUIRE_MESSAGE(lanner_count(index, filter.get(), &count) == LANNER_OK, lanner_last_error());
    return count;
}

// The items that satisfy the filter, listed.
inline Ids listed(const lanner_index* index, const FilterHandle& filter) {
    lanner_ids* raw = nullptr;
    REQUIRE_MESSAGE(lanner_ids_where(index, filter.get(), &raw) == LANNER_OK, lanner_last_error());
    const IdsHandle ids(raw);
    const std::span all(lanner_ids_data(raw), lanner_ids_count(raw));
    return {all.begin(), all.end()};
}

// The items that satisfy the filter, counted, listed and found.
inline Ids matches(const lanner_index* index, const FilterHandle& filter) {
    const std::vector<const lanner_filter*> filters = {filter.get()};
    const lanner_search_options options = filtered(filters, 1);
    const std::array<float, 2> origin = {-1.0F, 0.0F};
    lanner_hits* raw = nullptr;
    REQUIRE_MESSAGE(lanner_search_radius(index, origin.data(), LANNER_FLOAT32, 1, 1e9F, &options, &raw) == LANNER_OK,
                    lanner_last_error());
    const HitsHandle hits(raw);
    const auto found = static_cast<std::size_t>(lanner_hits_offsets(hits.get())[1]);
    CHECK(count_of(index, filter) == found);
    const std::span ids(lanner_hits_ids(hits.get()), found);
    Ids near_first(ids.begin(), ids.end());
    Ids in_order = listed(index, filter);
    CHECK(in_order.size() == found);
    CHECK(std::ranges::is_permutation(in_order, near_first));
    return near_first;
}

inline lanner_status add_one(lanner_index* index, const std::vector<lanner_column>& columns) {
    const std::array<float, 2> row = {50.0F, 0.0F};
    return lanner_add_items(index, row.data(), LANNER_FLOAT32, 1, nullptr, columns.data(), columns.size(), 1, nullptr);
}

}  // namespace c_api_handles
