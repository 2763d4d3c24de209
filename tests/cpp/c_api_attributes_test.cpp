// Attributes and filters of the C interface: what goes in comes back, and answers worked out by hand.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "c_api_handles.hpp"
#include "lanner/index.hpp"
#include "lanner/lanner.h"

namespace {

using namespace c_api_handles;

using Ids = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

lanner_column column_of(const char* name, std::int32_t type, const void* values, const std::uint8_t* valid = nullptr) {
    lanner_column column{};
    column.name = name;
    column.type = type;
    column.valid = valid;
    column.values = values;
    return column;
}

lanner_column text_column(const char* name, const char* text, const std::int64_t* text_offsets,
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
std::vector<lanner_column> six_rows() {
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
IndexHandle make_six() {
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

std::string shown_element(const lanner_column& column, std::size_t element) {
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

std::string shown(const lanner_column& column, std::size_t row) {
    if (column.valid != nullptr && column.valid[row] == 0) return "null";
    if (column.row_offsets == nullptr) return shown_element(column, row);
    std::string list = "[";
    for (std::int64_t at = column.row_offsets[row]; at < column.row_offsets[row + 1]; ++at) {
        list += (list.size() > 1 ? "," : "") + shown_element(column, static_cast<std::size_t>(at));
    }
    return list + "]";
}

TableHandle read(const lanner_index* index, const Ids& ids, const std::vector<const char*>& names = {}) {
    lanner_table* table = nullptr;
    REQUIRE_MESSAGE(lanner_attributes(index, ids.data(), ids.size(), names.data(), names.size(), &table) == LANNER_OK,
                    lanner_last_error());
    return TableHandle(table);
}

std::vector<lanner_column> columns_of(const lanner_table* table) {
    std::vector<lanner_column> columns(lanner_table_columns(table));
    for (std::size_t at = 0; at < columns.size(); ++at) {
        REQUIRE(lanner_table_column(table, at, &columns[at]) == LANNER_OK);
    }
    return columns;
}

// A line a column: its name, its type, and its values in the items.
Strings shown_table(const lanner_index* index, const Ids& ids, const std::vector<const char*>& names = {}) {
    const TableHandle table = read(index, ids, names);
    Strings lines;
    for (const lanner_column& column : columns_of(table.get())) {
        std::string line = std::string(column.name) + " " + std::to_string(column.type) + ":";
        for (std::size_t row = 0; row < ids.size(); ++row) line += " " + shown(column, row);
        lines.push_back(line);
    }
    return lines;
}

const Ids kSix = {100, 101, 102, 103, 104, 105};
const Strings kSixRows = {"year 0: 2018 2020 null 2021 2020 -5",       "score 1: 0.5 -1.25 3 null 3 0",
                          "open 2: true false true null false true",   "seen 3: 0 1000000 null 86400000000 -1 1000000",
                          "city 4: Oslo Rome  Osaka null \xC5\x8Ctsu", "tags 5: [a,b] [] null [b] [a,c,b] [c]",
                          "sizes 6: [1,2] [2] [] null [3,2,1] [7]"};

lanner_value value_of(std::int32_t kind, std::int64_t integer) {
    lanner_value value{};
    value.kind = kind;
    value.integer = integer;
    return value;
}
lanner_value integer(std::int64_t each) { return value_of(LANNER_VALUE_INT64, each); }
lanner_value truth(bool each) { return value_of(LANNER_VALUE_BOOL, each ? 1 : 0); }
lanner_value time_of(std::int64_t microseconds) { return value_of(LANNER_VALUE_TIMESTAMP, microseconds); }
lanner_value real(double each) {
    lanner_value value = value_of(LANNER_VALUE_FLOAT64, 0);
    value.real = each;
    return value;
}
lanner_value text(std::string_view each) {
    lanner_value value = value_of(LANNER_VALUE_STRING, 0);
    value.text = each.data();
    value.text_bytes = each.size();
    return value;
}

FilterHandle compare(std::int32_t op, const char* column, const std::vector<lanner_value>& values) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(lanner_filter_create(op, column, values.data(), values.size(), nullptr, 0, &filter) == LANNER_OK,
                    lanner_last_error());
    return FilterHandle(filter);
}

FilterHandle join(std::int32_t op, const std::vector<const lanner_filter*>& operands) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(
        lanner_filter_create(op, nullptr, nullptr, 0, operands.data(), operands.size(), &filter) == LANNER_OK,
        lanner_last_error());
    return FilterHandle(filter);
}

FilterHandle with_ids(const Ids& ids) {
    lanner_filter* filter = nullptr;
    REQUIRE(lanner_filter_create_ids(ids.data(), ids.size(), &filter) == LANNER_OK);
    return FilterHandle(filter);
}

FilterHandle with_mask(const std::vector<std::uint8_t>& admitted) {
    lanner_filter* filter = nullptr;
    REQUIRE(lanner_filter_create_mask(admitted.data(), admitted.size(), &filter) == LANNER_OK);
    return FilterHandle(filter);
}

lanner_search_options filtered(const std::vector<const lanner_filter*>& filters, std::int32_t exact = 0) {
    lanner_search_options options{};
    options.struct_size = sizeof(options);
    options.threads = 1;
    options.exact = exact;
    options.filters = filters.data();
    options.filter_count = filters.size();
    return options;
}

std::size_t count_of(const lanner_index* index, const FilterHandle& filter) {
    std::size_t count = 0;
    REQUIRE_MESSAGE(lanner_count(index, filter.get(), &count) == LANNER_OK, lanner_last_error());
    return count;
}

// The items that satisfy the filter, counted and found.
Ids matches(const lanner_index* index, const FilterHandle& filter) {
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
    return {ids.begin(), ids.end()};
}

lanner_status add_one(lanner_index* index, const std::vector<lanner_column>& columns) {
    const std::array<float, 2> row = {50.0F, 0.0F};
    return lanner_add_items(index, row.data(), LANNER_FLOAT32, 1, nullptr, columns.data(), columns.size(), 1, nullptr);
}

}  // namespace

TEST_CASE("attributes of every type come back, all of them or by name, in the order asked for") {
    const IndexHandle index = make_six();
    CHECK(shown_table(index.get(), kSix) == kSixRows);
    CHECK(shown_table(index.get(), {105, 102, 100}, {"sizes", "city", "year"}) ==
          Strings{"sizes 6: [7] [] [1,2]", "city 4: \xC5\x8Ctsu  Oslo", "year 0: -5 null 2018"});
    CHECK(shown_table(index.get(), {}, {"tags"}) == Strings{"tags 5:"});
    CHECK(lanner_table_columns(read(make_line(2).get(), {101}).get()) == 0);
}

TEST_CASE("what was read can be handed in again, and items without columns are all nulls") {
    const IndexHandle index = make_six();
    const TableHandle table = read(index.get(), kSix);
    const std::vector<lanner_column> columns = columns_of(table.get());
    const IndexHandle other = make_line(1);
    const std::array<float, 12> rows{};
    Ids given(6);
    REQUIRE_MESSAGE(lanner_add_items(other.get(), rows.data(), LANNER_FLOAT32, 6, nullptr, columns.data(),
                                     columns.size(), 1, given.data()) == LANNER_OK,
                    lanner_last_error());
    CHECK(shown_table(other.get(), given) == kSixRows);
    CHECK(shown_table(other.get(), {100}, {"year", "city", "tags"}) ==
          Strings{"year 0: null", "city 4: null", "tags 5: null"});
    REQUIRE(add_one(other.get(), {}) == LANNER_OK);
    CHECK(count_of(other.get(), compare(LANNER_IS_NULL, "sizes", {})) == 3);
    CHECK(lanner_add_items(other.get(), nullptr, LANNER_FLOAT32, 0, nullptr, nullptr, 0, 1, nullptr) == LANNER_OK);
    CHECK(size_of(other.get()) == 8);
}

TEST_CASE("every operation holds for the items that it should") {
    const IndexHandle index = make_six();
    struct Case {
        std::int32_t op;
        const char* column;
        std::vector<lanner_value> values;
        Ids expected;
    };
    const std::vector<Case> cases = {
        {LANNER_EQUAL, "year", {integer(2020)}, {101, 104}},
        {LANNER_NOT_EQUAL, "year", {integer(2020)}, {100, 103, 105}},
        {LANNER_LESS, "year", {integer(2020)}, {100, 105}},
        {LANNER_LESS_EQUAL, "year", {integer(2020)}, {100, 101, 104, 105}},
        {LANNER_GREATER, "year", {integer(2020)}, {103}},
        {LANNER_GREATER_EQUAL, "year", {integer(2020)}, {101, 103, 104}},
        {LANNER_BETWEEN, "year", {integer(2018), integer(2020)}, {100, 101, 104}},
        {LANNER_IN, "year", {integer(2021), integer(7), integer(-5)}, {103, 105}},
        {LANNER_IN, "year", {}, {}},
        {LANNER_IS_NULL, "year", {}, {102}},
        {LANNER_EQUAL, "year", {real(2020.0)}, {101, 104}},
        {LANNER_GREATER, "year", {real(2020.5)}, {103}},
        {LANNER_GREATER, "score", {real(0.25)}, {100, 102, 104}},
        {LANNER_EQUAL, "score", {integer(3)}, {102, 104}},
        {LANNER_LESS, "score", {integer(0)}, {101}},
        {LANNER_EQUAL, "open", {truth(true)}, {100, 102, 105}},
        {LANNER_NOT_EQUAL, "open", {truth(true)}, {101, 104}},
        {LANNER_IN, "open", {truth(false)}, {101, 104}},
        {LANNER_LESS, "seen", {time_of(1'000'000)}, {100, 104}},
        {LANNER_BETWEEN, "seen", {time_of(0), time_of(1'000'000)}, {100, 101, 105}},
        {LANNER_EQUAL, "seen", {text("1970-01-02")}, {103}},
        {LANNER_EQUAL, "city", {text(std::string_view("Rometta", 4))}, {101}},
        {LANNER_EQUAL, "city", {text({})}, {102}},
        {LANNER_LESS, "city", {text("Osl")}, {102, 103}},
        {LANNER_GREATER, "city", {text("Rome")}, {105}},
        {LANNER_IN, "city", {text("Oslo"), text("\xC5\x8Ctsu")}, {100, 105}},
        {LANNER_STARTS_WITH, "city", {text("Os")}, {100, 103}},
        {LANNER_IS_NULL, "city", {}, {104}},
        {LANNER_CONTAINS, "tags", {text("a")}, {100, 104}},
        {LANNER_CONTAINS_ANY, "tags", {text("a"), text("c")}, {100, 104, 105}},
        {LANNER_CONTAINS_ANY, "tags", {}, {}},
        {LANNER_CONTAINS_ALL, "tags", {text("a"), text("c")}, {104}},
        {LANNER_CONTAINS_ALL, "tags", {}, {100, 101, 103, 104, 105}},
        {LANNER_IS_NULL, "tags", {}, {102}},
        {LANNER_CONTAINS, "sizes", {integer(2)}, {100, 101, 104}},
        {LANNER_CONTAINS_ANY, "sizes", {integer(3), integer(7)}, {104, 105}},
        {LANNER_CONTAINS_ALL, "sizes", {integer(1), integer(2)}, {100, 104}},
        {LANNER_IS_NULL, "sizes", {}, {103}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.op);
        CAPTURE(each.column);
        CHECK(matches(index.get(), compare(each.op, each.column, each.values)) == each.expected);
    }
}

TEST_CASE("and, or and not join conditions, within one another too") {
    const IndexHandle index = make_six();
    const FilterHandle early = compare(LANNER_LESS_EQUAL, "year", {integer(2020)});
    const FilterHandle in_2020 = compare(LANNER_EQUAL, "year", {integer(2020)});
    const FilterHandle open = compare(LANNER_EQUAL, "open", {truth(true)});
    const FilterHandle has_a = compare(LANNER_CONTAINS, "tags", {text("a")});
    const FilterHandle no_year = compare(LANNER_IS_NULL, "year", {});
    const FilterHandle no_sizes = compare(LANNER_IS_NULL, "sizes", {});
    CHECK(matches(index.get(), join(LANNER_AND, {})) == kSix);
    CHECK(matches(index.get(), join(LANNER_OR, {})).empty());
    CHECK(matches(index.get(), join(LANNER_AND, {early.get(), open.get()})) == Ids{100, 105});
    CHECK(matches(index.get(), join(LANNER_OR, {in_2020.get(), no_year.get()})) == Ids{101, 102, 104});
    CHECK(matches(index.get(), join(LANNER_NOT, {in_2020.get()})) == Ids{100, 102, 103, 105});

    const FilterHandle either = join(LANNER_OR, {has_a.get(), no_year.get()});
    const FilterHandle neither = join(LANNER_NOT, {either.get()});
    const FilterHandle has_sizes = join(LANNER_NOT, {no_sizes.get()});
    CHECK(matches(index.get(), join(LANNER_AND, {neither.get(), has_sizes.get()})) == Ids{101, 105});
}

TEST_CASE("a filter names ids or marks items, alone and within others") {
    const IndexHandle index = make_six();
    const FilterHandle some = with_ids({104, 999, 100, 104});
    CHECK(matches(index.get(), some) == Ids{100, 104});
    CHECK(matches(index.get(), with_ids({})).empty());
    const FilterHandle marked = with_mask({0, 1, 0, 0, 255, 1});
    CHECK(matches(index.get(), marked) == Ids{101, 104, 105});
    CHECK(matches(index.get(), join(LANNER_AND, {some.get(), marked.get()})) == Ids{104});
    CHECK(matches(index.get(), join(LANNER_NOT, {marked.get()})) == Ids{100, 102, 103});

    // More items than a word has bits, and places that move up when an item goes.
    const IndexHandle line = make_line(130);
    std::vector<std::uint8_t> admitted(130, 0);
    for (const std::size_t place : {0U, 63U, 64U, 127U, 129U}) admitted[place] = 1;
    CHECK(matches(line.get(), with_mask(admitted)) == Ids{100, 163, 164, 227, 229});
    const std::int64_t gone = 110;
    REQUIRE(lanner_remove(line.get(), &gone, 1, 1) == LANNER_OK);
    admitted.pop_back();
    CHECK(matches(line.get(), with_mask(admitted)) == Ids{100, 164, 165, 228});
}

TEST_CASE("every hit of a search satisfies the filter of its query") {
    const IndexHandle index = make_six();
    const FilterHandle in_2020 = compare(LANNER_EQUAL, "year", {integer(2020)});
    const FilterHandle open = compare(LANNER_EQUAL, "open", {truth(true)});
    const std::vector<const lanner_filter*> one = {open.get()};
    const std::vector<const lanner_filter*> two = {in_2020.get(), open.get()};
    const std::array<float, 4> queries = {1.25F, 0.0F, 4.0F, 0.0F};
    std::array<std::int64_t, 6> ids{};
    std::array<float, 6> distances{};
    std::array<std::int64_t, 2> counts{};
    for (const std::int32_t exact : {0, 1}) {
        CAPTURE(exact);
        const auto search = [&](const lanner_search_options& options) {
            return lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 2, 3, &options, ids.data(),
                                 distances.data(), counts.data());
        };
        REQUIRE_MESSAGE(search(filtered(one, exact)) == LANNER_OK, lanner_last_error());
        CHECK(ids == std::array<std::int64_t, 6>{102, 100, 105, 105, 102, 100});
        CHECK(distances == std::array<float, 6>{0.5625F, 1.5625F, 14.0625F, 1.0F, 4.0F, 16.0F});
        CHECK(counts == std::array<std::int64_t, 2>{3, 3});
        REQUIRE_MESSAGE(search(filtered(two, exact)) == LANNER_OK, lanner_last_error());
        CHECK(ids == std::array<std::int64_t, 6>{101, 104, -1, 105, 102, 100});
        CHECK(counts == std::array<std::int64_t, 2>{2, 3});
        REQUIRE_MESSAGE(search(filtered({}, exact)) == LANNER_OK, lanner_last_error());
        CHECK(ids == std::array<std::int64_t, 6>{101, 102, 100, 104, 103, 105});
    }
}

TEST_CASE("a radius search keeps to its filters") {
    const IndexHandle index = make_six();
    const FilterHandle in_2020 = compare(LANNER_EQUAL, "year", {integer(2020)});
    const FilterHandle open = compare(LANNER_EQUAL, "open", {truth(true)});
    const std::array<float, 4> queries = {1.0F, 0.0F, 4.0F, 0.0F};
    const auto within_two = [&](const std::vector<const lanner_filter*>& filters, std::int32_t exact) {
        const lanner_search_options options = filtered(filters, exact);
        lanner_hits* raw = nullptr;
        REQUIRE_MESSAGE(
            lanner_search_radius(index.get(), queries.data(), LANNER_FLOAT32, 2, 4.0F, &options, &raw) == LANNER_OK,
            lanner_last_error());
        const HitsHandle hits(raw);
        const std::int64_t* const offsets = lanner_hits_offsets(hits.get());
        const std::int64_t* const ids = lanner_hits_ids(hits.get());
        return std::vector<Ids>{{ids, ids + offsets[1]}, {ids + offsets[1], ids + offsets[2]}};
    };
    for (const std::int32_t exact : {0, 1}) {
        CAPTURE(exact);
        CHECK(within_two({open.get()}, exact) == std::vector<Ids>{{100, 102}, {105, 102}});
        CHECK(within_two({in_2020.get(), open.get()}, exact) == std::vector<Ids>{{101}, {105, 102}});
        CHECK(within_two({open.get(), in_2020.get()}, exact) == std::vector<Ids>{{100, 102}, {104}});
    }
}

TEST_CASE("filters that do not fit the queries are refused, and nothing is written") {
    const IndexHandle index = make_six();
    const FilterHandle open = compare(LANNER_EQUAL, "open", {truth(true)});
    const FilterHandle elsewhere = compare(LANNER_EQUAL, "street", {integer(1)});
    const std::array<float, 6> queries{};
    const char* words = "";
    std::vector<const lanner_filter*> filters;
    lanner_search_options options{};
    SUBCASE("fewer than queries") {
        filters = {open.get(), open.get()};
        options = filtered(filters);
        words = "3 queries, 2 filters";
    }
    SUBCASE("more than queries") {
        filters = {open.get(), open.get(), open.get(), open.get()};
        options = filtered(filters);
        words = "3 queries, 4 filters";
    }
    SUBCASE("null in the place of one") {
        filters = {open.get(), nullptr, open.get()};
        options = filtered(filters);
        words = "options.filters[i] must not be null";
    }
    SUBCASE("null in the place of the only one") {
        filters = {nullptr};
        options = filtered(filters);
        words = "options.filters[i] must not be null";
    }
    SUBCASE("null in the place of all") {
        options = filtered({});
        options.filters = nullptr;
        options.filter_count = 1;
        words = "options.filters must not be null";
    }
    SUBCASE("a column that is not there") {
        filters = {open.get(), open.get(), elsewhere.get()};
        options = filtered(filters);
        words = "there is no column 'street'";
    }
    SUBCASE("a column that is not there, for all queries") {
        filters = {elsewhere.get()};
        options = filtered(filters);
        words = "there is no column 'street'";
    }
    std::array<std::int64_t, 3> ids = {-7, -7, -7};
    std::array<float, 3> distances = {-7.0F, -7.0F, -7.0F};
    std::array<std::int64_t, 3> counts = {-7, -7, -7};
    CHECK(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 3, 1, &options, ids.data(), distances.data(),
                        counts.data()) == LANNER_INVALID_ARGUMENT);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(ids == std::array<std::int64_t, 3>{-7, -7, -7});
    CHECK(distances == std::array<float, 3>{-7.0F, -7.0F, -7.0F});
    CHECK(counts == std::array<std::int64_t, 3>{-7, -7, -7});
    auto* hits = reinterpret_cast<lanner_hits*>(std::uintptr_t{1});
    CHECK(lanner_search_radius(index.get(), queries.data(), LANNER_FLOAT32, 3, 1.0F, &options, &hits) ==
          LANNER_INVALID_ARGUMENT);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(hits == nullptr);
}

