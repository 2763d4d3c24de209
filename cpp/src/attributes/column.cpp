#include "attributes/column.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "attributes/bool_column.hpp"
#include "attributes/column_view.hpp"
#include "attributes/list_column.hpp"
#include "attributes/number_column.hpp"
#include "attributes/string_column.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// As the text of a filter has it.
std::string in_a_filter(const std::string& name) {
    const auto plain = [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
               each == '_';
    };
    const bool bare = !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), plain);
    return bare ? name : "`" + name + "`";
}

// What to ask of a column in place of what does not apply to it.
std::string applying_instead(const ColumnSpec& spec, FilterOp op) {
    if (is_list(spec.type)) {
        if (op == FilterOp::kEqual || op == FilterOp::kNotEqual) {
            const char* const element = spec.type == ColumnType::kStringList ? "'x'" : "1";
            return std::string("; 'contains' asks for an element, as in ") + element + " in " + in_a_filter(spec.name);
        }
        if (op == FilterOp::kIn) return "; 'contains_any' asks for one of several elements";
        return "; lists take 'contains', 'contains_any' and 'contains_all'";
    }
    if (op != FilterOp::kContains && op != FilterOp::kContainsAny && op != FilterOp::kContainsAll) return {};
    const std::string lists = "'" + op_name(op) + "' is for lists";
    if (spec.type != ColumnType::kString) return "; " + lists;
    return "; strings are compared whole or by 'startswith', and " + lists;
}

}  // namespace

std::unique_ptr<Column> make_column(const ColumnSpec& spec) {
    switch (spec.type) {
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
            return std::make_unique<NumberColumn<std::int64_t>>(spec);
        case ColumnType::kFloat64:
            return std::make_unique<NumberColumn<double>>(spec);
        case ColumnType::kBool:
            return std::make_unique<BoolColumn>(spec);
        case ColumnType::kString:
            return std::make_unique<StringColumn>(spec);
        case ColumnType::kStringList:
        case ColumnType::kInt64List:
            return std::make_unique<ListColumn>(spec);
    }
    throw Error(ErrorKind::kInvalidArgument, "column " + quoted(spec.name) + " has a type that is unknown");
}

void Column::refuse_op(const Filter& filter) const {
    throw Error(ErrorKind::kWrongType, "column " + quoted(spec_.name) + " is " + type_name(spec_.type) + ", which '" +
                                           op_name(filter.op) + "' does not apply to" +
                                           applying_instead(spec_, filter.op));
}

void Column::refuse_value(const FilterValue& value) const {
    throw Error(ErrorKind::kWrongType, "column " + quoted(spec_.name) + " is " + type_name(spec_.type) +
                                           " and cannot be compared with " + describe(value));
}

void Column::save_present(SectionWriter& writer, const std::string& prefix, std::size_t slots) const {
    writer.write_section(prefix + "present", present_.words().data(), (slots + 63) / 64 * sizeof(std::uint64_t));
}

void Column::load_present(const SectionReader& reader, const std::string& prefix, std::size_t slots) {
    const std::string name = prefix + "present";
    const std::size_t count = (slots + 63) / 64;
    const std::span<std::byte> bytes = reader.section(name, count * sizeof(std::uint64_t));
    for (std::size_t at = 0; at < count; ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at * sizeof word, sizeof word);
        for (; word != 0; word &= word - 1) {
            const std::size_t slot = at * 64 + static_cast<std::size_t>(std::countr_zero(word));
            if (slot >= slots) refuse_section(name, "it has values for more slots than there are");
            present_.assign(static_cast<Slot>(slot), true);
        }
    }
}

std::string listed(std::span<const std::string> names) {
    std::string shown;
    for (const std::string& name : names) shown += (shown.empty() ? "" : ", ") + quoted(name);
    return shown;
}

std::string type_name(ColumnType type) {
    static const char* const kNames[kColumnTypeCount] = {"int64",  "float64",      "bool",       "timestamp",
                                                         "string", "list[string]", "list[int64]"};
    const auto at = static_cast<std::size_t>(type);
    return at < kColumnTypeCount ? kNames[at] : "of unknown type";
}

std::string op_name(FilterOp op) {
    static const char* const kNames[] = {
        "and",     "or", "not",      "==",           "!=",           "<",          "<=",      ">",     ">=",
        "between", "in", "contains", "contains_any", "contains_all", "startswith", "is_null", "id in", "mask"};
    const auto at = static_cast<std::size_t>(op);
    return at < std::size(kNames) ? kNames[at] : "unknown";
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string describe(const FilterValue& value) {
    struct Describe {
        std::string operator()(bool each) const { return each ? "the bool true" : "the bool false"; }
        std::string operator()(std::int64_t each) const { return "the integer " + std::to_string(each); }
        std::string operator()(double each) const { return "the float " + std::to_string(each); }
        std::string operator()(const Timestamp& each) const {
            return "a timestamp (" + std::to_string(each.microseconds) + " microseconds)";
        }
        std::string operator()(const std::string& each) const { return "the string " + quoted(each); }
    };
    return std::visit(Describe{}, value);
}

}  // namespace lanner
