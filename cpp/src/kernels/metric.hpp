// What a metric is made of: the kernel it runs, and how the kernel's value becomes a distance.
// Threads: constant data and pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernels/kernel_table.hpp"
#include "lanner/types.hpp"

namespace lanner {

// Every metric is a simple function of one kernel's value v and of a number for each side. Two settings differ: a query
// against stored rows, as a user asks, and two stored rows against each other, as a graph needs while it is built. The
// second is symmetric, and for a fixed left side ranks rows as the first does:
//
//              user's distance       between stored rows
//   l2         v                     v
//   cosine     1 - v / (|q| |x|)     the same
//   ip         -v                    -v
//   snr        v / |q~|^2            v
//   snr_item   v / |x~|^2            v / (|x~|^2 |y~|^2)
//   hamming    v                     v
//   jaccard    v                     v
//
// x~ is x less its mean. snr_item: |x~/|x~|^2 - y~/|y~|^2|^2 = |x~ - y~|^2 / (|x~|^2 |y~|^2), so the graph is a Euclidean
// one over inverted rows. ip is no metric, and its graph is built on the inner product itself (Morozov and Babenko,
// Non-metric Similarity Graphs for Maximum Inner Product Search, NeurIPS 2018); long rows draw most edges there, and those
// that nobody points at are tied in by hand (graph/repair). Lifting rows onto a sphere and searching it as a Euclidean
// space (Bachrach et al., RecSys 2014) was tried: as soon as norms differ the lifted queries lie far from all rows.
struct MetricTraits {
    std::string_view name;
    Op op;
    bool on_bits;         // the metric wants bits; the others want numbers
    bool has_offsets;     // rows carry a mean (float types) or a sum (integers): kCenteredL2
    bool has_row_scales;  // rows carry 1/|x| or 1/|x~|^2
};

const MetricTraits& traits(Metric metric) noexcept;
std::string_view element_name(ElementType type) noexcept;

std::optional<Metric> parse_metric(std::string_view name) noexcept;
std::optional<ElementType> parse_element(std::string_view name) noexcept;
std::string metric_names();
std::string element_names();

constexpr bool is_integer(ElementType type) noexcept {
    return type == ElementType::kInt8 || type == ElementType::kUInt8;
}
constexpr bool is_float(ElementType type) noexcept {
    return type == ElementType::kFloat32 || type == ElementType::kFloat16 || type == ElementType::kBFloat16;
}

// Bytes of one row without padding.
constexpr std::size_t row_bytes(ElementType type, std::size_t dim) noexcept {
    switch (type) {
        case ElementType::kFloat32:
            return 4 * dim;
        case ElementType::kFloat16:
        case ElementType::kBFloat16:
            return 2 * dim;
        case ElementType::kInt8:
        case ElementType::kUInt8:
            return dim;
        case ElementType::kBits:
            return (dim + 7) / 8;
    }
    return 0;
}

}  // namespace lanner