TEST_CASE("search options of an older size know no filters, whatever lies behind them") {
    const IndexHandle index = make_six();
    const std::array<float, 2> query = {1.25F, 0.0F};
    lanner_search_options options{};
    options.struct_size = offsetof(lanner_search_options, filters);
    options.threads = 1;
    options.filters = reinterpret_cast<const lanner_filter* const*>(std::uintptr_t{1});
    options.filter_count = 77;
    std::array<std::int64_t, 2> ids{};
    std::array<float, 2> distances{};
    const auto search = [&] {
        return lanner_search(index.get(), query.data(), LANNER_FLOAT32, 1, 2, &options, ids.data(), distances.data(),
                             nullptr);
    };
    REQUIRE_MESSAGE(search() == LANNER_OK, lanner_last_error());
    CHECK(ids == std::array<std::int64_t, 2>{101, 102});
    lanner_hits* raw = nullptr;
    REQUIRE(lanner_search_radius(index.get(), query.data(), LANNER_FLOAT32, 1, 1.0F, &options, &raw) == LANNER_OK);
    const HitsHandle hits(raw);
    CHECK(lanner_hits_offsets(hits.get())[1] == 2);
    options.recall = 1.5;  // the last field that the caller knows is read
    CHECK(search() == LANNER_INVALID_ARGUMENT);
    CHECK_MESSAGE(last_error_says("recall"), lanner_last_error());
}

