#include "codecs/covariance.hpp"

#include <algorithm>
#include <cmath>

namespace lanner {

Covariance covariance_of(const float* rows, std::size_t count, std::size_t dim, const Work& work) {
    // Products gather in float32 within a group of rows, and groups in double.
    constexpr std::size_t kGroup = 4096;
    Covariance found{std::vector<double>(dim, 0.0), std::vector<double>(dim * dim, 0.0)};
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < dim; ++j) found.mean[j] += static_cast<double>(rows[i * dim + j]);
    }
    for (double& each : found.mean) each /= static_cast<double>(count);
    // Brought near to 1 by a power of two, so that no square is lost or overflows.
    double most = 0;
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < dim; ++j)
            most = std::max(most, std::fabs(static_cast<double>(rows[i * dim + j]) - found.mean[j]));
    }
    const int exponent = most > 0 ? std::ilogb(most) : 0;
    const double scale = std::ldexp(1.0, -exponent);
    std::vector<float> product(dim * dim);
    for (std::size_t first = 0; first < count; first += kGroup) {
        const std::size_t size = std::min(kGroup, count - first);
        std::vector<float> centred(rows + first * dim, rows + (first + size) * dim);
        for (std::size_t i = 0; i < centred.size(); ++i)
            centred[i] = static_cast<float>((static_cast<double>(centred[i]) - found.mean[i % dim]) * scale);
        const std::vector<float> turned = transposed(centred.data(), size, dim);
        multiply(turned.data(), centred.data(), dim, size, dim, product.data(), work);
        for (std::size_t i = 0; i < product.size(); ++i) found.matrix[i] += static_cast<double>(product[i]);
    }
    for (double& each : found.matrix) each = std::ldexp(each / static_cast<double>(count), 2 * exponent);
    return found;
}

}  // namespace lanner
