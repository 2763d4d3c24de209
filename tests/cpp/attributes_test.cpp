#include "attributes/attribute_table.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "attribute_model.hpp"
#include "attributes/dictionary.hpp"
#include "doctest/doctest.h"
#include "lanner/error.hpp"
#include "storage/sections.hpp"

namespace lanner {
namespace {

using model::Chance;
using model::Row;
using model::Table;
using model::Value;

constexpr ColumnType kTypes[] = {ColumnType::kInt64,     ColumnType::kFloat64, ColumnType::kBool,
                                 ColumnType::kTimestamp, ColumnType::kString,  ColumnType::kStringList,
                                 ColumnType::kInt64List};

Schema all_types() {
    Schema schema;
    for (const ColumnType type : kTypes) schema.push_back({"c" + std::to_string(static_cast<int>(type)), type});
    return schema;
}

// A table with its model beside it; the id of a slot is the slot's number.
class Checked final : public IdLookup {
  public:
    explicit Checked(Schema schema) : schema_(std::move(schema)) {}

    Slot find(std::int64_t id) const override {
        const auto slot = static_cast<std::size_t>(id);
        return slot < rows_.size() && rows_[slot] ? static_cast<Slot>(slot) : kNoSlot;
    }
    Slot find(std::string_view) const override { return kNoSlot; }
    std::vector<std::uint64_t> slots_of(const ItemMask& mask) const override { return mask.words; }

    void grow(std::size_t slots) {
        rows_.resize(slots);
        table->grow(slots);
    }
    void store(const std::vector<Slot>& slots, const std::vector<Row>& rows) {
        const Table handed(schema_, rows);
        const auto batch = table->read(handed.view(), rows.size());
        table->extend(batch);
        for (std::size_t at = 0; at < slots.size(); ++at) {
            table->store(slots[at], batch, at);
            rows_[slots[at]] = rows[at];
        }
    }
    void update(const std::vector<Slot>& slots, const Schema& columns, const std::vector<Row>& rows) {
        const Table handed(columns, rows);
        const auto batch = table->read(handed.view(), rows.size());
        table->extend(batch);
        table->update(slots, batch);
        for (std::size_t at = 0; at < slots.size(); ++at) {
            for (const ColumnSpec& spec : columns) (*rows_[slots[at]])[spec.name] = rows[at].at(spec.name);
        }
    }
    void erase(Slot slot) {
        table->erase(slot);
        rows_[slot].reset();
    }
    void move(Slot from, Slot to) {
        table->move(from, to);
        rows_[to] = std::exchange(rows_[from], std::nullopt);
    }
    void copy(Slot from, Slot to) {
        table->copy_row(from, to);
        rows_[to] = rows_[from];
    }

    std::vector<Slot> slots(bool held) const {
        std::vector<Slot> slots;
        for (std::size_t slot = 0; slot < rows_.size(); ++slot) {
            if (rows_[slot].has_value() == held) slots.push_back(static_cast<Slot>(slot));
        }
        return slots;
    }

    void check(const Filter& filter) const {
        std::vector<std::uint64_t> words((rows_.size() + 63) / 64);
        std::vector<Slot> expected;
        std::size_t count = 0;
        const CompiledFilter compiled = table->compile(filter, this);
        for (const Slot slot : slots(true)) {
            words[slot / 64] |= std::uint64_t{1} << (slot % 64);
            ++count;
            const bool holds = model::holds(filter, *rows_[slot], slot);
            if (holds) expected.push_back(slot);
            REQUIRE(table->matches(compiled, slot) == holds);
        }
        const SlotSet set = table->evaluate(filter, {words, rows_.size(), count, this});
        std::vector<Slot> found;
        set.for_each([&](Slot slot) { found.push_back(slot); });
        REQUIRE(found == expected);
        REQUIRE(set.count() == expected.size());
        const Bounds bounds = table->estimate(compiled, count);
        REQUIRE(bounds.least <= expected.size());
        REQUIRE(expected.size() <= bounds.most);
    }

    void check_values() const {
        const std::vector<Slot> held = slots(true);
        for (const OwnedColumn& column : table->get(held, {})) {
            for (std::size_t at = 0; at < held.size(); ++at) {
                const auto found = rows_[held[at]]->find(column.name);
                const Value expected = found == rows_[held[at]]->end() ? Value{} : found->second;
                REQUIRE(value_of(column, at) == expected);
            }
        }
    }