TEST_CASE("an upsert with columns replaces all attributes, one without keeps them") {
    const IndexHandle index = make_six();
    const Ids ids = {101, 200};
    const std::array<float, 4> moved = {-50.0F, 0.0F, 70.0F, 0.0F};
    const std::array<std::int64_t, 2> years = {1999, 1998};
    const std::vector<lanner_column> columns = {column_of("year", LANNER_COLUMN_INT64, years.data())};
    REQUIRE_MESSAGE(lanner_upsert_items(index.get(), moved.data(), LANNER_FLOAT32, 2, ids.data(), columns.data(), 1,
                                        1) == LANNER_OK,
                    lanner_last_error());
    CHECK(size_of(index.get()) == 7);
    CHECK(nearest(index.get(), {-49.0F, 0.0F}) == 101);
    const Strings replaced = {"year 0: 1999 1998", "score 1: null null", "open 2: null null", "seen 3: null null",
                              "city 4: null null", "tags 5: null null",  "sizes 6: null null"};
    CHECK(shown_table(index.get(), ids) == replaced);

    const Ids kept = {104, 105};
    const std::array<float, 4> again = {-90.0F, 0.0F, 90.0F, 0.0F};
    REQUIRE(lanner_upsert_items(index.get(), again.data(), LANNER_FLOAT32, 2, kept.data(), nullptr, 0, 1) == LANNER_OK);
    CHECK(nearest(index.get(), {-80.0F, 0.0F}) == 104);
    CHECK(nearest(index.get(), {80.0F, 0.0F}) == 105);
    CHECK(shown_table(index.get(), kept, {"year", "tags"}) == Strings{"year 0: 2020 -5", "tags 5: [a,c,b] [c]"});
    CHECK(matches(index.get(), compare(LANNER_LESS, "year", {integer(2000)})) == Ids{101, 200, 105});
}

