// Attributes and filters the plain way, for comparison: a map of values for each row, and every row looked at.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attributes/attribute_table.hpp"
#include "lanner/attributes.hpp"
#include "lanner/filter.hpp"

namespace lanner::model {

using Strings = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;
using Value = std::variant<std::monostate, std::int64_t, double, bool, std::string, Strings, Integers>;
using Row = std::map<std::string, Value>;

// A table as callers hand it in, with the memory it needs.
class Table {
  public:
    Table(const Schema& columns, const std::vector<Row>& rows) {
        for (const ColumnSpec& spec : columns) add(spec, rows);
        view_ = {rows.size(), views_};
    }
    Table(const Table&) = delete;
    const TableView& view() const { return view_; }

  private:
    void add(const ColumnSpec& spec, const std::vector<Row>& rows) {
        OwnedColumn& out = owned_.emplace_back();
        out.name = spec.name;
        out.row_offsets.push_back(0);
        out.text_offsets.push_back(0);
        const auto text = [&](const std::string& each) {
            out.text += each;
            out.text_offsets.push_back(static_cast<std::int64_t>(out.text.size()));
        };
        for (const Row& row : rows) {
            const auto found = row.find(spec.name);
            const Value value = found == row.end() ? Value{} : found->second;
            out.valid.push_back(value.index() == 0 ? 0 : 1);
            const auto* const strings = std::get_if<Strings>(&value);
            const auto* const integers = std::get_if<Integers>(&value);
            const auto* const integer = std::get_if<std::int64_t>(&value);
            if (spec.type == ColumnType::kStringList) {
                for (const auto& each : strings != nullptr ? *strings : Strings{}) text(each);
                out.row_offsets.push_back(static_cast<std::int64_t>(out.text_offsets.size()) - 1);
            } else if (spec.type == ColumnType::kInt64List) {
                for (const auto each : integers != nullptr ? *integers : Integers{}) out.integers.push_back(each);
                out.row_offsets.push_back(static_cast<std::int64_t>(out.integers.size()));
            } else {
                const auto* const string = std::get_if<std::string>(&value);
                const auto* const real = std::get_if<double>(&value);
                const auto* const truth = std::get_if<bool>(&value);
                text(string != nullptr ? *string : "");
                out.integers.push_back(integer != nullptr ? *integer : 7);  // what a null hides does not matter
                out.floats.push_back(real != nullptr ? *real : 7);
                out.bools.push_back(truth != nullptr && *truth ? 1 : 0);
            }
        }
        ColumnView view{out.name,
                        spec.type,
                        out.valid.data(),
                        out.integers.data(),
                        out.row_offsets.data(),
                        out.text.data(),
                        out.text_offsets.data()};
        if (spec.type == ColumnType::kFloat64) view.values = out.floats.data();
        if (spec.type == ColumnType::kBool) view.values = out.bools.data();
        views_.push_back(view);
    }

    std::deque<OwnedColumn> owned_;
    std::vector<ColumnView> views_;
    TableView view_;
};

// -1, 0, 1, exactly.
inline int compare(std::int64_t left, double right) {
    if (right >= 9223372036854775808.0) return -1;
    if (right < -9223372036854775808.0) return 1;
    const double whole = std::floor(right);
    const auto integer = static_cast<std::int64_t>(whole);
    if (left != integer) return left < integer ? -1 : 1;
    return whole < right ? -1 : 0;
}

template <typename T>
int order(const T& left, const T& right) {
    return left < right ? -1 : (right < left ? 1 : 0);
}

inline int compare(const Value& value, const FilterValue& wanted) {
    if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
        if (const auto* const other = std::get_if<std::int64_t>(&wanted)) return order(*integer, *other);
        if (const auto* const time = std::get_if<Timestamp>(&wanted)) return order(*integer, time->microseconds);
        return compare(*integer, std::get<double>(wanted));
    }
    if (const auto* const real = std::get_if<double>(&value)) {
        if (const auto* const other = std::get_if<std::int64_t>(&wanted)) return -compare(*other, *real);
        return order(*real, std::get<double>(wanted));
    }
    if (const auto* const truth = std::get_if<bool>(&value)) return order(*truth, std::get<bool>(wanted));
    return order(std::get<std::string>(value), std::get<std::string>(wanted));
}

inline bool contains(const Value& list, const FilterValue& wanted) {
    if (const auto* const strings = std::get_if<Strings>(&list))
        return std::find(strings->begin(), strings->end(), std::get<std::string>(wanted)) != strings->end();
    const auto& integers = std::get<Integers>(list);
    return std::any_of(integers.begin(), integers.end(),
                       [&](std::int64_t each) { return compare(Value{each}, wanted) == 0; });
}

