#include "codecs/kmeans.hpp"

#include <algorithm>
#include <limits>

#include "base/random.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

constexpr std::size_t kSeedRows = 32;

}  // namespace

Clusters::Clusters(const Points& points, std::size_t clusters, std::uint64_t seed)
    : clusters_(clusters), columns_(points.dim * clusters), assignment_(points.count, 0) {
    // Rows to draw from: enough to know the data by, few enough to measure once a centroid.
    const std::size_t count = std::min(points.count, kSeedRows * clusters);
    const std::size_t apart = points.count / count;
    const auto row = [&](std::size_t i) { return points.row(i * apart); };
    std::vector<double> distances(count, std::numeric_limits<double>::max());
    std::size_t drawn = static_cast<std::size_t>(random_at(seed, 0) % count);
    for (std::size_t c = 0;;) {
        for (std::size_t j = 0; j < points.dim; ++j) columns_[j * clusters + c] = row(drawn)[j];
        if (++c == clusters) return;
        double total = 0;
        for (std::size_t i = 0; i < count; ++i) {
            float distance = 0;
            for (std::size_t j = 0; j < points.dim; ++j) {
                const float difference = row(i)[j] - row(drawn)[j];
                distance += difference * difference;
            }
            distances[i] = std::min(distances[i], static_cast<double>(distance));
            total += distances[i];
        }
        double left = total * static_cast<double>(random_at(seed, c) >> 11) * 0x1p-53;
        for (drawn = 0; drawn + 1 < count && left >= distances[drawn]; ++drawn) left -= distances[drawn];
    }
}

bool Clusters::step(const Points& points) {
    std::vector<float> distances(points.count);
    std::vector<std::uint32_t> nearest(points.count);
    active_kernels().nearest_column(points.first, points.stride, points.count, columns_.data(), clusters_, points.dim,
                                    clusters_, nearest.data(), distances.data());
    const bool changed = nearest != assignment_;
    assignment_ = std::move(nearest);
    move(points, distances);
    return changed;
}

void Clusters::move(const Points& points, const std::vector<float>& distances) {
    const std::size_t dim = points.dim;
    std::vector<double> sums(clusters_ * dim, 0.0);
    std::vector<std::size_t> counts(clusters_, 0);
    std::vector<double> errors(clusters_, 0.0);
    std::vector<std::size_t> farthest(clusters_, 0);
    for (std::size_t i = 0; i < points.count; ++i) {
        const std::size_t c = assignment_[i];
        const float* const row = points.row(i);
        double* const sum = sums.data() + c * dim;
        for (std::size_t j = 0; j < dim; ++j) sum[j] += static_cast<double>(row[j]);
        if (counts[c]++ == 0 || distances[i] > distances[farthest[c]]) farthest[c] = i;
        errors[c] += static_cast<double>(distances[i]);
    }
    for (std::size_t c = 0; c < clusters_; ++c) {
        if (counts[c] == 0) continue;
        const double share = 1 / static_cast<double>(counts[c]);
        for (std::size_t j = 0; j < dim; ++j)
            columns_[j * clusters_ + c] = static_cast<float>(sums[c * dim + j] * share);
    }
    for (std::size_t c = 0; c < clusters_; ++c) {
        if (counts[c] != 0) continue;
        const auto worst = static_cast<std::size_t>(std::max_element(errors.begin(), errors.end()) - errors.begin());
        if (!(errors[worst] > 0)) return;  // as many clusters as different rows: nothing is left to split
        errors[worst] = 0;
        const float* const row = points.row(farthest[worst]);
        for (std::size_t j = 0; j < dim; ++j) columns_[j * clusters_ + c] = row[j];
    }
}

}  // namespace lanner
