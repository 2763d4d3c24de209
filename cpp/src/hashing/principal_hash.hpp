// Hashes learned from vectors without labels, all of them on principal axes.
// Threads: any; the work is spread inside. Results depend on the rows, the seed and the kernels alone.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "codecs/quantizer.hpp"
#include "hashing/linear_hash.hpp"

namespace lanner {

// Vectors to learn from; of more than kMostLearnt, that many drawn at random are used.
struct LearningRows {
    const float* rows;
    std::size_t count;
    std::size_t dim;
};
inline constexpr std::size_t kMostLearnt = 65536;

struct PrincipalAxes {
    std::vector<float> sample;  // rows that were looked at
    std::vector<float> mean;
    std::vector<float> axes;  // `count` rows of dim, of greatest variance first
};
// Checks the rows: finite, at least 2. Throws Error(kInvalidArgument).
PrincipalAxes principal_axes(const LearningRows& rows, std::size_t count, std::uint64_t seed, const Work& work);

// PCA sign: the planes through the mean across the principal axes. bits is at most dim.
std::unique_ptr<LinearHash> fit_pca_hash(const LearningRows& rows, std::size_t bits, const FitOptions& options);

// Iterative quantization: those axes turned by the rotation R that brings the projections V nearest to their signs, found
// in turns: B = sign(V R), then R = U W^T of the singular value decomposition U S W^T of V^T B (Gong and Lazebnik:
// Iterative Quantization, CVPR 2011, section 2.2). Begins with a random rotation, and takes `rounds` turns.
std::unique_ptr<LinearHash> fit_itq(const LearningRows& rows, std::size_t bits, std::size_t rounds,
                                    const FitOptions& options);

}  // namespace lanner
