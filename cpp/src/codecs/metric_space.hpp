// Where a metric is a Euclidean distance or an inner product, and what it takes to get there and back: a row's image
// there, less the mean of all rows' images. Whoever can estimate the inner product of two images has distances. With x the
// image of a row before the mean is taken off, x' after, q' likewise:
//
//              x                 between query and row
//   l2         row               |q'|^2 + |x'|^2 - 2 <q', x'>
//   cosine     row / |row|       the same, halved; a zero row counts as 1/2 farther, so that it is at 1 from unit vectors
//   ip         row               -<q', x'> - <mean, x - mean> - <mean, q>
//   snr        row - its mean    as l2, over |q|^2
//   snr_item   row - its mean,   (s |q| - 1)^2 + s |q| e, with e as l2 between unit vectors and s = 1 / |row - its mean|
//              of length 1
//
// Threads: const calls run beside one another.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "lanner/types.hpp"
#include "storage/sections.hpp"

namespace lanner {

class MetricSpace {
  public:
    // What is taken away on the way; as many of them as the metric has.
    struct Parts {
        float size;  // cosine: |row|; snr: its mean; snr_item: 1 / |row - its mean|, infinity for a constant row
        float mean;  // snr_item: its mean
    };
    struct Row {
        Parts parts;
        double squares;  // |x'|^2
        float add;       // what the row adds to a distance, see Query
    };
    // A distance is base + scale * (add - <q', x'>); of snr_item that is e.
    struct Query {
        double squares;  // |q'|^2
        float base;
        float scale;
        float size;  // snr_item: |q|
    };

    MetricSpace(Metric metric, std::size_t dim) noexcept : metric_(metric), dim_(dim) {}

    // The mean is zero until it is set.
    void set_mean(std::vector<float> mean);
    bool fitted() const noexcept { return !mean_.empty(); }
    const std::vector<float>& mean() const noexcept { return mean_; }
    float mean_squares() const noexcept { return mean_squares_; }

    // From a vector to x; from a vector to x' or q'. In place.
    Parts take_apart(float* features) const noexcept;
    Row place_row(float* features) const noexcept;
    Query place_query(float* features) const noexcept;

    // snr_item: the distance from e. The sizes are s of the row and |q|, and `apart` is their product less 1; or, of two
    // stored rows, s of both and their difference.
    static float item_distance(float row_size, float query_size, float apart, float e) noexcept {
        constexpr float kInfinity = std::numeric_limits<float>::infinity();
        if (row_size == kInfinity || query_size == kInfinity) return kInfinity;
        // Of lengths so far apart that the product leaves float32; times an estimate of 0 it would be no number.
        const float apart_squares = apart * apart;
        return apart_squares == kInfinity ? kInfinity : apart_squares + row_size * query_size * e;
    }

  private:
    void take_mean_off(float* features) const noexcept;

    Metric metric_;
    std::size_t dim_;
    std::vector<float> mean_;  // empty: zero
    float mean_squares_ = 0;
};

// A mean as a section of a file. Throws Error(kFileFormat).
std::vector<float> read_mean(const SectionReader& reader, std::string_view section, std::size_t dim);

}  // namespace lanner