TEST_CASE("an update changes the columns that it gives, of its items alone") {
    const IndexHandle index = make_six();
    const Ids ids = {105, 100};
    const std::array<std::int64_t, 2> years = {1999, 0};
    const std::array<std::uint8_t, 2> has_year = {1, 0};
    const std::array<std::int64_t, 3> note_offsets = {2, 2, 5};
    const std::vector<lanner_column> columns = {column_of("year", LANNER_COLUMN_INT64, years.data(), has_year.data()),
                                                text_column("note", "xxnewxx", note_offsets.data())};
    REQUIRE_MESSAGE(lanner_update_attributes(index.get(), ids.data(), 2, columns.data(), 2) == LANNER_OK,
                    lanner_last_error());
    Strings rows = kSixRows;
    rows[0] = "year 0: null 2020 null 2021 2020 1999";
    rows.emplace_back("note 4: new null null null null ");
    CHECK(shown_table(index.get(), kSix) == rows);
    CHECK(matches(index.get(), compare(LANNER_LESS, "year", {integer(2020)})) == Ids{105});
    CHECK(nearest(index.get(), {4.9F, 0.0F}) == 105);

    const Ids not_all = {101, 999};
    CHECK(lanner_update_attributes(index.get(), not_all.data(), 2, columns.data(), 2) == LANNER_NOT_FOUND);
    CHECK_MESSAGE(last_error_says("999"), lanner_last_error());
    CHECK(shown_table(index.get(), kSix) == rows);
}

