// Time that has passed.
// Threads: any.
#pragma once

#include <chrono>

namespace lanner {

inline double nanoseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace lanner
