// Lets a call through some 20 times a second, however often it is asked for.
// Threads: one at a time.
#pragma once

#include <chrono>

namespace lanner {

class Throttle {
  public:
    // Whether it is time again.
    bool due() noexcept {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(50)) return false;
        last_ = now;
        return true;
    }

  private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace lanner
