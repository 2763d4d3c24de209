// The name that somebody may have meant who wrote one that there is not.
// Words are compared one by one, whatever their case, and numbers must be the same: names that differ in a whole word or in a
// number are meant to, as min_price, max_price and price_2.
// Threads: any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lanner {

// The nearest of `names`, the first of those that are equally near; none where nobody would take any for the other.
std::optional<std::string> near_name(std::string_view name, std::span<const std::string> names);

// What a message that refuses `name` ends in: "; did you mean 'year'?", or nothing.
std::string near_name_hint(std::string_view name, std::span<const std::string> names);

}  // namespace lanner
