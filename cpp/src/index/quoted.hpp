// An id as messages show it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lanner {

inline std::string quoted(std::int64_t id) { return std::to_string(id); }
inline std::string quoted(std::string_view id) { return "'" + std::string(id) + "'"; }

}  // namespace lanner
