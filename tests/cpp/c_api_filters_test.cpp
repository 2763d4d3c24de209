// Filters of the C interface, against answers worked out by hand.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "c_api_six_rows.hpp"
#include "lanner/lanner.h"

using namespace c_api_handles;

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

TEST_CASE("what satisfies a filter is listed in order and removed in one step") {
    const IndexHandle index = make_six();
    const float row[] = {-3.0F, 0.0F};
    const std::int64_t early = 7;
    const std::int64_t year = 2020;
    const lanner_column column = column_of("year", LANNER_COLUMN_INT64, &year);
    REQUIRE(lanner_upsert_items(index.get(), row, LANNER_FLOAT32, 1, &early, &column, 1, 1) == LANNER_OK);
    const FilterHandle in_2020 = compare(LANNER_EQUAL, "year", {integer(2020)});
    CHECK(listed(index.get(), in_2020) == Ids{101, 104, 7});
    CHECK(listed(index.get(), join(LANNER_AND, {})) == Ids{100, 101, 102, 103, 104, 105, 7});
    CHECK(listed(index.get(), join(LANNER_OR, {})).empty());

    std::size_t removed = 77;
    REQUIRE_MESSAGE(lanner_remove_where(index.get(), in_2020.get(), 1, &removed) == LANNER_OK, lanner_last_error());
    CHECK(removed == 3);
    CHECK(listed(index.get(), join(LANNER_AND, {})) == Ids{100, 102, 103, 105});
    REQUIRE(lanner_remove_where(index.get(), in_2020.get(), 1, &removed) == LANNER_OK);
    CHECK(removed == 0);
    REQUIRE(lanner_remove_where(index.get(), join(LANNER_AND, {}).get(), 1, nullptr) == LANNER_OK);
    CHECK(size_of(index.get()) == 0);
    CHECK(listed(index.get(), join(LANNER_AND, {})).empty());
}

TEST_CASE("listing and removal by a filter that cannot be are refused and change nothing") {
    const IndexHandle index = make_six();
    const FilterHandle all = join(LANNER_AND, {});
    const FilterHandle wrong = compare(LANNER_EQUAL, "street", {integer(1)});
    const auto refused = [](lanner_status status, const char* words) {
        CHECK(status == LANNER_INVALID_ARGUMENT);
        CHECK_MESSAGE(last_error_says(words), lanner_last_error());
    };
    auto* ids = reinterpret_cast<lanner_ids*>(std::uintptr_t{1});
    refused(lanner_ids_where(index.get(), wrong.get(), &ids), "there is no column 'street'");
    CHECK(ids == nullptr);
    refused(lanner_ids_where(nullptr, all.get(), &ids), "index");
    refused(lanner_ids_where(index.get(), nullptr, &ids), "filter");
    refused(lanner_ids_where(index.get(), all.get(), nullptr), "out");
    std::size_t removed = 77;
    refused(lanner_remove_where(index.get(), wrong.get(), 1, &removed), "there is no column 'street'");
    refused(lanner_remove_where(nullptr, all.get(), 1, &removed), "index");
    refused(lanner_remove_where(index.get(), nullptr, 1, &removed), "filter");
    CHECK(removed == 77);
    CHECK(listed(index.get(), all) == kSix);

    const ScratchFile file("remove_where");
    REQUIRE(lanner_save(index.get(), file.path()) == LANNER_OK);
    lanner_index* raw = nullptr;
    REQUIRE(lanner_open(file.path(), 0, &raw) == LANNER_OK);
    const IndexHandle opened(raw);
    CHECK(lanner_remove_where(raw, all.get(), 1, &removed) == LANNER_READ_ONLY);
    CHECK(listed(raw, all) == kSix);
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
