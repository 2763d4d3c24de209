#include "codecs/metric_space.hpp"

#include <cmath>
#include <cstring>

#include "codecs/features.hpp"
#include "kernels/metric.hpp"

namespace lanner {

void MetricSpace::set_mean(std::vector<float> mean) {
    mean_ = std::move(mean);
    mean_squares_ = static_cast<float>(dot_of(mean_.data(), mean_.data(), dim_));
}

void MetricSpace::take_mean_off(float* features) const noexcept {
    for (std::size_t i = 0; i < mean_.size(); ++i) features[i] -= mean_[i];
}

MetricSpace::Parts MetricSpace::take_apart(float* features) const noexcept {
    Parts parts{0, 0};
    if (traits(metric_).has_offsets) {
        parts.mean = static_cast<float>(sum_of(features, dim_) / static_cast<double>(dim_));
        for (std::size_t i = 0; i < dim_; ++i) features[i] -= parts.mean;
        parts.size = parts.mean;
    }
    if (!traits(metric_).has_row_scales) return parts;
    const double length = std::sqrt(dot_of(features, features, dim_));
    const auto inverse = static_cast<float>(1 / length);
    const bool none = !std::isfinite(inverse);
    for (std::size_t i = 0; i < dim_; ++i) features[i] = none ? 0.0F : features[i] * inverse;
    if (metric_ == Metric::kCosine) {
        parts.size = none ? 0.0F : static_cast<float>(length);
    } else {
        parts.size = none ? std::numeric_limits<float>::infinity() : inverse;
    }
    return parts;
}

MetricSpace::Row MetricSpace::place_row(float* features) const noexcept {
    Row row{take_apart(features), 0, 0};
    take_mean_off(features);
    row.squares = dot_of(features, features, dim_);
    if (metric_ == Metric::kIp) {
        row.add = fitted() ? static_cast<float>(-dot_of(mean_.data(), features, dim_)) : 0.0F;
    } else {
        const bool zero = metric_ == Metric::kCosine && row.parts.size == 0;
        row.add = static_cast<float>(row.squares / 2) + (zero ? 0.5F : 0.0F);
    }
    return row;
}

MetricSpace::Query MetricSpace::place_query(float* features) const noexcept {
    const Parts parts = take_apart(features);
    Query query{0, 0, 1, 0};
    // What a distance is multiplied by.
    float weight = 1;
    if (metric_ == Metric::kIp && fitted()) query.base = static_cast<float>(-dot_of(mean_.data(), features, dim_));
    if (metric_ == Metric::kSnr) weight = static_cast<float>(1 / dot_of(features, features, dim_));
    if (metric_ == Metric::kSnrItem) query.size = std::isfinite(parts.size) ? 1 / parts.size : 0.0F;
    take_mean_off(features);
    query.squares = dot_of(features, features, dim_);
    if (metric_ == Metric::kCosine) {
        query.base = static_cast<float>(query.squares / 2) + (parts.size == 0 ? 0.5F : 0.0F);
    } else if (metric_ != Metric::kIp) {
        query.base = static_cast<float>(query.squares) * weight;
        query.scale = 2 * weight;
    }
    return query;
}

std::vector<float> read_mean(const SectionReader& reader, std::string_view section, std::size_t dim) {
    const std::span<std::byte> bytes = reader.section(section, dim * sizeof(float));
    std::vector<float> mean(dim);
    std::memcpy(mean.data(), bytes.data(), bytes.size());
    double squares = 0;
    for (const float each : mean) squares += static_cast<double>(each) * static_cast<double>(each);
    if (!(squares <= static_cast<double>(std::numeric_limits<float>::max())))
        refuse_section(section, "it is not a vector of finite length");
    return mean;
}

}  // namespace lanner
