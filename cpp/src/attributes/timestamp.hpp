// ISO 8601 dates and times as microseconds since 1970-01-01 UTC.
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lanner {

// 2020-01-31, 2020-01-31T12:00, with seconds, with a fraction of up to six digits that count, with Z or ±hh:mm (±hhmm,
// ±hh); a space may stand for the T. Nothing where `text` is none of these or no date there is. Years 1 to 9999.
std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

}  // namespace lanner
