#include "attributes/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lanner {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;

template <typename T>
T least() noexcept {
    return std::is_same_v<T, double> ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
}
template <typename T>
T greatest() noexcept {
    return std::is_same_v<T, double> ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
}

std::int64_t before(std::int64_t value) noexcept { return value - 1; }
std::int64_t after(std::int64_t value) noexcept { return value + 1; }
double before(double value) noexcept { return std::nextafter(value, -std::numeric_limits<double>::infinity()); }
double after(double value) noexcept { return std::nextafter(value, std::numeric_limits<double>::infinity()); }

}  // namespace

Brackets<std::int64_t> bracket_integer(double value) noexcept {
    if (value >= kTwo63) return {false, true, 0, std::numeric_limits<std::int64_t>::max()};
    if (value < -kTwo63) return {true, false, std::numeric_limits<std::int64_t>::min(), 0};
    const double up = std::ceil(value);
    Brackets<std::int64_t> brackets{true, true, 0, static_cast<std::int64_t>(std::floor(value))};
    if (up >= kTwo63) {
        brackets.has_low = false;
    } else {
        brackets.low = static_cast<std::int64_t>(up);
    }
    return brackets;
}

Brackets<double> bracket_real(std::int64_t value) noexcept {
    const auto near = static_cast<double>(value);
    if (near >= kTwo63) return {true, true, near, before(near)};
    const auto back = static_cast<std::int64_t>(near);
    if (back == value) return {true, true, near, near};
    return back > value ? Brackets<double>{true, true, near, before(near)}
                        : Brackets<double>{true, true, after(near), near};
}

template <typename T>
std::vector<Interval<T>> interval_of(FilterOp op, const Brackets<T>& value) {
    const bool exact = value.has_low && value.has_high && value.low == value.high;
    switch (op) {
        case FilterOp::kEqual:
            if (exact) return {{value.low, value.high}};
            return {};
        case FilterOp::kLessEqual:
            if (value.has_high) return {{least<T>(), value.high}};
            return {};
        case FilterOp::kGreaterEqual:
            if (value.has_low) return {{value.low, greatest<T>()}};
            return {};
        case FilterOp::kLess:
            if (!exact) return interval_of(FilterOp::kLessEqual, value);
            if (value.high == least<T>()) return {};
            return {{least<T>(), before(value.high)}};
        case FilterOp::kGreater:
            if (!exact) return interval_of(FilterOp::kGreaterEqual, value);
            if (value.low == greatest<T>()) return {};
            return {{after(value.low), greatest<T>()}};
        default:
            return {};
    }
}

template <typename T>
void normalise(std::vector<Interval<T>>& intervals) {
    std::sort(intervals.begin(), intervals.end(), [](const Interval<T>& left, const Interval<T>& right) {
        return left.low < right.low || (left.low == right.low && left.high < right.high);
    });
    std::size_t kept = 0;
    for (const Interval<T>& each : intervals) {
        if (kept > 0 && each.low <= intervals[kept - 1].high) {
            intervals[kept - 1].high = std::max(intervals[kept - 1].high, each.high);
        } else {
            intervals[kept++] = each;
        }
    }
    intervals.resize(kept);
}

template std::vector<Interval<std::int64_t>> interval_of(FilterOp, const Brackets<std::int64_t>&);
template std::vector<Interval<double>> interval_of(FilterOp, const Brackets<double>&);
template void normalise(std::vector<Interval<std::int64_t>>&);
template void normalise(std::vector<Interval<double>>&);

}  // namespace lanner
