// Attributes and filters of the C interface, against answers worked out by hand.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "c_api_handles.hpp"
#include "lanner/lanner.h"

namespace {

constexpr std::size_t kItems = 6;

// Six items on the first axis, under ids 100 to 105, with a column of each type:
//     year    1990      1991      none     1993      1994         1995
//     score   0.5       1.5       2.5      none      4.5          5.5
//     open    yes       no        yes      no        yes          none
//     seen    0         1         2        3         4            5 seconds
//     name    "a"       ""        "bcd"    none      "äö"         "bce"
//     tags    {x}       {x, y}    {}       none      {y, y, z}    {z}
//     counts  {1}       {}        {2, 3}   {3}       none         {1, 2, 3}
struct Columns {
    std::array<std::int64_t, kItems> years{1990, 1991, 0, 1993, 1994, 1995};
    std::array<std::uint8_t, kItems> with_year{1, 1, 0, 1, 1, 1};
    std::array<double, kItems> scores{0.5, 1.5, 2.5, 0, 4.5, 5.5};
    std::array<std::uint8_t, kItems> with_score{1, 1, 1, 0, 1, 1};
    std::array<std::uint8_t, kItems> open{1, 0, 1, 0, 1, 0};
    std::array<std::uint8_t, kItems> with_open{1, 1, 1, 1, 1, 0};
    std::array<std::int64_t, kItems> seen{0, 1'000'000, 2'000'000, 3'000'000, 4'000'000, 5'000'000};
    std::string names =
        "abcd\xc3\xa4\xc3\xb6"
        "bce";
    std::array<std::int64_t, kItems + 1> name_ends{0, 1, 1, 4, 4, 8, 11};
    std::array<std::uint8_t, kItems> with_name{1, 1, 1, 0, 1, 1};
    std::string tags = "xxyyyzz";
    std::array<std::int64_t, 8> tag_ends{0, 1, 2, 3, 4, 5, 6, 7};
    std::array<std::int64_t, kItems + 1> tag_rows{0, 1, 3, 3, 3, 6, 7};
    std::array<std::uint8_t, kItems> with_tags{1, 1, 1, 0, 1, 1};
    std::array<std::int64_t, 7> counts{1, 2, 3, 3, 1, 2, 3};
    std::array<std::int64_t, kItems + 1> count_rows{0, 1, 1, 3, 4, 4, 7};
    std::array<std::uint8_t, kItems> with_counts{1, 1, 1, 1, 0, 1};

    std::vector<lanner_column> all() const {
        return {
            {"year", LANNER_COLUMN_INT64, with_year.data(), years.data(), nullptr, nullptr, nullptr},
            {"score", LANNER_COLUMN_FLOAT64, with_score.data(), scores.data(), nullptr, nullptr, nullptr},
            {"open", LANNER_COLUMN_BOOL, with_open.data(), open.data(), nullptr, nullptr, nullptr},
            {"seen", LANNER_COLUMN_TIMESTAMP, nullptr, seen.data(), nullptr, nullptr, nullptr},
            {"name", LANNER_COLUMN_STRING, with_name.data(), nullptr, nullptr, names.data(), name_ends.data()},
            {"tags", LANNER_COLUMN_STRING_LIST, with_tags.data(), nullptr, tag_rows.data(), tags.data(),
             tag_ends.data()},
            {"counts", LANNER_COLUMN_INT64_LIST, with_counts.data(), counts.data(), count_rows.data(), nullptr,
             nullptr},
        };
    }
};

const std::array<std::int64_t, kItems> kIds{100, 101, 102, 103, 104, 105};
const std::array<float, 2 * kItems> kRows{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0};

IndexHandle make_items() {
    IndexHandle index = make_index(options_of(2));
    const Columns columns;
    const std::vector<lanner_column> all = columns.all();
    REQUIRE_MESSAGE(lanner_add_items(index.get(), kRows.data(), LANNER_FLOAT32, kItems, kIds.data(), all.data(),
                                     all.size(), 1, nullptr) == LANNER_OK,
                    lanner_last_error());
    return index;
}

lanner_value value_of(int integer, std::int32_t kind = LANNER_VALUE_INT64) {
    lanner_value value{};
    value.kind = kind;
    value.integer = integer;
    return value;
}
lanner_value value_of(double real) {
    lanner_value value{};
    value.kind = LANNER_VALUE_FLOAT64;
    value.real = real;
    return value;
}
lanner_value value_of(std::string_view text) {
    lanner_value value{};
    value.kind = LANNER_VALUE_STRING;
    value.text = text.data();
    value.text_bytes = text.size();
    return value;
}

FilterHandle compare(std::int32_t op, const char* column, const std::vector<lanner_value>& values) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(lanner_filter_create(op, column, values.data(), values.size(), nullptr, 0, &filter) == LANNER_OK,
                    lanner_last_error());
    return FilterHandle(filter);
}