    std::vector<std::byte> save() const {
        MemorySink sink;
        SectionWriter writer(sink);
        table->save(writer, rows_.size());
        writer.finish();
        return sink.take();
    }
    void reopen() {
        const auto bytes = std::make_shared<std::vector<std::byte>>(save());
        table = std::make_unique<AttributeTable>();
        table->load(SectionReader(*bytes, bytes), rows_.size());
        REQUIRE(save() == *bytes);
    }

    std::unique_ptr<AttributeTable> table = std::make_unique<AttributeTable>();

  private:
    static Value value_of(const OwnedColumn& column, std::size_t row) {
        if (column.valid[row] == 0) return {};
        const auto text = [&](std::size_t element) {
            const auto begin = static_cast<std::size_t>(column.text_offsets[element]);
            return column.text.substr(begin, static_cast<std::size_t>(column.text_offsets[element + 1]) - begin);
        };
        model::Strings strings;
        model::Integers integers;
        switch (column.type) {
            case ColumnType::kFloat64:
                return column.floats[row];
            case ColumnType::kBool:
                return column.bools[row] != 0;
            case ColumnType::kString:
                return text(row);
            case ColumnType::kStringList:
            case ColumnType::kInt64List:
                for (auto at = column.row_offsets[row]; at < column.row_offsets[row + 1]; ++at) {
                    const auto element = static_cast<std::size_t>(at);
                    if (column.type == ColumnType::kStringList) {
                        strings.push_back(text(element));
                    } else {
                        integers.push_back(column.integers[element]);
                    }
                }
                if (column.type == ColumnType::kStringList) return strings;
                return integers;
            default:
                return column.integers[row];
        }
    }

    Schema schema_;
    std::vector<std::optional<Row>> rows_;
};

Slot pick(Chance& chance, const std::vector<Slot>& slots) { return slots[chance.below(slots.size())]; }

void change(Chance& chance, Checked& checked, const Schema& schema) {
    const std::vector<Slot> held = checked.slots(true);
    const std::vector<Slot> free = checked.slots(false);
    const std::size_t kind = chance.below(10);
    if ((kind < 4 || held.empty()) && !free.empty()) {
        std::vector<Slot> slots;
        std::vector<Row> rows;
        for (const Slot slot : free) {
            if (chance.below(3) != 0) continue;
            slots.push_back(slot);
            rows.push_back(chance.row(schema));
        }
        checked.store(slots, rows);
    } else if (kind < 6 && !held.empty()) {
        Schema columns;
        for (const ColumnSpec& spec : schema) {
            if (chance.below(2) == 0) columns.push_back(spec);
        }
        std::vector<Slot> slots;
        std::vector<Row> rows;
        for (std::size_t count = chance.below(20); count > 0; --count) {
            slots.push_back(pick(chance, held));  // also the same one again
            rows.push_back(chance.row(columns));
        }
        checked.update(slots, columns, rows);
    } else if (kind < 8) {
        for (const Slot slot : held) {
            if (chance.below(5) == 0) checked.erase(slot);
        }
    } else if (!held.empty()) {
        if (!free.empty()) checked.move(pick(chance, held), pick(chance, free));
        const std::vector<Slot> now = checked.slots(true);
        checked.copy(pick(chance, now), pick(chance, now));
    }
}

TEST_CASE("any filter gives what looking at every row gives, after any changes") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        Chance chance(seed);
        Schema schema;
        for (std::size_t count = 1 + chance.below(8); count > 0; --count)
            schema.push_back({"column " + std::to_string(count), kTypes[chance.below(kColumnTypeCount)]});
        Checked checked(schema);
        if (chance.below(2) == 0) checked.table->set_schema(schema);
        std::size_t slots = 1 + chance.below(900);
        checked.grow(slots);
        checked.store({0}, {chance.row(schema)});
        for (int step = 0; step < 20; ++step) {
            change(chance, checked, schema);
            for (int trial = 0; trial < 12; ++trial) checked.check(chance.filter(schema, 4, slots));
            checked.check_values();
            if (chance.below(6) == 0) checked.reopen();
            if (chance.below(8) == 0) checked.grow(slots += chance.below(100));
        }
    }
}

TEST_CASE("values that no row has any more cost nothing") {
    Checked checked({{"s", ColumnType::kString}, {"tags", ColumnType::kStringList}});
    checked.grow(100);
    std::size_t after_first = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<Slot> slots;
        std::vector<Row> rows;
        for (Slot slot = 0; slot < 100; ++slot) {
            const std::string text = "round " + std::to_string(round) + ", row " + std::to_string(slot);
            slots.push_back(slot);
            rows.push_back({{"s", text}, {"tags", model::Strings{text, "tag", text}}});
        }
        checked.store(slots, rows);
        checked.check({FilterOp::kContains, "tags", {std::string("tag")}, {}, {}});
        checked.check({FilterOp::kStartsWith, "s", {std::string("round 1")}, {}, {}});
        for (const Slot slot : slots) checked.erase(slot);
        if (round == 20) after_first = checked.table->memory_bytes();
    }
    CHECK(checked.table->memory_bytes() <= after_first + 16384);
}