TEST_CASE("a batch with bad attributes leaves the index as it was") {
    const IndexHandle index = make_six();
    const Ids ids = {100, 300};
    const Ids there = {100, 101};
    const std::array<float, 4> rows = {-50.0F, 0.0F, 70.0F, 0.0F};
    const std::array<std::int64_t, 2> numbers = {1, 2};
    const std::array<std::int64_t, 3> offsets = {0, 1, 2};
    const std::vector<lanner_column> columns = {column_of("fresh", LANNER_COLUMN_INT64, numbers.data()),
                                                column_of("year", LANNER_COLUMN_INT64, numbers.data()),
                                                text_column("city", "a\xFF", offsets.data())};
    CHECK(lanner_add_items(index.get(), rows.data(), LANNER_FLOAT32, 2, nullptr, columns.data(), 3, 1, nullptr) ==
          LANNER_INVALID_ARGUMENT);
    CHECK_MESSAGE(last_error_says("column 'city' has a string that is not UTF-8 at row 1"), lanner_last_error());
    CHECK(lanner_upsert_items(index.get(), rows.data(), LANNER_FLOAT32, 2, ids.data(), columns.data(), 3, 1) ==
          LANNER_INVALID_ARGUMENT);
    CHECK(lanner_update_attributes(index.get(), there.data(), 2, columns.data(), 3) == LANNER_INVALID_ARGUMENT);
    CHECK(size_of(index.get()) == 6);
    CHECK(nearest(index.get(), {-50.0F, 0.0F}) == 100);
    std::array<float, 2> stored{};
    REQUIRE(lanner_get(index.get(), ids.data(), 1, stored.data(), sizeof(stored)) == LANNER_OK);
    CHECK(stored == std::array<float, 2>{0.0F, 0.0F});
    CHECK(shown_table(index.get(), kSix) == kSixRows);
}

