// Attributes of the C interface: what goes in comes back.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "c_api_six_rows.hpp"
#include "lanner/index.hpp"
#include "lanner/lanner.h"

using namespace c_api_handles;

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
        words = "column 'new' has offsets of its strings that do not ascend: 1 comes before 0";
    }
    SUBCASE("text offsets below 0") {
        column.text_offsets = negative.data();
        words = "column 'new' has a negative offset of its strings";
    }
    SUBCASE("no text offsets") {
        column.text_offsets = nullptr;
        words = "column 'new' has no offsets of its strings";
    }
    SUBCASE("no text") {
        column.text = nullptr;
        words = "column 'new' has no text";
    }
    SUBCASE("text that is not UTF-8") {
        column.text = "\x80";
        words = "column 'new' has a string that is not UTF-8 at row 0";
    }
    SUBCASE("no values") {
        column = column_of("new", LANNER_COLUMN_FLOAT64, nullptr);
        words = "column 'new' has no values";
    }
    SUBCASE("no row offsets") {
        column = list;
        words = "column 'list' has no offsets of its lists";
    }
    SUBCASE("row offsets that fall") {
        column = list;
        column.row_offsets = falling.data();
        words = "column 'list' has offsets of its lists that do not ascend";
    }
    SUBCASE("row offsets below 0") {
        column = list;
        column.row_offsets = negative.data();
        words = "column 'list' has a negative offset of its lists";
    }
    SUBCASE("elements without values") {
        column = list;
        column.row_offsets = one.data();
        column.values = nullptr;
        words = "column 'list' has no values";
    }
    SUBCASE("strings of a list that fall") {
        column.type = LANNER_COLUMN_STRING_LIST;
        column.row_offsets = one.data();
        column.text_offsets = falling.data();
        words = "column 'new' has offsets of its strings that do not ascend";
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
    lanner_ids* ids = nullptr;
    refused(lanner_ids_where(index.get(), with_mask({1, 0}).get(), &ids), "string ids");
    CHECK(size_of(index.get()) == 2);
    REQUIRE(lanner_remove_where(index.get(), compare(LANNER_GREATER, "year", {integer(2018)}).get(), 1, &count) ==
            LANNER_OK);
    CHECK(count == 1);
    CHECK(size_of(index.get()) == 1);
}

TEST_CASE("destroying no filter, no table and no ids is allowed") {
    lanner_filter_destroy(nullptr);
    lanner_table_destroy(nullptr);
    lanner_ids_destroy(nullptr);
}
