// What a comparison with a number means for the values of a column: intervals of them, ends included, exactly, also where
// a 64-bit integer is compared with a float.
// Threads: any.
#pragma once

#include <cstdint>
#include <vector>

#include "attributes/compiled_filter.hpp"
#include "lanner/filter.hpp"

namespace lanner {

// The values of T not above and not below `value`: low is the least T >= value, high the greatest T <= value. Where no T
// equals it, low is above high; where there is no T on one side, that one is absent.
template <typename T>
struct Brackets {
    bool has_low = true;
    bool has_high = true;
    T low;
    T high;
};

Brackets<std::int64_t> bracket_integer(double value) noexcept;  // not NaN
Brackets<double> bracket_real(std::int64_t value) noexcept;

// The values v with `v op value`, for kEqual and the four orderings: none or one interval.
template <typename T>
std::vector<Interval<T>> interval_of(FilterOp op, const Brackets<T>& value);

// Ascending and disjoint.
template <typename T>
void normalise(std::vector<Interval<T>>& intervals);

}  // namespace lanner