TEST_CASE("a column that is not sound is refused with the reason") {
    const IndexHandle index = make_six();
    const std::int64_t number = 1;
    const std::array<std::int64_t, 2> one = {0, 1};
    const std::array<std::int64_t, 2> falling = {1, 0};
    const std::array<std::int64_t, 2> negative = {-1, 0};
    lanner_column column = text_column("new", "a", one.data());
    lanner_column list = column_of("list", LANNER_COLUMN_INT64_LIST, &number);
    lanner_status expected = LANNER_INVALID_ARGUMENT;
    const char* words = "";
    std::vector<lanner_column> columns;
    SUBCASE("no name") {
        column.name = nullptr;
        words = "columns[i].name must not be null";
    }
    SUBCASE("an empty name") {
        column.name = "";
        words = "needs a name";
    }
    SUBCASE("a name that is not UTF-8") {
        column.name = "\xFF";
        words = "needs a name, in UTF-8";
    }
    SUBCASE("a type too large") {
        column.type = LANNER_COLUMN_INT64_LIST + 1;
        words = "column \"new\": type must be a lanner_column_type, got 7";
    }
    SUBCASE("a type too small") {
        column.type = -1;
        words = "type must be a lanner_column_type, got -1";
    }
    SUBCASE("text offsets that fall") {
        column.text_offsets = falling.data();
        words = "column \"new\": text_offsets must not fall";
    }
    SUBCASE("text offsets below 0") {
        column.text_offsets = negative.data();
        words = "text_offsets must not fall, and begin at 0 or more";
    }
    SUBCASE("no text offsets") {
        column.text_offsets = nullptr;
        words = "column \"new\": text_offsets must not be null";
    }
    SUBCASE("no text") {
        column.text = nullptr;
        words = "column \"new\": text must not be null";
    }
    SUBCASE("text that is not UTF-8") {
        column.text = "\x80";
        words = "column 'new' has a string that is not UTF-8 at row 0";
    }
    SUBCASE("no values") {
        column = column_of("new", LANNER_COLUMN_FLOAT64, nullptr);
        words = "column \"new\": values must not be null";
    }
    SUBCASE("no row offsets") {
        column = list;
        words = "column \"list\": row_offsets must not be null";
    }
    SUBCASE("row offsets that fall") {
        column = list;
        column.row_offsets = falling.data();
        words = "column \"list\": row_offsets must not fall";
    }
    SUBCASE("row offsets below 0") {
        column = list;
        column.row_offsets = negative.data();
        words = "column \"list\": row_offsets must not fall, and begin at 0 or more";
    }
    SUBCASE("elements without values") {
        column = list;
        column.row_offsets = one.data();
        column.values = nullptr;
        words = "column \"list\": values must not be null";
    }
    SUBCASE("strings of a list that fall") {
        column.type = LANNER_COLUMN_STRING_LIST;
        column.row_offsets = one.data();
        column.text_offsets = falling.data();
        words = "column \"new\": text_offsets must not fall";
    }
    SUBCASE("twice the same column") {
        columns = {column};
        words = "column 'new' comes twice";
    }
    SUBCASE("another type than the index has") {
        column.name = "year";
        expected = LANNER_WRONG_TYPE;
        words = "column 'year' is int64, got string";
    }
    columns.push_back(column);
    const Ids ids = {100};
    const std::array<float, 2> row = {-50.0F, 0.0F};
    CHECK(add_one(index.get(), columns) == expected);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(lanner_upsert_items(index.get(), row.data(), LANNER_FLOAT32, 1, ids.data(), columns.data(), columns.size(),
                              1) == expected);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(lanner_update_attributes(index.get(), ids.data(), 1, columns.data(), columns.size()) == expected);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(size_of(index.get()) == 6);
    CHECK(shown_table(index.get(), kSix) == kSixRows);
}

TEST_CASE("calls on attributes say which pointer must not be null, and what they do not find") {
    const IndexHandle index = make_six();
    const std::array<float, 2> row = {1.0F, 1.0F};
    const std::int64_t id = 100;
    const std::vector<lanner_column> columns = six_rows();
    const auto refused = [](lanner_status status, const char* words) {
        CHECK(status == LANNER_INVALID_ARGUMENT);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    };
    refused(lanner_add_items(nullptr, row.data(), LANNER_FLOAT32, 1, nullptr, nullptr, 0, 1, nullptr), "index");
    refused(lanner_add_items(index.get(), nullptr, LANNER_FLOAT32, 1, nullptr, nullptr, 0, 1, nullptr), "vectors");
    refused(lanner_add_items(index.get(), row.data(), LANNER_FLOAT32, 1, nullptr, nullptr, 1, 1, nullptr), "columns");
    refused(lanner_upsert_items(nullptr, row.data(), LANNER_FLOAT32, 1, &id, nullptr, 0, 1), "index");
    refused(lanner_upsert_items(index.get(), row.data(), LANNER_FLOAT32, 1, nullptr, nullptr, 0, 1), "ids");
    refused(lanner_upsert_items(index.get(), row.data(), LANNER_FLOAT32, 1, &id, nullptr, 2, 1), "columns");
    refused(lanner_update_attributes(nullptr, &id, 1, columns.data(), 1), "index");
    refused(lanner_update_attributes(index.get(), nullptr, 1, columns.data(), 1), "ids");
    refused(lanner_update_attributes(index.get(), &id, 1, nullptr, 1), "columns");

    const char* names[] = {"year", nullptr};
    auto* table = reinterpret_cast<lanner_table*>(std::uintptr_t{1});
    refused(lanner_attributes(nullptr, &id, 1, nullptr, 0, &table), "index");
    CHECK(table == nullptr);
    refused(lanner_attributes(index.get(), nullptr, 1, nullptr, 0, &table), "ids");
    refused(lanner_attributes(index.get(), &id, 1, nullptr, 1, &table), "names must not be null");
    refused(lanner_attributes(index.get(), &id, 1, names, 2, &table), "names[i] must not be null");
    refused(lanner_attributes(index.get(), &id, 1, nullptr, 0, nullptr), "out");
    names[1] = "street";
    refused(lanner_attributes(index.get(), &id, 1, names, 2, &table), "there is no column 'street'");
    const std::int64_t missing = 999;
    CHECK(lanner_attributes(index.get(), &missing, 1, nullptr, 0, &table) == LANNER_NOT_FOUND);
    CHECK_MESSAGE(last_error_says("999"), lanner_last_error());
    CHECK(table == nullptr);

    const TableHandle whole = read(index.get(), kSix);
    lanner_column column = column_of("untouched", LANNER_COLUMN_BOOL, nullptr);
    refused(lanner_table_column(nullptr, 0, &column), "table");
    refused(lanner_table_column(whole.get(), 0, nullptr), "out");
    refused(lanner_table_column(whole.get(), 7, &column), "column must be below 7, got 7");
    CHECK(std::string_view(column.name) == "untouched");

    const FilterHandle all = join(LANNER_AND, {});
    std::size_t count = 77;
    refused(lanner_count(nullptr, all.get(), &count), "index");
    refused(lanner_count(index.get(), nullptr, &count), "filter");
    refused(lanner_count(index.get(), all.get(), nullptr), "out");
    CHECK(count == 77);
    CHECK(shown_table(index.get(), kSix) == kSixRows);
}

