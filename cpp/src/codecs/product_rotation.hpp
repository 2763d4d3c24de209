// The rotation of optimized product quantization: found in turns with the codebooks, so that the squared error of the
// codes falls (Ge, He, Ke, Sun: Optimized Product Quantization, PAMI 2014, sections 3 and 4).
// Threads: any; the work is spread inside. The result depends on the rows, the seed and the kernels alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codecs/fit_report.hpp"
#include "codecs/matrix.hpp"

namespace lanner {

struct RotationRows {
    const float* first;
    std::size_t count;
    std::size_t dim;
};

struct RotationCodes {
    std::size_t parts;
    std::size_t clusters;
    std::uint64_t seed;
};

// What the report is told of, one by one.
inline constexpr std::size_t kRotationRounds = 30;

// Row by row dim x dim, orthogonal; applied as row * matrix.
std::vector<float> learn_rotation(const RotationRows& rows, const RotationCodes& codes, const Work& work,
                                  FitReport& report);

}  // namespace lanner
