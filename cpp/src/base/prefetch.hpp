// A hint that a cache line will be read soon. Nothing where the compiler knows no such hint.
// Threads: any.
#pragma once

namespace lanner {

inline void prefetch_line(const void* address) noexcept {
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address);
#else
    static_cast<void>(address);
#endif
}

}  // namespace lanner