TEST_CASE("a filter that cannot be made gives no handle") {
    auto* filter = reinterpret_cast<lanner_filter*>(std::uintptr_t{1});
    const lanner_value year = integer(2020);
    const char* words = "";
    lanner_status status = LANNER_OK;
    const auto create = [&](std::int32_t op, const char* column, const lanner_value* values, std::size_t count) {
        status = lanner_filter_create(op, column, values, count, nullptr, 0, &filter);
    };
    SUBCASE("an operation too large") {
        create(LANNER_IS_NULL + 1, "year", &year, 1);
        words = "op must be a lanner_filter_op, got 16";
    }
    SUBCASE("an operation too small") {
        create(-1, "year", &year, 1);
        words = "op must be a lanner_filter_op, got -1";
    }
    SUBCASE("a comparison without a column") {
        create(LANNER_EQUAL, nullptr, &year, 1);
        words = "column must not be null";
    }
    SUBCASE("no values") {
        create(LANNER_EQUAL, "year", nullptr, 1);
        words = "values must not be null";
    }
    SUBCASE("an unknown kind of value") {
        const lanner_value unknown = value_of(LANNER_VALUE_STRING + 1, 0);
        create(LANNER_EQUAL, "year", &unknown, 1);
        words = "values[i].kind must be a lanner_value_kind, got 5";
    }
    SUBCASE("a string without text") {
        lanner_value nothing = text({});
        nothing.text_bytes = 3;
        nothing.text = nullptr;
        create(LANNER_EQUAL, "city", &nothing, 1);
        words = "values[i].text must not be null";
    }
    SUBCASE("no operands") {
        status = lanner_filter_create(LANNER_NOT, nullptr, nullptr, 0, nullptr, 1, &filter);
        words = "operands must not be null";
    }
    SUBCASE("null among the operands") {
        const FilterHandle all = join(LANNER_AND, {});
        const std::array<const lanner_filter*, 2> operands = {all.get(), nullptr};
        status = lanner_filter_create(LANNER_OR, nullptr, nullptr, 0, operands.data(), 2, &filter);
        words = "operands[i] must not be null";
    }
    SUBCASE("no ids") {
        status = lanner_filter_create_ids(nullptr, 1, &filter);
        words = "ids must not be null";
    }
    SUBCASE("no mask") {
        status = lanner_filter_create_mask(nullptr, 1, &filter);
        words = "admitted must not be null";
    }
    CHECK(status == LANNER_INVALID_ARGUMENT);
    CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    CHECK(filter == nullptr);
}