FilterHandle combine(std::int32_t op, const std::vector<const lanner_filter*>& operands) {
    lanner_filter* filter = nullptr;
    REQUIRE_MESSAGE(
        lanner_filter_create(op, nullptr, nullptr, 0, operands.data(), operands.size(), &filter) == LANNER_OK,
        lanner_last_error());
    return FilterHandle(filter);
}

lanner_search_options search_options(const std::vector<const lanner_filter*>& filters) {
    lanner_search_options options{};
    options.struct_size = sizeof(options);
    options.threads = 1;
    options.filters = filters.data();
    options.filter_count = filters.size();
    return options;
}

// The ids of all items that satisfy the filter, by a search, whose number lanner_count must know too.
std::vector<std::int64_t> matches(const lanner_index* index, const lanner_filter* filter) {
    const std::vector<const lanner_filter*> filters{filter};
    const lanner_search_options options = search_options(filters);
    const std::array<float, 2> origin{-1, 0};
    std::vector<std::int64_t> ids(kItems + 1);
    std::vector<float> distances(kItems + 1);
    std::int64_t found = -1;
    REQUIRE_MESSAGE(lanner_search(index, origin.data(), LANNER_FLOAT32, 1, ids.size(), &options, ids.data(),
                                  distances.data(), &found) == LANNER_OK,
                    lanner_last_error());
    ids.resize(static_cast<std::size_t>(found));
    std::size_t count = 99;
    REQUIRE(lanner_count(index, filter, &count) == LANNER_OK);
    CHECK(count == ids.size());
    return ids;
}

TableHandle attributes_of(const lanner_index* index, const std::vector<std::int64_t>& ids,
                          const std::vector<const char*>& names = {}) {
    lanner_table* table = nullptr;
    REQUIRE_MESSAGE(lanner_attributes(index, ids.data(), ids.size(), names.data(), names.size(), &table) == LANNER_OK,
                    lanner_last_error());
    return TableHandle(table);
}

lanner_column column_of(const TableHandle& table, std::size_t place) {
    lanner_column column{};
    REQUIRE(lanner_table_column(table.get(), place, &column) == LANNER_OK);
    return column;
}

std::int64_t year_of(const lanner_index* index, std::int64_t id) {
    const TableHandle table = attributes_of(index, {id}, {"year"});
    const lanner_column column = column_of(table, 0);
    return column.valid[0] == 0 ? -1 : static_cast<const std::int64_t*>(column.values)[0];
}

std::string_view text_of(const lanner_column& column, std::size_t element) {
    const auto begin = static_cast<std::size_t>(column.text_offsets[element]);
    return {column.text + begin, static_cast<std::size_t>(column.text_offsets[element + 1]) - begin};
}

