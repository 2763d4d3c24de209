#include "codecs/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

// A slab of b this high stays in the second cache while a group of rows passes over it.
constexpr std::size_t kSlab = 128;
constexpr std::size_t kRowGroup = 32;

// Greatest |a a^T - 1|, given the product.
float deviation(const std::vector<float>& product, std::size_t dim) {
    float most = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        for (std::size_t j = 0; j < dim; ++j)
            most = std::max(most, std::fabs(product[i * dim + j] - (i == j ? 1.0F : 0.0F)));
    }
    return most;
}

// The Frobenius norm bounds the greatest singular value, the root of the product of the greatest row and column sums
// mostly more tightly.
double spectral_bound(const std::vector<float>& matrix, std::size_t dim) {
    std::vector<double> columns(dim, 0.0);
    double rows_most = 0;
    double squares = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        double row = 0;
        for (std::size_t j = 0; j < dim; ++j) {
            const double value = std::fabs(static_cast<double>(matrix[i * dim + j]));
            row += value;
            columns[j] += value;
            squares += value * value;
        }
        rows_most = std::max(rows_most, row);
    }
    return std::min(std::sqrt(rows_most * *std::max_element(columns.begin(), columns.end())), std::sqrt(squares));
}

// Reduces a symmetric matrix to tridiagonal form by reflections (Householder), from the last row upwards: on return
// `diagonal` and `beside` (beside[i] couples i - 1 and i) hold it, and row i of `a` the reflection's vector with its
// factor in `factors[i]`.
void tridiagonalise(std::vector<double>& a, std::size_t dim, std::vector<double>& diagonal, std::vector<double>& beside,
                    std::vector<double>& factors, const std::function<void()>& poll) {
    std::vector<double> p(dim);
    for (std::size_t i = dim; i-- > 1;) {
        if (poll && i % 16 == 0) poll();
        double* const v = a.data() + i * dim;  // entries 0 to i - 1 are to become (0, ..., 0, beside)
        diagonal[i] = v[i];
        factors[i] = 0;
        double squares = 0;
        for (std::size_t j = 0; j < i; ++j) squares += v[j] * v[j];
        double others = squares - v[i - 1] * v[i - 1];
        if (!(others > 0)) {
            beside[i] = v[i - 1];
            continue;
        }
        const double length = std::sqrt(squares);
        beside[i] = v[i - 1] > 0 ? -length : length;
        v[i - 1] -= beside[i];
        others = 0;
        for (std::size_t j = 0; j < i; ++j) others += v[j] * v[j];
        factors[i] = 2 / others;
        // a <- (1 - f v v^T) a (1 - f v v^T) on the leading block, as a - v w^T - w v^T.
        std::fill(p.begin(), p.begin() + static_cast<std::ptrdiff_t>(i), 0.0);
        for (std::size_t r = 0; r < i; ++r) {
            const double* const row = a.data() + r * dim;
            double sum = 0;
            for (std::size_t c = 0; c < r; ++c) {
                sum += row[c] * v[c];
                p[c] += row[c] * v[r];
            }
            p[r] += sum + row[r] * v[r];
        }
        double along = 0;
        for (std::size_t j = 0; j < i; ++j) {
            p[j] *= factors[i];
            along += p[j] * v[j];
        }
        for (std::size_t j = 0; j < i; ++j) p[j] -= 0.5 * factors[i] * along * v[j];
        for (std::size_t r = 0; r < i; ++r) {
            double* const row = a.data() + r * dim;
            const double v_r = v[r];
            const double p_r = p[r];
            for (std::size_t c = 0; c <= r; ++c) row[c] -= v_r * p[c] + p_r * v[c];
        }
    }
    diagonal[0] = a[0];
    beside[0] = 0;
}

// The basis in which the matrix is tridiagonal, a row for each vector: the product of the reflections.
std::vector<double> reflections(const std::vector<double>& a, const std::vector<double>& factors, std::size_t dim) {
    std::vector<double> z(dim * dim, 0.0);
    for (std::size_t i = 0; i < dim; ++i) z[i * dim + i] = 1;
    for (std::size_t i = 1; i < dim; ++i) {
        if (factors[i] == 0) continue;
        const double* const v = a.data() + i * dim;
        for (std::size_t r = 0; r < i; ++r) {
            double* const row = z.data() + r * dim;
            double sum = 0;
            for (std::size_t c = 0; c < i; ++c) sum += row[c] * v[c];
            sum *= factors[i];
            for (std::size_t c = 0; c < i; ++c) row[c] -= sum * v[c];
        }
    }
    return z;
}

