// How far a fit has come, told to whoever asked, some 20 times a second and on the caller's thread alone.
// Threads: add() any; poll() and finish() the thread that called fit.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "base/throttle.hpp"

namespace lanner {

using FitProgress = std::function<void(std::size_t done, std::size_t total)>;

class FitReport {
  public:
    FitReport(FitProgress progress, std::size_t total) : progress_(std::move(progress)), total_(total) {}

    void add(std::size_t steps) noexcept { done_.fetch_add(steps, std::memory_order_relaxed); }
    void poll() {
        if (progress_ && throttle_.due()) progress_(done_.load(std::memory_order_relaxed), total_);
    }
    void finish() {
        if (progress_) progress_(total_, total_);
    }
    // As parallel_for() takes it.
    std::function<void()> poller() {
        return [this] { poll(); };
    }

  private:
    FitProgress progress_;
    std::size_t total_;
    std::atomic<std::size_t> done_{0};
    Throttle throttle_;
};

}  // namespace lanner