using Found = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("every operation finds what it says") {
    const IndexHandle index = make_items();
    const auto found = [&](std::int32_t op, const char* column, const std::vector<lanner_value>& values) {
        return matches(index.get(), compare(op, column, values).get());
    };
    CHECK(found(LANNER_EQUAL, "year", {value_of(1993)}) == Found{103});
    CHECK(found(LANNER_NOT_EQUAL, "year", {value_of(1993)}) == Found{100, 101, 104, 105});
    CHECK(found(LANNER_LESS, "year", {value_of(1991)}) == Found{100});
    CHECK(found(LANNER_LESS_EQUAL, "year", {value_of(1991)}) == Found{100, 101});
    CHECK(found(LANNER_GREATER, "year", {value_of(1993.5)}) == Found{104, 105});
    CHECK(found(LANNER_GREATER_EQUAL, "score", {value_of(4)}) == Found{104, 105});
    CHECK(found(LANNER_BETWEEN, "score", {value_of(1.5), value_of(2.5)}) == Found{101, 102});
    CHECK(found(LANNER_IN, "year", {value_of(1990), value_of(1995), value_of(7)}) == Found{100, 105});
    CHECK(found(LANNER_IN, "year", {}).empty());
    CHECK(found(LANNER_EQUAL, "open", {value_of(1, LANNER_VALUE_BOOL)}) == Found{100, 102, 104});
    CHECK(found(LANNER_GREATER_EQUAL, "seen", {value_of(4'000'000, LANNER_VALUE_TIMESTAMP)}) == Found{104, 105});
    CHECK(found(LANNER_EQUAL, "seen", {value_of("1970-01-01T00:00:03")}) == Found{103});
    CHECK(found(LANNER_EQUAL, "name", {value_of("\xc3\xa4\xc3\xb6")}) == Found{104});
    CHECK(found(LANNER_EQUAL, "name", {value_of("")}) == Found{101});
    CHECK(found(LANNER_STARTS_WITH, "name", {value_of("bc")}) == Found{102, 105});
    CHECK(found(LANNER_IS_NULL, "name", {}) == Found{103});
    CHECK(found(LANNER_CONTAINS, "tags", {value_of("y")}) == Found{101, 104});
    CHECK(found(LANNER_CONTAINS_ANY, "tags", {value_of("x"), value_of("z")}) == Found{100, 101, 104, 105});
    CHECK(found(LANNER_CONTAINS_ALL, "tags", {value_of("y"), value_of("x")}) == Found{101});
    CHECK(found(LANNER_CONTAINS_ALL, "tags", {}) == Found{100, 101, 102, 104, 105});
    CHECK(found(LANNER_CONTAINS, "counts", {value_of(3)}) == Found{102, 103, 105});
}

TEST_CASE("conditions combine, and outlive their operands") {
    const IndexHandle index = make_items();
    FilterHandle early = compare(LANNER_LESS, "year", {value_of(1994)});
    FilterHandle tagged = compare(LANNER_CONTAINS, "tags", {value_of("x")});
    const FilterHandle both = combine(LANNER_AND, {early.get(), tagged.get()});
    const FilterHandle either = combine(LANNER_OR, {early.get(), tagged.get()});
    const FilterHandle neither = combine(LANNER_NOT, {either.get()});
    early.reset();
    tagged.reset();
    CHECK(matches(index.get(), both.get()) == Found{100, 101});
    CHECK(matches(index.get(), either.get()) == Found{100, 101, 103});
    CHECK(matches(index.get(), neither.get()) == Found{102, 104, 105});
    CHECK(matches(index.get(), combine(LANNER_AND, {}).get()).size() == kItems);
    CHECK(matches(index.get(), combine(LANNER_OR, {}).get()).empty());
}