TEST_CASE("a filter has to have a place to go") {
    const std::int64_t id = 100;
    const std::uint8_t admitted = 1;
    CHECK(lanner_filter_create(LANNER_AND, nullptr, nullptr, 0, nullptr, 0, nullptr) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("out must not be null"));
    CHECK(lanner_filter_create_ids(&id, 1, nullptr) == LANNER_INVALID_ARGUMENT);
    CHECK(lanner_filter_create_mask(&admitted, 1, nullptr) == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("a filter that means nothing to the index is refused when it is used") {
    const IndexHandle index = make_six();
    const FilterHandle all = join(LANNER_AND, {});
    const auto refused = [&](const FilterHandle& filter, lanner_status expected, const char* words) {
        std::size_t count = 77;
        CAPTURE(words);
        CHECK(lanner_count(index.get(), filter.get(), &count) == expected);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
        CHECK(count == 77);
    };
    const auto made = [](std::int32_t op, const char* column, const std::vector<const lanner_filter*>& operands) {
        lanner_filter* filter = nullptr;
        REQUIRE(lanner_filter_create(op, column, nullptr, 0, operands.data(), operands.size(), &filter) == LANNER_OK);
        return FilterHandle(filter);
    };
    refused(compare(LANNER_EQUAL, "street", {integer(1)}), LANNER_INVALID_ARGUMENT, "there is no column 'street'");
    refused(compare(LANNER_EQUAL, "", {integer(1)}), LANNER_INVALID_ARGUMENT, "needs a column");
    refused(compare(LANNER_EQUAL, "year", {}), LANNER_INVALID_ARGUMENT, "takes 1 values, got 0");
    refused(compare(LANNER_BETWEEN, "year", {integer(1)}), LANNER_INVALID_ARGUMENT, "takes 2 values, got 1");
    refused(compare(LANNER_IS_NULL, "year", {integer(1)}), LANNER_INVALID_ARGUMENT, "takes 0 values, got 1");
    refused(made(LANNER_AND, "year", {}), LANNER_INVALID_ARGUMENT, "takes no column, got 'year'");
    refused(made(LANNER_NOT, nullptr, {}), LANNER_INVALID_ARGUMENT, "takes one operand, got 0");
    refused(made(LANNER_NOT, nullptr, {all.get(), all.get()}), LANNER_INVALID_ARGUMENT, "takes one operand, got 2");
    refused(made(LANNER_IS_NULL, "year", {all.get()}), LANNER_INVALID_ARGUMENT, "takes no operands");
    refused(compare(LANNER_EQUAL, "year", {text("2020")}), LANNER_WRONG_TYPE,
            "column 'year' is int64 and cannot be compared with the string '2020'");
    refused(compare(LANNER_EQUAL, "city", {integer(1)}), LANNER_WRONG_TYPE, "the integer 1");
    refused(compare(LANNER_EQUAL, "open", {integer(1)}), LANNER_WRONG_TYPE, "the integer 1");
    refused(compare(LANNER_EQUAL, "year", {truth(true)}), LANNER_WRONG_TYPE, "the bool true");
    refused(compare(LANNER_EQUAL, "score", {time_of(5)}), LANNER_WRONG_TYPE, "a timestamp (5 microseconds)");
    refused(compare(LANNER_EQUAL, "seen", {real(1.5)}), LANNER_WRONG_TYPE, "the float 1.5");
    refused(compare(LANNER_CONTAINS, "tags", {integer(1)}), LANNER_WRONG_TYPE, "the integer 1");
    refused(compare(LANNER_STARTS_WITH, "year", {text("2")}), LANNER_WRONG_TYPE, "'startswith' does not apply to");
    refused(compare(LANNER_CONTAINS, "city", {text("a")}), LANNER_WRONG_TYPE, "'contains' does not apply to");
    refused(compare(LANNER_LESS, "seen", {text("soon")}), LANNER_INVALID_ARGUMENT, "'soon' is no ISO 8601");
    refused(compare(LANNER_LESS, "score", {real(std::numeric_limits<double>::quiet_NaN())}), LANNER_INVALID_ARGUMENT,
            "NaN");
    refused(with_mask({1, 1, 1, 1, 1}), LANNER_INVALID_ARGUMENT, "6 items, got 5 entries");
    refused(with_mask({}), LANNER_INVALID_ARGUMENT, "6 items, got 0 entries");
}

TEST_CASE("a filter outlives its operands and all that it was made of") {
    const IndexHandle index = make_six();
    FilterHandle kept;
    {
        std::string column = "city";
        std::string prefix = "Os";
        Ids ids = {100, 101};
        std::vector<std::uint8_t> admitted = {1, 1, 0, 0, 0, 0};
        const FilterHandle starts = compare(LANNER_STARTS_WITH, column.c_str(), {text(prefix)});
        const FilterHandle named = with_ids(ids);
        const FilterHandle marked = with_mask(admitted);
        kept = join(LANNER_AND, {starts.get(), named.get(), marked.get()});
        column.assign("year");
        prefix.assign("Ro");
        ids.assign(2, 105);
        admitted.assign(6, 0);
        CHECK(matches(index.get(), starts) == Ids{100, 103});
        CHECK(matches(index.get(), named) == Ids{100, 101});
        CHECK(matches(index.get(), marked) == Ids{100, 101});
    }
    CHECK(matches(index.get(), kept) == Ids{100});
    CHECK(matches(make_six().get(), kept) == Ids{100});  // nor does it belong to an index
}

TEST_CASE("attributes are in the file") {
    const ScratchFile file("attributes");
    REQUIRE_MESSAGE(lanner_save(make_six().get(), file.path()) == LANNER_OK, lanner_last_error());
    const FilterHandle open = compare(LANNER_EQUAL, "open", {truth(true)});
    const std::array<std::uint8_t, 1> closed = {0};
    const std::vector<lanner_column> columns = {column_of("open", LANNER_COLUMN_BOOL, closed.data())};
    for (const unsigned flags : {LANNER_OPEN_VERIFY, LANNER_OPEN_WRITABLE}) {
        lanner_index* raw = nullptr;
        REQUIRE_MESSAGE(lanner_open(file.path(), flags, &raw) == LANNER_OK, lanner_last_error());
        const IndexHandle index(raw);
        CHECK(shown_table(index.get(), kSix) == kSixRows);
        CHECK(matches(index.get(), open) == Ids{100, 102, 105});
        const bool writable = flags == LANNER_OPEN_WRITABLE;
        CHECK(lanner_update_attributes(index.get(), &kSix[2], 1, columns.data(), 1) ==
              (writable ? LANNER_OK : LANNER_READ_ONLY));
        CHECK(matches(index.get(), open) == (writable ? Ids{100, 105} : Ids{100, 102, 105}));
    }
}

TEST_CASE("an index with string ids counts by attributes, and refuses ids") {
    const ScratchFile file("attributes_strings");
    const std::array<float, 4> rows = {1.0F, 2.0F, 3.0F, 4.0F};
    {
        lanner::IndexOptions options;
        options.dim = 2;
        options.metric = lanner::Metric::kL2;
        lanner::Index index(options);
        const std::array<std::string_view, 2> ids = {"one", "two"};
        const std::array<std::int64_t, 2> years = {2018, 2020};
        lanner::ColumnView year;
        year.name = "year";
        year.values = years.data();
        const lanner::TableView table{2, {&year, 1}};
        index.add({rows.data(), 2, lanner::ElementType::kFloat32}, std::span<const std::string_view>(ids), {}, false,
                  &table);
        index.save(file.path());
    }
    lanner_index* raw = nullptr;
    REQUIRE_MESSAGE(lanner_open(file.path(), LANNER_OPEN_WRITABLE, &raw) == LANNER_OK, lanner_last_error());
    const IndexHandle index(raw);
    CHECK(count_of(index.get(), compare(LANNER_GREATER, "year", {integer(2018)})) == 1);
    CHECK(count_of(index.get(), with_mask({1, 0})) == 1);
    const auto refused = [](lanner_status status, const char* words) {
        CHECK(status == LANNER_WRONG_TYPE);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    };
    const std::int64_t id = 1;
    std::size_t count = 0;
    lanner_table* table = nullptr;
    refused(lanner_count(index.get(), with_ids({1}).get(), &count), "integer ids");
    refused(add_one(index.get(), {}), "string ids");
    refused(lanner_upsert_items(index.get(), rows.data(), LANNER_FLOAT32, 1, &id, nullptr, 0, 1), "string ids");
    refused(lanner_update_attributes(index.get(), &id, 1, nullptr, 0), "string ids");
    refused(lanner_attributes(index.get(), &id, 1, nullptr, 0, &table), "string ids");
    CHECK(size_of(index.get()) == 2);
}

TEST_CASE("destroying no filter and no table is allowed") {
    lanner_filter_destroy(nullptr);
    lanner_table_destroy(nullptr);
}
