// Systems of linear equations with a symmetric positive definite matrix.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace lanner {

// X of (matrix + ridge * 1) X = right, by Cholesky's decomposition in double. `matrix` is dim x dim, of which the lower
// triangle is read; `right` is dim rows of `columns`. The ridge is raised tenfold until the matrix is positive definite,
// at least once where it is all zero. Throws Error(kInvalidArgument) where no ridge does that: the matrix is not finite.
std::vector<double> solve_positive(const std::vector<double>& matrix, std::size_t dim, double ridge,
                                   std::vector<double> right, std::size_t columns, const std::function<void()>& poll);

}  // namespace lanner
