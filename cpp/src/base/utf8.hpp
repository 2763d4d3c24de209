// Whether bytes are text: UTF-8 without overlong forms, surrogates, or code points past U+10FFFF.
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace lanner {

bool is_utf8(std::string_view text) noexcept;

}  // namespace lanner