inline bool holds(const Filter& filter, const Row& row, std::int64_t id) {
    const auto holds_too = [&](const Filter& operand) { return holds(operand, row, id); };
    const auto& operands = filter.operands;
    if (filter.op == FilterOp::kAnd) return std::all_of(operands.begin(), operands.end(), holds_too);
    if (filter.op == FilterOp::kOr) return std::any_of(operands.begin(), operands.end(), holds_too);
    if (filter.op == FilterOp::kNot) return !holds_too(operands[0]);
    if (filter.op == FilterOp::kIdIn) {
        const auto& ids = std::get<std::vector<std::int64_t>>(filter.ids);
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    }
    const auto found = row.find(filter.column);
    const Value value = found == row.end() ? Value{} : found->second;
    if (filter.op == FilterOp::kIsNull) return value.index() == 0;
    if (value.index() == 0) return false;
    const auto& values = filter.values;
    const auto equal = [&](const FilterValue& each) { return compare(value, each) == 0; };
    const auto contained = [&](const FilterValue& each) { return contains(value, each); };
    switch (filter.op) {
        case FilterOp::kEqual:
            return equal(values[0]);
        case FilterOp::kNotEqual:
            return !equal(values[0]);
        case FilterOp::kLess:
            return compare(value, values[0]) < 0;
        case FilterOp::kLessEqual:
            return compare(value, values[0]) <= 0;
        case FilterOp::kGreater:
            return compare(value, values[0]) > 0;
        case FilterOp::kGreaterEqual:
            return compare(value, values[0]) >= 0;
        case FilterOp::kBetween:
            return compare(value, values[0]) >= 0 && compare(value, values[1]) <= 0;
        case FilterOp::kIn:
            return std::any_of(values.begin(), values.end(), equal);
        case FilterOp::kContains:
        case FilterOp::kContainsAny:
            return std::any_of(values.begin(), values.end(), contained);
        case FilterOp::kContainsAll:
            return std::all_of(values.begin(), values.end(), contained);
        default:
            return std::get<std::string>(value).starts_with(std::get<std::string>(values[0]));
    }
}

// Values, rows and filters by chance, from few values so that they meet.
class Chance {
  public:
    explicit Chance(unsigned seed) : random_(seed) {}

    std::size_t below(std::size_t end) { return random_() % end; }
    std::int64_t integer() {
        static const std::int64_t kSpecial[] = {
            INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, (std::int64_t{1} << 53) + 1, std::int64_t{1} << 53};
        return below(5) == 0 ? kSpecial[below(6)] : static_cast<std::int64_t>(below(30)) - 10;
    }
    double real() {
        static const double kSpecial[] = {
            HUGE_VAL, -HUGE_VAL, -0.0, 0.0, 9007199254740992.0, 9223372036854775808.0, -9223372036854775808.0, 5e-324};
        return below(4) == 0 ? kSpecial[below(8)] : (static_cast<double>(below(60)) - 20) / 2;
    }
    std::string text() {
        static const char* const kParts[] = {"", "a", "b", "cs.", "\xc3\xa9"};
        std::string text = kParts[below(5)];
        if (below(2) == 0) text += kParts[below(5)];
        return below(4) == 0 ? text + std::to_string(below(300)) : text;
    }
    Value value(ColumnType type) {
        if (below(6) == 0) return {};
        Strings strings;
        Integers integers;
        switch (type) {
            case ColumnType::kFloat64:
                return real();
            case ColumnType::kBool:
                return below(2) == 0;
            case ColumnType::kString:
                return text();
            case ColumnType::kStringList:
                for (std::size_t count = below(5); count > 0; --count) strings.push_back(text());
                return strings;
            case ColumnType::kInt64List:
                for (std::size_t count = below(5); count > 0; --count) integers.push_back(integer());
                return integers;
            default:
                return integer();
        }
    }
    Row row(const Schema& schema) {
        Row row;
        for (const ColumnSpec& spec : schema) row[spec.name] = value(spec.type);
        return row;
    }
    Filter leaf(const Schema& schema, std::size_t ids) {
        if (below(10) == 0) {
            Filter filter{FilterOp::kIdIn, {}, {}, {}, {}};
            std::vector<std::int64_t> wanted;
            for (std::size_t count = below(6); count > 0; --count)
                wanted.push_back(static_cast<std::int64_t>(below(ids + 3)));
            filter.ids = wanted;
            return filter;
        }
        const ColumnSpec& spec = schema[below(schema.size())];
        Filter filter{FilterOp::kIsNull, spec.name, {}, {}, {}};
        if (below(12) == 0) return filter;
        const bool list = spec.type == ColumnType::kStringList || spec.type == ColumnType::kInt64List;
        if (list) {
            filter.op = static_cast<FilterOp>(static_cast<int>(FilterOp::kContains) + static_cast<int>(below(3)));
        } else if (spec.type == ColumnType::kBool) {
            const FilterOp ops[] = {FilterOp::kEqual, FilterOp::kNotEqual, FilterOp::kIn};
            filter.op = ops[below(3)];
        } else if (spec.type == ColumnType::kString && below(5) == 0) {
            filter.op = FilterOp::kStartsWith;
        } else {
            filter.op = static_cast<FilterOp>(static_cast<int>(FilterOp::kEqual) + static_cast<int>(below(8)));
        }
        std::size_t count = 1;
        if (filter.op == FilterOp::kBetween) count = 2;
        if (filter.op == FilterOp::kIn || filter.op == FilterOp::kContainsAny || filter.op == FilterOp::kContainsAll)
            count = below(4);
        for (; count > 0; --count) filter.values.push_back(wanted(spec.type));
        return filter;
    }
    Filter filter(const Schema& schema, std::size_t depth, std::size_t ids) {
        const std::size_t kind = below(5);
        if (depth == 0 || kind < 2) return leaf(schema, ids);
        Filter filter;
        filter.op = static_cast<FilterOp>(kind - 2);
        for (std::size_t count = filter.op == FilterOp::kNot ? 1 : below(4); count > 0; --count)
            filter.operands.push_back(this->filter(schema, depth - 1, ids));
        return filter;
    }

  private:
    FilterValue wanted(ColumnType type) {
        switch (type) {
            case ColumnType::kBool:
                return below(2) == 0;
            case ColumnType::kString:
            case ColumnType::kStringList:
                return text();
            case ColumnType::kTimestamp:
                return Timestamp{integer()};
            default:
                if (below(2) == 0) return integer();
                return real();
        }
    }

    std::mt19937 random_;
};

}  // namespace lanner::model
