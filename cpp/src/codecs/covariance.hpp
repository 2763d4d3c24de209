// Mean and covariance of rows.
#pragma once

#include <cstddef>
#include <vector>

#include "codecs/matrix.hpp"

namespace lanner {

struct Covariance {
    std::vector<double> mean;
    std::vector<double> matrix;  // dim x dim; divided by the number of rows
};
Covariance covariance_of(const float* rows, std::size_t count, std::size_t dim, const Work& work);

}  // namespace lanner
