#include "attributes/number_column.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "attributes/intervals.hpp"
#include "attributes/timestamp.hpp"
#include "lanner/error.hpp"

namespace lanner {

template <typename T>
void NumberColumn<T>::grow(std::size_t slots) {
    values_.grow(slots);
    present_.grow(slots);
}

template <typename T>
void NumberColumn<T>::stage(const BatchColumn& column, std::size_t row) {
    Staged staged{column.has(row), T{}};
    if (staged.has) {
        if constexpr (std::is_same_v<T, double>) {
            staged.value = column.real(row);
            if (std::isnan(staged.value)) staged = {false, T{}};
        } else {
            staged.value = column.integer(row);
        }
    }
    staged_.push_back(staged);
}

template <typename T>
void NumberColumn<T>::commit(Slot slot) noexcept {
    set(slot, staged_[committed_++]);
}

template <typename T>
void NumberColumn<T>::unstage() noexcept {
    staged_.clear();
    committed_ = 0;
}

template <typename T>
void NumberColumn<T>::set(Slot slot, Staged value) noexcept {
    NumberOrder<T>* const order = order_.made();
    if (order != nullptr && present_.test(slot)) order->remove(slot);
    *values_.template as<T>(slot) = value.value;
    present_.assign(slot, value.has);
    if (order == nullptr) return;
    try {
        if (value.has) order->add(slot);
        if (order->outdated()) order_.drop();
    } catch (...) {
        order_.drop();
    }
}

template <typename T>
void NumberColumn<T>::move(Slot from, Slot to) noexcept {
    const Staged value{present_.test(from), at(from)};
    erase(from);
    set(to, value);
}

template <typename T>
void NumberColumn<T>::get(std::span<const Slot> slots, OwnedColumn& out) const {
    for (const Slot slot : slots) {
        if constexpr (std::is_same_v<T, double>) {
            out.floats.push_back(present_.test(slot) ? at(slot) : 0);
        } else {
            out.integers.push_back(present_.test(slot) ? at(slot) : 0);
        }
    }
}

template <typename T>
const NumberOrder<T>& NumberColumn<T>::order() const {
    return order_.get([&] {
        std::vector<std::pair<T, Slot>> entries;
        entries.reserve(present_.count());
        const auto words = present_.words();
        for (std::size_t word = 0; word < words.size(); ++word) {
            for (std::uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
                const auto slot = static_cast<Slot>(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
                entries.emplace_back(at(slot), slot);
            }
        }
        return std::make_unique<NumberOrder<T>>(values_, std::move(entries));
    });
}

template <typename T>
const std::vector<Interval<T>>& NumberColumn<T>::intervals(const Condition& condition) noexcept {
    if constexpr (std::is_same_v<T, double>) {
        return condition.reals;
    } else {
        return condition.integers;
    }
}

template <typename T>
std::vector<Interval<T>> NumberColumn<T>::compare(FilterOp op, const FilterValue& value) const {
    if (spec_.type == ColumnType::kTimestamp) {
        if constexpr (std::is_same_v<T, std::int64_t>) {
            if (const auto* const time = std::get_if<Timestamp>(&value))
                return interval_of<T>(op, {true, true, time->microseconds, time->microseconds});
            if (const auto* const text = std::get_if<std::string>(&value)) {
                const auto time = parse_timestamp(*text);
                if (!time) {
                    throw Error(ErrorKind::kInvalidArgument,
                                "column " + quoted(spec_.name) + " is timestamp, and " + quoted(*text) +
                                    " is no ISO 8601 date or time such as '2024-01-31' or '2024-01-31T12:00:00Z'");
                }
                return interval_of<T>(op, {true, true, *time, *time});
            }
        }
        refuse_value(value);
    }
    if (const auto* const integer = std::get_if<std::int64_t>(&value)) {
        if constexpr (std::is_same_v<T, double>) {
            return interval_of<T>(op, bracket_real(*integer));
        } else {
            return interval_of<T>(op, {true, true, *integer, *integer});
        }
    }
    if (const auto* const real = std::get_if<double>(&value)) {
        if (std::isnan(*real)) {
            throw Error(ErrorKind::kInvalidArgument, "column " + quoted(spec_.name) +
                                                         " is compared with NaN, which nothing equals; is_null finds "
                                                         "rows without a value");
        }
        if constexpr (std::is_same_v<T, double>) {
            return interval_of<T>(op, {true, true, *real, *real});
        } else {
            return interval_of<T>(op, bracket_integer(*real));
        }
    }
    refuse_value(value);
}

template <typename T>
Condition NumberColumn<T>::compile(const Filter& filter) const {
    Condition condition;
    std::vector<Interval<T>> intervals;
    switch (filter.op) {
        case FilterOp::kNotEqual:
            condition.others = true;
            intervals = compare(FilterOp::kEqual, filter.values[0]);
            break;
        case FilterOp::kBetween: {
            const auto low = compare(FilterOp::kGreaterEqual, filter.values[0]);
            const auto high = compare(FilterOp::kLessEqual, filter.values[1]);
            if (!low.empty() && !high.empty() && low[0].low <= high[0].high)
                intervals.push_back({low[0].low, high[0].high});
            break;
        }
        case FilterOp::kIn:
            for (const FilterValue& value : filter.values) {
                for (const Interval<T>& each : compare(FilterOp::kEqual, value)) intervals.push_back(each);
            }
            normalise(intervals);
            break;
        case FilterOp::kEqual:
        case FilterOp::kLess:
        case FilterOp::kLessEqual:
        case FilterOp::kGreater:
        case FilterOp::kGreaterEqual:
            intervals = compare(filter.op, filter.values[0]);
            break;
        default:
            refuse_op(filter);
    }
    if constexpr (std::is_same_v<T, double>) {
        condition.reals = std::move(intervals);
    } else {
        condition.integers = std::move(intervals);
    }
    return condition;
}

template <typename T>
Bounds NumberColumn<T>::estimate(const Condition& condition) const {
    const NumberOrder<T>& order = this->order();
    std::size_t count = 0;
    for (const Interval<T>& each : intervals(condition))
        count += order.count_between(order.lower_bound(each.low), order.upper_bound(each.high));
    return {count, count};
}

template <typename T>
Selection NumberColumn<T>::select(const Condition& condition, std::size_t slots) const {
    using Place = typename NumberOrder<T>::Place;
    const NumberOrder<T>& order = this->order();
    std::vector<std::pair<Place, Place>> inside;
    std::size_t count = 0;
    for (const Interval<T>& each : intervals(condition)) {
        inside.emplace_back(order.lower_bound(each.low), order.upper_bound(each.high));
        count += order.count_between(inside.back().first, inside.back().second);
    }
    const bool one = inside.size() == 1;
    if (one || count <= order.count() / 2) {
        Selection selection(slots, count);
        for (const auto& [from, to] : inside) order.collect(from, to, present_.words(), one, selection);
        selection.finish();
        return selection;
    }
    Selection outside(slots, order.count() - count);
    Place from{};
    for (const auto& [first, last] : inside) {
        order.collect(from, first, present_.words(), false, outside);
        from = last;
    }
    order.collect(from, order.end(), present_.words(), false, outside);
    outside.finish();
    outside.complement(present_.words());
    return outside;
}

template <typename T>
bool NumberColumn<T>::matches(const Condition& condition, Slot slot) const noexcept {
    const T value = at(slot);
    const auto& all = intervals(condition);
    const auto after = std::upper_bound(all.begin(), all.end(), value,
                                        [](T left, const Interval<T>& right) { return left < right.low; });
    return after != all.begin() && value <= std::prev(after)->high;
}

template <typename T>
std::size_t NumberColumn<T>::memory_bytes() const noexcept {
    const NumberOrder<T>* const order = order_.made();
    return values_.allocated_bytes() + values_.adopted_bytes() + present_.memory_bytes() +
           (order != nullptr ? order->memory_bytes() : 0);
}

template <typename T>
void NumberColumn<T>::save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const {
    save_present(writer, prefix, slots);
    writer.write_rows(prefix + "values", values_, slots);
}

template <typename T>
void NumberColumn<T>::load(const SectionReader& reader, const std::string& prefix, std::size_t slots) {
    present_.grow(slots);
    load_present(reader, prefix, slots);
    reader.read_rows(prefix + "values", slots, values_);
    for (std::size_t at = 0; at < slots; ++at) {
        const auto slot = static_cast<Slot>(at);
        const T value = this->at(slot);
        if (!present_.test(slot) && std::bit_cast<std::uint64_t>(value) != 0)
            refuse_section(prefix + "values", "a row without a value is not 0");
        if (value != value) refuse_section(prefix + "values", "it holds NaN");
    }
}

template class NumberColumn<std::int64_t>;
template class NumberColumn<double>;

}  // namespace lanner