// Diagonalises a tridiagonal matrix by implicit QL steps with Wilkinson's shift, turning the rows of z along.
void diagonalise(std::vector<double>& diagonal, std::vector<double>& beside, std::vector<double>& z, std::size_t dim,
                 const std::function<void()>& poll) {
    constexpr int kMostSteps = 60;
    for (std::size_t i = 1; i < dim; ++i) beside[i - 1] = beside[i];
    beside[dim - 1] = 0;
    for (std::size_t low = 0; low < dim; ++low) {
        for (int step = 0; step < kMostSteps; ++step) {
            std::size_t high = low;
            for (; high + 1 < dim; ++high) {
                const double around = std::fabs(diagonal[high]) + std::fabs(diagonal[high + 1]);
                if (std::fabs(beside[high]) <= 2.3e-16 * around) break;
            }
            if (high == low) break;
            if (poll) poll();
            double g = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low]);
            double r = std::hypot(g, 1.0);
            g = diagonal[high] - diagonal[low] + beside[low] / (g + std::copysign(r, g));
            double sine = 1;
            double cosine = 1;
            double shift = 0;
            std::size_t i = high;
            bool split = false;
            while (i-- > low) {
                const double f = sine * beside[i];
                const double b = cosine * beside[i];
                r = std::hypot(f, g);
                beside[i + 1] = r;
                if (r == 0) {
                    diagonal[i + 1] -= shift;
                    beside[high] = 0;
                    split = true;
                    break;
                }
                sine = f / r;
                cosine = g / r;
                g = diagonal[i + 1] - shift;
                r = (diagonal[i] - g) * sine + 2 * cosine * b;
                shift = sine * r;
                diagonal[i + 1] = g + shift;
                g = cosine * r - b;
                double* const lower = z.data() + i * dim;
                double* const upper = lower + dim;
                for (std::size_t k = 0; k < dim; ++k) {
                    const double from = upper[k];
                    upper[k] = sine * lower[k] + cosine * from;
                    lower[k] = cosine * lower[k] - sine * from;
                }
            }
            if (split) continue;
            diagonal[low] -= shift;
            beside[low] = g;
            beside[high] = 0;
        }
    }
}

}  // namespace

void multiply(const float* a, const float* b, std::size_t rows, std::size_t inner, std::size_t columns, float* out,
              const Work& work) {
    const ColumnsKernel add = active_kernels().columns[static_cast<int>(Op::kDot)];
    parallel_for(
        rows, kRowGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::fill(out + begin * columns, out + end * columns, 0.0F);
            for (std::size_t j = 0; j < inner; j += kSlab) {
                add(a + begin * inner + j, inner, end - begin, b + j * columns, columns, std::min(kSlab, inner - j),
                    columns, out + begin * columns, columns);
            }
        },
        work.poll);
}

std::vector<float> transposed(const float* matrix, std::size_t rows, std::size_t columns) {
    constexpr std::size_t kTile = 32;
    std::vector<float> out(rows * columns);
    for (std::size_t r0 = 0; r0 < rows; r0 += kTile) {
        for (std::size_t c0 = 0; c0 < columns; c0 += kTile) {
            for (std::size_t r = r0; r < std::min(rows, r0 + kTile); ++r) {
                for (std::size_t c = c0; c < std::min(columns, c0 + kTile); ++c)
                    out[c * rows + r] = matrix[r * columns + c];
            }
        }
    }
    return out;
}

// Newton-Schulz: x <- 1.5 x - 0.5 x x^T x brings every singular value in (0, sqrt 3) to 1 (Higham, Functions of Matrices,
// section 8.3), but lets small ones grow by no more than 1.5 a step. The quintic before it, with the coefficients of
// Jordan's Muon, lets them grow by 3.4 and leaves all of them within 0.3 of 1.
std::vector<float> polar_factor(std::vector<float> matrix, std::size_t dim, const Work& work) {
    constexpr int kQuintic = 11;
    constexpr int kMostCubic = 40;
    const double bound = spectral_bound(matrix, dim);
    const float scale = bound > 0 ? static_cast<float>(1 / bound) : 1.0F;
    for (float& each : matrix) each *= scale;
    std::vector<float> product(dim * dim);
    std::vector<float> next(dim * dim);
    for (int step = 0; step < kQuintic + kMostCubic; ++step) {
        const std::vector<float> turned = transposed(matrix.data(), dim, dim);
        multiply(matrix.data(), turned.data(), dim, dim, dim, product.data(), work);
        const bool quintic = step < kQuintic;
        if (!quintic && deviation(product, dim) < 2e-6F) break;
        if (quintic) {
            multiply(product.data(), product.data(), dim, dim, dim, next.data(), work);
            for (std::size_t i = 0; i < product.size(); ++i) product[i] = -4.7750F * product[i] + 2.0315F * next[i];
        } else {
            for (float& each : product) each *= -0.5F;
        }
        multiply(product.data(), matrix.data(), dim, dim, dim, next.data(), work);
        const float keep = quintic ? 3.4445F : 1.5F;
        for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = keep * matrix[i] + next[i];
    }
    return matrix;
}

Eigen symmetric_eigen(std::vector<double> matrix, std::size_t dim, const std::function<void()>& poll) {
    std::vector<double> diagonal(dim);
    std::vector<double> beside(dim);
    std::vector<double> factors(dim, 0.0);
    tridiagonalise(matrix, dim, diagonal, beside, factors, poll);
    std::vector<double> z = reflections(matrix, factors, dim);
    diagonalise(diagonal, beside, z, dim, poll);
    std::vector<std::size_t> order(dim);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t left, std::size_t right) { return diagonal[left] > diagonal[right]; });
    Eigen eigen;
    for (const std::size_t from : order) {
        eigen.values.push_back(diagonal[from]);
        const double* const row = z.data() + from * dim;
        const double* const most = std::max_element(
            row, row + dim, [](double left, double right) { return std::fabs(left) < std::fabs(right); });
        const double sign = *most < 0 ? -1 : 1;
        for (std::size_t j = 0; j < dim; ++j) eigen.vectors.push_back(sign * row[j]);
    }
    return eigen;
}

}  // namespace lanner