TEST_CASE("ids and masks are conditions too") {
    const IndexHandle index = make_items();
    lanner_filter* made = nullptr;
    const std::array<std::int64_t, 3> ids{104, 7, 101};
    REQUIRE(lanner_filter_create_ids(ids.data(), ids.size(), &made) == LANNER_OK);
    const FilterHandle named(made);
    CHECK(matches(index.get(), named.get()) == Found{101, 104});
    const std::array<std::uint8_t, kItems> admitted{0, 0, 1, 0, 0, 255};
    REQUIRE(lanner_filter_create_mask(admitted.data(), kItems, &made) == LANNER_OK);
    const FilterHandle masked(made);
    CHECK(matches(index.get(), masked.get()) == Found{102, 105});
    REQUIRE(lanner_filter_create_mask(admitted.data(), kItems - 1, &made) == LANNER_OK);
    const FilterHandle shorter(made);
    std::size_t count = 0;
    CHECK(lanner_count(index.get(), shorter.get(), &count) == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("each query has its filter, or all have one") {
    const IndexHandle index = make_items();
    const FilterHandle early = compare(LANNER_LESS, "year", {value_of(1992)});
    const FilterHandle late = compare(LANNER_GREATER, "year", {value_of(1992)});
    const std::array<float, 4> queries{0, 0, 0, 0};
    std::array<std::int64_t, 2> ids{};
    std::array<float, 2> distances{};
    const std::vector<const lanner_filter*> two{late.get(), early.get()};
    lanner_search_options options = search_options(two);
    REQUIRE(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 2, 1, &options, ids.data(), distances.data(),
                          nullptr) == LANNER_OK);
    CHECK(ids == std::array<std::int64_t, 2>{103, 100});
    options.filter_count = 1;
    REQUIRE(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 2, 1, &options, ids.data(), distances.data(),
                          nullptr) == LANNER_OK);
    CHECK(ids == std::array<std::int64_t, 2>{103, 103});

    lanner_hits* found = nullptr;
    REQUIRE(lanner_search_radius(index.get(), queries.data(), LANNER_FLOAT32, 1, 16.0F, &options, &found) == LANNER_OK);
    const HitsHandle hits(found);
    CHECK(lanner_hits_offsets(found)[1] == 2);
    CHECK(lanner_hits_ids(found)[0] == 103);
    CHECK(lanner_hits_ids(found)[1] == 104);

    options.filter_count = 2;
    ids = {-7, -7};
    CHECK(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 1, 1, &options, ids.data(), distances.data(),
                        nullptr) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("filter"));
    CHECK(ids[0] == -7);
    const std::vector<const lanner_filter*> missing{nullptr};
    options = search_options(missing);
    CHECK(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 1, 1, &options, ids.data(), distances.data(),
                        nullptr) == LANNER_INVALID_ARGUMENT);
    options.filters = nullptr;
    CHECK(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 1, 1, &options, ids.data(), distances.data(),
                        nullptr) == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("options of a time without filters have none, whatever lies behind them") {
    const IndexHandle index = make_items();
    lanner_search_options options{};
    std::memset(&options, 0x5a, sizeof options);
    options.struct_size = offsetof(lanner_search_options, filters);
    options.ef = 0;
    options.threads = 1;
    options.exact = 0;
    options.recall = 0;
    const std::array<float, 2> query{5, 0};
    std::int64_t id = 0;
    float distance = 0;
    REQUIRE_MESSAGE(
        lanner_search(index.get(), query.data(), LANNER_FLOAT32, 1, 1, &options, &id, &distance, nullptr) == LANNER_OK,
        lanner_last_error());
    CHECK(id == 105);
}

