// Tables that are handed back, taken apart.
// Threads: any.
#pragma once

#include <cstddef>
#include <span>

#include "lanner/attributes.hpp"

namespace lanner {

OwnedTable rows_of(const OwnedTable& table, std::span<const std::size_t> rows);

}  // namespace lanner
