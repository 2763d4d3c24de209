#include "search/effort.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lanner {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// The true recall may lie below what a sample showed by one standard error where this many rows were asked, and by more
// where there were fewer: the indexes that have small samples are small themselves, and wider walks of them are cheap.
constexpr double kPlentyOfRows = 400;
// A walk this much narrower is worth looking at all its candidates once more.
constexpr double kRerankWorth = 1.25;

double missed(const FoundSums& sums, std::uint32_t rows, std::uint32_t depth) {
    const double count = rows;
    const double mean = static_cast<double>(sums.found) / (count * depth);
    const double square = static_cast<double>(sums.squares) / (count * depth * depth);
    const double variance = std::max(square - mean * mean, 0.0) + 1 / (count * depth * depth);
    const double margin = std::max(1.0, std::sqrt(kPlentyOfRows / count));
    return std::min(1.0, 1 - mean + margin * std::sqrt(variance / count));
}

std::array<double, kWidths.size()> log_of_missed(const std::array<FoundSums, kWidths.size()>& curve, std::uint32_t rows,
                                                 std::uint32_t depth, std::size_t widths) {
    std::array<double, kWidths.size()> logs{};
    double least = 0;
    // Wider walks find more; where a sample says otherwise it is by chance.
    for (std::size_t i = 0; i < widths; ++i) logs[i] = least = std::min(least, std::log(missed(curve[i], rows, depth)));
    return logs;
}

const std::array<double, kWidths.size()>& log_widths() {
    static const std::array<double, kWidths.size()> logs = [] {
        std::array<double, kWidths.size()> all{};
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::log(static_cast<double>(kWidths[i]));
        return all;
    }();
    return logs;
}

}  // namespace

EffortModel::EffortModel(const Calibration& calibration, bool codes) : widths_(calibration.widths), codes_(codes) {
    for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
        const std::uint32_t rows = calibration.rows[depth];
        known_[depth] = rows > 0;
        if (rows == 0) continue;
        usual_.log_missed[depth] = log_of_missed(calibration.usual[depth], rows, kDepths[depth], widths_);
        whole_.log_missed[depth] = log_of_missed(calibration.whole[depth], rows, kDepths[depth], widths_);
    }
}

// Straight lines between the points measured, and the line of the last octave beyond them.
double EffortModel::log_width(const Curves& curves, std::size_t depth, double log_missed) const noexcept {
    const auto& logs = curves.log_missed[depth];
    const auto& wide = log_widths();
    std::size_t first = 0;
    while (first < widths_ && kWidths[first] < kDepths[depth]) ++first;
    std::size_t at = first;
    while (at < widths_ && logs[at] > log_missed) ++at;
    if (at == first) return at < widths_ ? wide[first] : kInfinity;
    std::size_t left = at - 1;
    std::size_t right = at;
    if (at == widths_) {
        if (widths_ < first + 3) return kInfinity;
        left = widths_ - 3;
        right = widths_ - 1;
    }
    const double fall = logs[left] - logs[right];
    if (!(fall > 0)) return kInfinity;
    return wide[left] + (wide[right] - wide[left]) * (logs[left] - log_missed) / fall;
}

double EffortModel::width(const Curves& curves, double log_missed, std::size_t k) const noexcept {
    std::size_t last = kDepths.size();
    while (last > 0 && !known_[last - 1]) --last;
    if (last == 0) return kInfinity;
    std::size_t above = 0;
    while (above < last && kDepths[above] < k) ++above;
    if (above == last) {
        const double ratio = static_cast<double>(k) / kDepths[last - 1];
        return ratio * std::exp(log_width(curves, last - 1, log_missed));
    }
    const double right = log_width(curves, above, log_missed);
    if (kDepths[above] == k || above == 0) return std::exp(right);
    const double left = log_width(curves, above - 1, log_missed);
    const double part = std::log(static_cast<double>(k) / kDepths[above - 1]) /
                        std::log(static_cast<double>(kDepths[above]) / kDepths[above - 1]);
    return std::exp(left + part * (right - left));
}

Aim EffortModel::aim(double recall, std::size_t k) const noexcept {
    const double log_missed = std::log(1 - recall);
    double ef = width(usual_, log_missed, k);
    Aim aim;
    if (codes_) {
        const double narrower = width(whole_, log_missed, k);
        aim.rerank_all = ef > kRerankWorth * narrower;
        if (aim.rerank_all) ef = narrower;
    }
    constexpr double kWidest = 1 << 30;
    if (ef < kWidest) aim.ef = std::max<std::size_t>(k, static_cast<std::size_t>(std::ceil(ef)));
    return aim;
}

}  // namespace lanner
