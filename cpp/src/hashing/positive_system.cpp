#include "hashing/positive_system.hpp"

#include <algorithm>
#include <cmath>

#include "lanner/error.hpp"

namespace lanner {
namespace {

double dot(const double* left, const double* right, std::size_t count) noexcept {
    double sums[4] = {0, 0, 0, 0};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += left[i + lane] * right[i + lane];
    }
    for (; i < count; ++i) sums[0] += left[i] * right[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// L of L L^T, in the lower triangle; false where the matrix is not positive definite.
bool decompose(std::vector<double>& a, std::size_t dim, const std::function<void()>& poll) {
    for (std::size_t i = 0; i < dim; ++i) {
        if (poll) poll();
        double* const row = a.data() + i * dim;
        for (std::size_t j = 0; j <= i; ++j) {
            const double* const other = a.data() + j * dim;
            const double rest = row[j] - dot(row, other, j);
            if (j < i) {
                row[j] = rest / other[j];
            } else {
                if (!(rest > 0)) return false;
                row[i] = std::sqrt(rest);
            }
        }
    }
    return true;
}

}  // namespace

std::vector<double> solve_positive(const std::vector<double>& matrix, std::size_t dim, double ridge,
                                   std::vector<double> right, std::size_t columns, const std::function<void()>& poll) {
    double widest = 0;
    for (std::size_t i = 0; i < dim; ++i) widest = std::max(widest, std::fabs(matrix[i * dim + i]));
    const double least = widest > 0 ? widest * 1e-12 : 1.0;
    std::vector<double> factor;
    for (double added = ridge;; added = std::max(added * 10, least)) {
        if (!std::isfinite(added))
            throw Error(ErrorKind::kInvalidArgument, "vectors are too long for squares of float32: scale them down");
        factor = matrix;
        for (std::size_t i = 0; i < dim; ++i) factor[i * dim + i] += added;
        if (decompose(factor, dim, poll)) break;
    }
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const double by = factor[i * dim + j];
            for (std::size_t c = 0; c < columns; ++c) right[i * columns + c] -= by * right[j * columns + c];
        }
        for (std::size_t c = 0; c < columns; ++c) right[i * columns + c] /= factor[i * dim + i];
    }
    for (std::size_t i = dim; i-- > 0;) {
        for (std::size_t j = i + 1; j < dim; ++j) {
            const double by = factor[j * dim + i];
            for (std::size_t c = 0; c < columns; ++c) right[i * columns + c] -= by * right[j * columns + c];
        }
        for (std::size_t c = 0; c < columns; ++c) right[i * columns + c] /= factor[i * dim + i];
    }
    return right;
}

}  // namespace lanner
