// The dense linear algebra that learned rotations and reductions need. Matrices are stored row by row, without gaps.
// Results depend on nothing but the arguments and the kernels in use: not on the number of threads.
// Threads: any; the functions spread their work themselves and write to nothing but their results.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace lanner {

// How a long call is shared out, and what it calls now and then; `poll` as in parallel_for().
struct Work {
    std::size_t threads = 1;
    std::function<void()> poll = nullptr;
};

// a (rows x inner) times b (inner x columns).
void multiply(const float* a, const float* b, std::size_t rows, std::size_t inner, std::size_t columns, float* out,
              const Work& work);

std::vector<float> transposed(const float* matrix, std::size_t rows, std::size_t columns);

// The orthogonal matrix nearest to a square one in the Frobenius norm: U V^T of its singular value decomposition
// U S V^T. The least singular value must not be below some 1e-6 of the greatest. |Q Q^T - 1| stays below 1e-5.
std::vector<float> polar_factor(std::vector<float> matrix, std::size_t dim, const Work& work);

struct Eigen {
    std::vector<double> values;   // descending
    std::vector<double> vectors;  // row i belongs to values[i]; the entry of greatest magnitude is positive
};
// Of a symmetric matrix, of which the lower triangle is read.
Eigen symmetric_eigen(std::vector<double> matrix, std::size_t dim, const std::function<void()>& poll);

}  // namespace lanner
