// Rows of any element type as float32, and sums over them.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <limits>

#include "kernels/kernel_table.hpp"
#include "lanner/types.hpp"

namespace lanner {

// A row whose largest feature is smaller is encoded as zero: what its features are multiplied by, up to 127 over the
// largest, stays finite, and the square of its length is none in float32 anyway.
inline constexpr float kLeastFeature = 1e-36F;

// Squared norms stay below this, so that no distance and no inner product overflows float32 (Cauchy and Schwarz).
inline constexpr double kMaxSquaredNorm = static_cast<double>(std::numeric_limits<float>::max()) / 64;

// One row of numbers (not bits); int8 and uint8 widen exactly.
void widen_row(const void* row, ElementType type, std::size_t dim, const KernelTable& kernels, float* out) noexcept;

// One row of float32 as elements of `type`, rounded to nearest; integers are clamped to their range.
void narrow_row(const float* row, ElementType type, std::size_t dim, const KernelTable& kernels, void* out) noexcept;

// Added up in double, in an order that is the same everywhere.
double sum_of(const float* features, std::size_t dim) noexcept;
double dot_of(const float* left, const float* right, std::size_t dim) noexcept;

}  // namespace lanner