TEST_CASE("attributes come back as they were given, also from a file") {
    const IndexHandle index = make_items();
    const ScratchFile file("attributes");
    REQUIRE(lanner_save(index.get(), file.path()) == LANNER_OK);
    lanner_index* opened = nullptr;
    REQUIRE(lanner_open(file.path(), 0, &opened) == LANNER_OK);
    const IndexHandle again(opened);
    const Columns given;
    for (const IndexHandle* const handle : {&index, &again}) {
        const TableHandle table = attributes_of(handle->get(), {kIds.begin(), kIds.end()});
        REQUIRE(lanner_table_columns(table.get()) == given.all().size());
        for (std::size_t place = 0; place < given.all().size(); ++place) {
            const lanner_column from = given.all()[place];
            const lanner_column back = column_of(table, place);
            CHECK(std::string_view(back.name) == from.name);
            CHECK(back.type == from.type);
            for (std::size_t i = 0; i < kItems; ++i) {
                REQUIRE((back.valid[i] != 0) == (from.valid == nullptr || from.valid[i] != 0));
                if (back.valid[i] == 0) continue;
                switch (back.type) {
                    case LANNER_COLUMN_FLOAT64:
                        CHECK(static_cast<const double*>(back.values)[i] == given.scores[i]);
                        break;
                    case LANNER_COLUMN_BOOL:
                        CHECK(static_cast<const std::uint8_t*>(back.values)[i] == given.open[i]);
                        break;
                    case LANNER_COLUMN_STRING:
                        CHECK(text_of(back, i) == text_of(from, i));
                        break;
                    case LANNER_COLUMN_INT64:
                    case LANNER_COLUMN_TIMESTAMP:
                        CHECK(static_cast<const std::int64_t*>(back.values)[i] ==
                              static_cast<const std::int64_t*>(from.values)[i]);
                        break;
                    default: {
                        const std::int64_t size = from.row_offsets[i + 1] - from.row_offsets[i];
                        REQUIRE(back.row_offsets[i + 1] - back.row_offsets[i] == size);
                        for (std::int64_t j = 0; j < size; ++j) {
                            const auto mine = static_cast<std::size_t>(back.row_offsets[i] + j);
                            const auto theirs = static_cast<std::size_t>(from.row_offsets[i] + j);
                            if (back.type == LANNER_COLUMN_STRING_LIST) {
                                CHECK(text_of(back, mine) == text_of(from, theirs));
                            } else {
                                CHECK(static_cast<const std::int64_t*>(back.values)[mine] == given.counts[theirs]);
                            }
                        }
                    }
                }
            }
        }
    }
    const TableHandle two = attributes_of(index.get(), {105, 100}, {"name", "year"});
    CHECK(lanner_table_columns(two.get()) == 2);
    CHECK(text_of(column_of(two, 0), 0) == "bce");
    CHECK(static_cast<const std::int64_t*>(column_of(two, 1).values)[1] == 1990);
    lanner_column column{};
    CHECK(lanner_table_column(two.get(), 2, &column) == LANNER_INVALID_ARGUMENT);
    lanner_table* none = nullptr;
    const std::int64_t unknown = 7;
    CHECK(lanner_attributes(index.get(), &unknown, 1, nullptr, 0, &none) == LANNER_NOT_FOUND);
    CHECK(none == nullptr);
}

TEST_CASE("upserts and updates change what they give, and nothing else") {
    const IndexHandle index = make_items();
    const std::array<float, 2> moved{9, 0};
    const std::int64_t id = 101;
    REQUIRE(lanner_upsert_items(index.get(), moved.data(), LANNER_FLOAT32, 1, &id, nullptr, 0, 1) == LANNER_OK);
    CHECK(year_of(index.get(), 101) == 1991);
    const std::int64_t year = 2001;
    lanner_column column{};
    column.name = "year";
    column.type = LANNER_COLUMN_INT64;
    column.values = &year;
    REQUIRE(lanner_update_attributes(index.get(), &id, 1, &column, 1) == LANNER_OK);
    CHECK(year_of(index.get(), 101) == 2001);
    CHECK(matches(index.get(), compare(LANNER_CONTAINS, "tags", {value_of("y")}).get()) == Found{104, 101});
    REQUIRE(lanner_upsert_items(index.get(), moved.data(), LANNER_FLOAT32, 1, &id, &column, 1, 1) == LANNER_OK);
    CHECK(matches(index.get(), compare(LANNER_CONTAINS, "tags", {value_of("y")}).get()) == Found{104});
}

