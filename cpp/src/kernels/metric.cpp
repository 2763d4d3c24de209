#include "kernels/metric.hpp"

#include <array>

namespace lanner {
namespace {

constexpr std::array<MetricTraits, kMetricCount> kTraits{{
    {"l2", Op::kL2, false, false, false},
    {"cosine", Op::kDot, false, false, true},
    {"ip", Op::kDot, false, false, false},
    {"snr", Op::kCenteredL2, false, true, false},
    {"snr_item", Op::kCenteredL2, false, true, true},
    {"hamming", Op::kHamming, true, false, false},
    {"jaccard", Op::kJaccard, true, false, false},
}};

constexpr std::array<std::string_view, kElementTypeCount> kElementNames{"float32", "float16", "bfloat16",
                                                                        "int8",    "uint8",   "bits"};

}  // namespace

const MetricTraits& traits(Metric metric) noexcept { return kTraits[static_cast<std::size_t>(metric)]; }

std::string_view element_name(ElementType type) noexcept { return kElementNames[static_cast<std::size_t>(type)]; }

std::optional<Metric> parse_metric(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kTraits.size(); ++i) {
        if (kTraits[i].name == name) return static_cast<Metric>(i);
    }
    return std::nullopt;
}

std::optional<ElementType> parse_element(std::string_view name) noexcept {
    for (std::size_t i = 0; i < kElementNames.size(); ++i) {
        if (kElementNames[i] == name) return static_cast<ElementType>(i);
    }
    return std::nullopt;
}

std::string metric_names() {
    std::string names;
    for (const MetricTraits& each : kTraits) names.append(names.empty() ? "" : ", ").append(each.name);
    return names;
}

std::string element_names() {
    std::string names;
    for (const std::string_view each : kElementNames) names.append(names.empty() ? "" : ", ").append(each);
    return names;
}

}  // namespace lanner
