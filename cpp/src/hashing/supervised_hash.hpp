// Supervised discrete hashing: codes from which the label can be read by a linear classifier, and a linear hash that comes
// near to them (Shen, Shen, Liu, Shen: Supervised Discrete Hashing, CVPR 2015). With Y the labels, one of `classes` each,
// B the codes of -1 and 1, and F(x) = P^T (x - mean) + offset, it minimises
//     |Y - B W|^2 + lambda |W|^2 + nu |B - F(X)|^2
// in turns: W by ridge regression; B bit by bit for each row, the others held (equation 13 there); F by ridge regression
// on the vectors themselves, without the kernel features of the paper.
// Threads: any; the work is spread inside. The result depends on rows, labels, seed and kernels alone.
#pragma once

#include <cstdint>
#include <memory>

#include "hashing/principal_hash.hpp"

namespace lanner {

struct Labels {
    const std::uint32_t* of_rows;  // below `classes`
    std::size_t classes;
};

struct SupervisedOptions {
    std::size_t rounds = 5;
    double lambda = 1;
    double nu = 1e-5;
};

std::unique_ptr<LinearHash> fit_supervised(const LearningRows& rows, const Labels& labels, std::size_t bits,
                                           const SupervisedOptions& supervised, const FitOptions& options);

// The rows that learning looks at, and their labels. Checks the rows: finite, at least 2, at least 2 classes among them.
// Throws Error(kInvalidArgument).
struct LabelledSample {
    std::vector<float> rows;
    std::vector<std::uint32_t> labels;
};
LabelledSample labelled_sample(const LearningRows& rows, const Labels& labels, std::uint64_t seed);

}  // namespace lanner
