// k-means (Lloyd) as far as product quantization needs it: 16 or 256 clusters of short rows.
// The same rows, seed and kernels give the same clusters. Threads: any; a call runs on its own thread alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace lanner {

// Rows of `dim` floats, `stride` floats apart.
struct Points {
    const float* first;
    std::size_t stride;
    std::size_t count;
    std::size_t dim;

    const float* row(std::size_t place) const noexcept { return first + place * stride; }
};

// Centroids are columns: feature j of centroid c is at [j * clusters + c], as the kernels read them.
class Clusters {
  public:
    // Begins with rows drawn with probabilities that grow with the squared distance to those drawn before (Arthur and
    // Vassilvitskii: k-means++, SODA 2007): where most rows are equal, as in the margins of images, random ones would be.
    // There are at least as many rows as clusters, which are a multiple of kColumnMultiple and at most kMostColumns.
    Clusters(const Points& points, std::size_t clusters, std::uint64_t seed);

    // Assigns every row to its nearest centroid and moves the centroids to the means. A cluster that is left without
    // rows takes the farthest row of the cluster with the greatest error. False when no row changed its cluster.
    bool step(const Points& points);

    const std::vector<float>& columns() const noexcept { return columns_; }
    // The cluster of each row in the last step.
    const std::vector<std::uint32_t>& assignment() const noexcept { return assignment_; }

  private:
    void move(const Points& points, const std::vector<float>& distances);

    std::size_t clusters_;
    std::vector<float> columns_;
    std::vector<std::uint32_t> assignment_;
};

}  // namespace lanner
