// From a recall asked for to the width of a walk, by what a calibration measured.
// Threads: const calls run beside one another.
#pragma once

#include <array>
#include <cstddef>

#include "search/calibrate.hpp"

namespace lanner {

// How wide to walk; kScan asks for a scan instead.
struct Aim {
    static constexpr std::size_t kScan = ~std::size_t{0};

    std::size_t ef = kScan;
    bool rerank_all = false;  // look at every candidate once more, rather than at as many as usual
};

class EffortModel {
  public:
    EffortModel() = default;
    // `codes`: walks go over codes, and vectors are kept behind them.
    EffortModel(const Calibration& calibration, bool codes);

    // recall in (0, 1).
    Aim aim(double recall, std::size_t k) const noexcept;

  private:
    // By depth and width: the logarithm of the share of neighbours missed, with a margin for the chances of a sample.
    struct Curves {
        std::array<std::array<double, kWidths.size()>, kDepths.size()> log_missed{};
    };

    double log_width(const Curves& curves, std::size_t depth, double log_missed) const noexcept;
    double width(const Curves& curves, double log_missed, std::size_t k) const noexcept;

    std::size_t widths_ = 0;
    std::array<bool, kDepths.size()> known_{};
    bool codes_ = false;
    Curves usual_;
    Curves whole_;
};

}  // namespace lanner
