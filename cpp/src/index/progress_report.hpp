// How far a change has come, for whoever asked.
// Threads: the one that made it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

#include "base/throttle.hpp"
#include "lanner/index.hpp"

namespace lanner {

// Tells a caller how far a change has come, some 20 times a second. Empty functions where nobody asked.
class ProgressReport {
  public:
    ProgressReport(const Progress& progress, std::size_t total) : progress_(progress), total_(total) {}

    // For loops that count what is done, and for those that only want to be interruptible.
    std::function<void(std::size_t)> advancing() {
        if (!progress_) return nullptr;
        return [this](std::size_t done) {
            done_ = std::max(done_, done);
            if (throttle_.due()) progress_(done_, total_);
        };
    }
    std::function<void()> again() {
        if (!progress_) return nullptr;
        return [this] {
            if (throttle_.due()) progress_(done_, total_);
        };
    }
    void finish() {
        if (progress_) progress_(total_, total_);
    }

  private:
    const Progress& progress_;
    std::size_t total_;
    std::size_t done_ = 0;
    Throttle throttle_;
};

}  // namespace lanner
