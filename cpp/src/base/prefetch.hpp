// A hint that a cache line will be read soon. Nothing where the compiler knows no such hint.
// Threads: any.
#pragma once

#include <cstddef>

namespace lanner {

inline void prefetch_line(const void* address) noexcept {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address);
#else
    static_cast<void>(address);
#endif
}

// Those of `bytes` bytes from here on.
inline void prefetch_near(const void* from, std::size_t bytes) noexcept {
    for (std::size_t at = 0; at < bytes; at += 64) prefetch_line(static_cast<const std::byte*>(from) + at);
}

// The lines that begin in `bytes` bytes from here on, into the second cache: more of them can be on their way at once than
// to the first.
inline void prefetch_far(const void* from, std::size_t bytes) noexcept {
    for (std::size_t at = 0; at < bytes; at += 64) {
#if defined(__GNUC__) || defined(__clang__)
        __builtin_prefetch(static_cast<const std::byte*>(from) + at, 0, 2);
#else
        static_cast<void>(from);
#endif
    }
}

// A row of codes: hardware goes on by itself with what lies behind the first lines of a long one.
inline void prefetch_row(const void* row, std::size_t bytes) noexcept {
    constexpr std::size_t kMost = 256;
    prefetch_far(row, bytes < kMost ? bytes : kMost);
}

}  // namespace lanner