TEST_CASE("attributes that cannot be leave the index as it was") {
    const IndexHandle index = make_items();
    const std::int64_t id = 200;
    const std::array<float, 2> row{7, 7};
    const std::int64_t number = 1;
    const auto refused = [&](const lanner_column& column, lanner_status status, const char* words) {
        CHECK(lanner_add_items(index.get(), row.data(), LANNER_FLOAT32, 1, &id, &column, 1, 1, nullptr) == status);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
        std::size_t size = 0;
        REQUIRE(lanner_size(index.get(), &size) == LANNER_OK);
        CHECK(size == kItems);
    };
    refused({nullptr, LANNER_COLUMN_INT64, nullptr, &number, nullptr, nullptr, nullptr}, LANNER_INVALID_ARGUMENT,
            "name");
    refused({"x", 7, nullptr, &number, nullptr, nullptr, nullptr}, LANNER_INVALID_ARGUMENT, "lanner_column_type");
    refused({"x", LANNER_COLUMN_INT64, nullptr, nullptr, nullptr, nullptr, nullptr}, LANNER_INVALID_ARGUMENT,
            "values must not be null");
    refused({"x", LANNER_COLUMN_STRING, nullptr, nullptr, nullptr, "y", nullptr}, LANNER_INVALID_ARGUMENT,
            "text_offsets");
    const std::array<std::int64_t, 2> falling{1, 0};
    refused({"x", LANNER_COLUMN_STRING, nullptr, nullptr, nullptr, "y", falling.data()}, LANNER_INVALID_ARGUMENT,
            "must not fall");
    refused({"x", LANNER_COLUMN_INT64_LIST, nullptr, &number, falling.data(), nullptr, nullptr},
            LANNER_INVALID_ARGUMENT, "must not fall");
    const std::array<std::int64_t, 2> one{0, 1};
    refused({"x", LANNER_COLUMN_STRING, nullptr, nullptr, nullptr, nullptr, one.data()}, LANNER_INVALID_ARGUMENT,
            "text must not be null");
    refused({"x", LANNER_COLUMN_STRING, nullptr, nullptr, nullptr, "\xff", one.data()}, LANNER_INVALID_ARGUMENT,
            "UTF-8");
    refused({"name", LANNER_COLUMN_INT64, nullptr, &number, nullptr, nullptr, nullptr}, LANNER_WRONG_TYPE, "name");
    CHECK(lanner_add_items(index.get(), row.data(), LANNER_FLOAT32, 1, &id, nullptr, 1, 1, nullptr) ==
          LANNER_INVALID_ARGUMENT);
}

TEST_CASE("conditions that cannot be say why") {
    const IndexHandle index = make_items();
    lanner_filter* filter = nullptr;
    const lanner_value year = value_of(1990);
    CHECK(lanner_filter_create(16, "year", &year, 1, nullptr, 0, &filter) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("lanner_filter_op"));
    CHECK(lanner_filter_create(LANNER_EQUAL, nullptr, &year, 1, nullptr, 0, &filter) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("column"));
    CHECK(lanner_filter_create(LANNER_EQUAL, "year", nullptr, 1, nullptr, 0, &filter) == LANNER_INVALID_ARGUMENT);
    CHECK(lanner_filter_create(LANNER_AND, nullptr, nullptr, 0, nullptr, 1, &filter) == LANNER_INVALID_ARGUMENT);
    CHECK(lanner_filter_create(LANNER_EQUAL, "year", &year, 1, nullptr, 0, nullptr) == LANNER_INVALID_ARGUMENT);
    const lanner_value strange = value_of(1, 5);
    CHECK(lanner_filter_create(LANNER_EQUAL, "year", &strange, 1, nullptr, 0, &filter) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("lanner_value_kind"));
    CHECK(filter == nullptr);

    std::size_t count = 0;
    const auto uncountable = [&](const FilterHandle& each, lanner_status status, const char* words) {
        CHECK(lanner_count(index.get(), each.get(), &count) == status);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    };
    uncountable(compare(LANNER_EQUAL, "yaer", {year}), LANNER_INVALID_ARGUMENT, "yaer");
    uncountable(compare(LANNER_EQUAL, "year", {value_of("x")}), LANNER_WRONG_TYPE, "year");
    uncountable(compare(LANNER_LESS, "tags", {value_of("x")}), LANNER_WRONG_TYPE, "tags");
    uncountable(compare(LANNER_EQUAL, "year", {}), LANNER_INVALID_ARGUMENT, "malformed");
    uncountable(compare(LANNER_BETWEEN, "year", {year}), LANNER_INVALID_ARGUMENT, "malformed");
    uncountable(combine(LANNER_NOT, {}), LANNER_INVALID_ARGUMENT, "malformed");
    CHECK(lanner_count(index.get(), nullptr, &count) == LANNER_INVALID_ARGUMENT);
}
