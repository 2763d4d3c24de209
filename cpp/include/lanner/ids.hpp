// Ids, as callers hand them in and get them back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lanner {

enum class IdKind : std::uint8_t { kNone = 0, kInt = 1, kString = 2 };

// One id a row. The first add decides which kind an index has; std::monostate asks for generated integers.
using Ids = std::variant<std::monostate, std::span<const std::int64_t>, std::span<const std::string_view>>;
using OwnedIds = std::variant<std::vector<std::int64_t>, std::vector<std::string>>;

}  // namespace lanner