// What a filter on a table with a column of each type, named c0 to c6, is refused with.
std::string refusal(const Filter& filter) {
    Checked checked(all_types());
    Chance chance(1);
    checked.grow(1);
    checked.store({0}, {chance.row(all_types())});
    try {
        checked.table->check(filter);
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

Filter one(FilterOp op, std::string column, FilterValue value) { return {op, std::move(column), {value}, {}, {}}; }

TEST_CASE("filters that mean nothing are refused with the reason") {
    const auto says = [](const Filter& filter, const char* text) {
        const std::string said = refusal(filter);
        CHECK_MESSAGE(said.find(text) != std::string::npos, said);
    };
    const std::string text = "abc";
    says(one(FilterOp::kEqual, "d", text),
         "there is no column 'd'; there are 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'");
    says(one(FilterOp::kEqual, "c0", text), "column 'c0' is int64 and cannot be compared with the string 'abc'");
    says(one(FilterOp::kEqual, "c0", true), "'c0' is int64 and cannot be compared with the bool true");
    says(one(FilterOp::kEqual, "c1", std::nan("")), "'c1' is compared with NaN");
    says(one(FilterOp::kEqual, "c2", std::int64_t{1}), "'c2' is bool and cannot be compared with the integer 1");
    says(one(FilterOp::kLess, "c2", true), "column 'c2' is bool, which '<' does not apply to");
    says(one(FilterOp::kEqual, "c3", std::int64_t{1}), "'c3' is timestamp and cannot be compared with the integer 1");
    says(one(FilterOp::kEqual, "c3", text), "'c3' is timestamp, and 'abc' is no ISO 8601 date or time");
    says(one(FilterOp::kEqual, "c4", 1.5), "'c4' is string and cannot be compared with the float 1.5");
    says(one(FilterOp::kEqual, "c5", text),
         "column 'c5' is list[string], which '==' does not apply to; 'contains' asks for an element, as in 'x' in c5");
    says(one(FilterOp::kNotEqual, "c6", std::int64_t{1}), "'contains' asks for an element, as in 1 in c6");
    says({FilterOp::kIn, "c5", {text}, {}, {}}, "'in' does not apply to; 'contains_any' asks for one of several");
    says(one(FilterOp::kLess, "c6", std::int64_t{1}),
         "'<' does not apply to; lists take 'contains', 'contains_any' and");
    says(one(FilterOp::kContains, "c5", std::int64_t{1}), "'c5' is list[string] and cannot be compared with");
    says(one(FilterOp::kContains, "c4", text),
         "'contains' does not apply to; strings are compared whole or by 'startswith', and");
    says({FilterOp::kContainsAny, "c0", {std::int64_t{1}}, {}, {}},
         "'contains_any' does not apply to; 'contains_any' is for lists");
    says(one(FilterOp::kStartsWith, "c0", text), "column 'c0' is int64, which 'startswith' does not apply to");
    says({FilterOp::kEqual, "c0", {}, {}, {}}, "'==' takes 1 values, got 0");
    says({FilterOp::kBetween, "c0", {std::int64_t{1}}, {}, {}}, "'between' takes 2 values, got 1");
    says({FilterOp::kNot, {}, {}, {}, {}}, "'not' takes one operand, got 0");
    says({FilterOp::kIsNull, "c0", {}, {Filter{}}, {}}, "'is_null' takes no operands");
    says({FilterOp::kAnd, "c0", {}, {}, {}}, "'and' takes no column, got 'c0'");
    says({FilterOp::kIsNull, "", {}, {}, {}}, "'is_null' needs a column");
    says({static_cast<FilterOp>(99), "", {}, {}, {}}, "its operation is unknown");
    Filter deep;
    for (int depth = 1; depth < 200; ++depth) deep = Filter{FilterOp::kNot, {}, {}, {deep}, {}};
    CHECK(refusal(deep) == "accepted");
    says({FilterOp::kNot, {}, {}, {deep}, {}}, "the filter is nested more than 200 deep");
}

std::string refusal(const AttributeTable& table, const ColumnView& view, std::size_t rows) {
    try {
        const ColumnView views[] = {view};
        table.schema_after(table.read({rows, views}, rows));
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

TEST_CASE("rows that do not fit are refused with the reason") {
    AttributeTable table;
    table.set_schema({{"i", ColumnType::kInt64}, {"f", ColumnType::kFloat64}, {"s", ColumnType::kString}});
    const auto says = [&](const ColumnView& view, const char* text) {
        const std::string said = refusal(table, view, 1);
        CHECK_MESSAGE(said.find(text) != std::string::npos, said);
    };
    const std::int64_t integer = 3;
    const std::int64_t offsets[] = {0, 2};
    const std::int64_t falling[] = {2, 1};
    const std::int64_t negative[] = {-1, 1};
    says({"i", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr}, "accepted");
    says({"f", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr}, "accepted");
    says({"i", ColumnType::kTimestamp, nullptr, &integer, nullptr, nullptr, nullptr},
         "column 'i' is int64, got timestamp");
    says({"i", ColumnType::kInt64, nullptr, nullptr, nullptr, nullptr, nullptr}, "column 'i' has no values");
    says({"x", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr},
         "column 'x' is not in the schema; its columns: 'i', 'f', 's'");
    says({"", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr}, "needs a name");
    says({"s", ColumnType::kString, nullptr, nullptr, nullptr, "\xff\xff", offsets}, "not UTF-8 at row 0");
    says({"s", ColumnType::kString, nullptr, nullptr, nullptr, "ab", falling}, "do not ascend: 2 comes before 1");
    says({"s", ColumnType::kString, nullptr, nullptr, nullptr, "ab", negative}, "a negative offset");
    says({"s", ColumnType::kString, nullptr, nullptr, nullptr, "ab", nullptr}, "no offsets");
    const ColumnView twice[] = {{"i", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr},
                                {"i", ColumnType::kInt64, nullptr, &integer, nullptr, nullptr, nullptr}};
    CHECK_THROWS_WITH_AS(table.read({1, twice}, 1), "column 'i' comes twice", Error);
    CHECK_THROWS_WITH_AS(table.read({1, twice}, 2), "attributes must have 2 rows, one an item, got 1", Error);
    CHECK_THROWS_WITH_AS(table.get({}, std::vector<std::string>{"x"}),
                         "there is no column 'x'; there are 'i', 'f', 's'", Error);
    AttributeTable open;
    CHECK_THROWS_WITH_AS(open.set_schema({{"i", ColumnType::kInt64}, {"i", ColumnType::kBool}}),
                         "column 'i' comes twice", Error);
    CHECK_THROWS_AS(open.set_schema(Schema(129, {"i", ColumnType::kInt64})), Error);
}

TEST_CASE("NaN is null, integers widen to floats, and a new column is null for older rows") {
    Checked checked({{"f", ColumnType::kFloat64}});
    checked.grow(3);
    checked.store({0, 1}, {{{"f", std::nan("")}}, {{"f", 2.0}}});
    const Table integers({{"f", ColumnType::kInt64}, {"later", ColumnType::kBool}},
                         {{{"f", std::int64_t{2}}, {"later", true}}});
    const auto batch = checked.table->read(integers.view(), 1);
    CHECK(checked.table->schema_after(batch) == Schema{{"f", ColumnType::kFloat64}, {"later", ColumnType::kBool}});
    checked.table->extend(batch);
    checked.table->store(2, batch, 0);
    const std::vector<Slot> slots{0, 1, 2};
    const std::vector<OwnedColumn> columns = checked.table->get(slots, {});
    CHECK(columns[0].valid == std::vector<std::uint8_t>{0, 1, 1});
    CHECK(columns[0].floats == std::vector<double>{0, 2, 2});
    CHECK(columns[1].valid == std::vector<std::uint8_t>{0, 0, 1});
    CHECK_THROWS_AS(checked.table->set_schema({}), Error);
}

TEST_CASE("integers and floats compare exactly") {
    const std::int64_t odd = (std::int64_t{1} << 53) + 1;  // no float64 has this value
    Checked checked({{"i", ColumnType::kInt64}, {"f", ColumnType::kFloat64}});
    checked.grow(5);
    const auto row = [](std::int64_t integer, double real) { return Row{{"i", integer}, {"f", real}}; };
    checked.store({0, 1, 2, 3, 4}, {row(odd - 1, 9007199254740992.0), row(odd, 9007199254740994.0), row(odd + 1, 0.5),
                                    row(INT64_MAX, 9223372036854775808.0), row(INT64_MIN, 9007199254740996.0)});
    for (int op = static_cast<int>(FilterOp::kEqual); op <= static_cast<int>(FilterOp::kGreaterEqual); ++op) {
        for (const double wanted : {9007199254740992.0, 9007199254740994.0, 9223372036854775808.0, HUGE_VAL, -HUGE_VAL,
                                    0.5, -9223372036854775808.0, -1e300})
            checked.check(one(static_cast<FilterOp>(op), "i", wanted));
        for (const std::int64_t wanted :
             {odd - 1, odd, odd + 1, odd + 2, std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}})
            checked.check(one(static_cast<FilterOp>(op), "f", wanted));
    }
}

// A file of the same sections with one of them altered, under sound checksums.
std::vector<std::byte> altered(std::vector<std::byte>& file, std::size_t section, Chance& chance) {
    MemorySink sink;
    SectionWriter writer(sink);
    const SectionReader reader(file, nullptr);
    for (std::size_t at = 0; at < reader.sections().size(); ++at) {
        const std::string& name = reader.sections()[at].name;
        const std::span<std::byte> bytes = reader.section(name);
        std::vector<std::byte> copy(bytes.begin(), bytes.end());
        if (at == section && chance.below(4) == 0) {
            copy.resize(chance.below(copy.size() + 9));
        } else if (at == section && !copy.empty()) {
            copy[chance.below(copy.size())] ^= static_cast<std::byte>(1U << chance.below(8));
        }
        writer.write_section(name, copy.data(), copy.size());
    }
    writer.finish();
    return sink.take();
}

TEST_CASE("hostile sections are refused, or read as some table") {
    Chance chance(9);
    Checked checked(all_types());
    checked.grow(70);
    std::vector<Slot> slots;
    std::vector<Row> rows;
    for (Slot slot = 0; slot < 70; slot += 2) {
        slots.push_back(slot);
        rows.push_back(chance.row(all_types()));
    }
    checked.store(slots, rows);
    std::vector<std::byte> file = checked.save();
    const std::size_t sections = SectionReader(file, nullptr).sections().size();
    const std::vector<std::uint64_t> live{~std::uint64_t{0}, 63};
    std::size_t refused = 0;
    for (std::size_t section = 0; section < sections; ++section) {
        for (int trial = 0; trial < 60; ++trial) {
            const auto bytes = std::make_shared<std::vector<std::byte>>(altered(file, section, chance));
            AttributeTable table;
            try {
                table.load(SectionReader(*bytes, bytes), 70);
                for (int filter = 0; filter < 20; ++filter)
                    table.evaluate(chance.filter(all_types(), 2, 70), {live, 70, 70, &checked});
                table.get(slots, {});
                const Table handed(all_types(), rows);
                table.update(slots, table.read(handed.view(), rows.size()));
                for (const Slot slot : slots) table.erase(slot);
            } catch (const Error& error) {
                // A name or a type may have become another one, which filters then do not find.
                REQUIRE((error.kind() == ErrorKind::kFileFormat || section == 0));
                ++refused;
            }
        }
    }
    CHECK(refused > sections * 20);
}

TEST_CASE("filters on many threads share what the first of them makes") {
    Chance chance(3);
    Checked checked(all_types());
    checked.grow(500);
    std::vector<Slot> slots;
    std::vector<Row> rows;
    for (Slot slot = 0; slot < 500; ++slot) {
        slots.push_back(slot);
        rows.push_back(chance.row(all_types()));
    }
    checked.store(slots, rows);
    checked.reopen();
    std::vector<std::uint64_t> live(8, ~std::uint64_t{0});
    live.back() = (std::uint64_t{1} << (500 % 64)) - 1;
    std::vector<Filter> filters;
    for (int count = 0; count < 40; ++count) filters.push_back(chance.filter(all_types(), 3, 500));
    std::vector<std::vector<std::size_t>> counts(4);
    std::vector<std::thread> threads;
    for (std::vector<std::size_t>& each : counts) {
        threads.emplace_back([&] {
            for (const Filter& filter : filters)
                each.push_back(checked.table->evaluate(filter, {live, 500, 500, &checked}).count());
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t at = 0; at < filters.size(); ++at) {
        const std::size_t alone = checked.table->evaluate(filters[at], {live, 500, 500, &checked}).count();
        for (const auto& each : counts) CHECK(each[at] == alone);
    }
}

TEST_CASE("a table without columns writes nothing and reads as one") {
    MemorySink sink;
    SectionWriter writer(sink);
    AttributeTable().save(writer, 5);
    writer.finish();
    std::vector<std::byte> bytes = sink.take();
    const SectionReader reader(bytes, nullptr);
    CHECK(reader.sections().empty());
    AttributeTable table;
    table.load(reader, 5);
    CHECK(table.empty());
    const std::vector<std::uint64_t> live{0b10110};
    CHECK(table.evaluate(Filter{}, {live, 5, 3, nullptr}).count() == 3);
}

}  // namespace
}  // namespace lanner
