// A linear hash learned with labels in the SNR sense: u = W^T (x - mean) of two items of one class are to be close, those of
// two classes far apart, by d(a, b) = var(b - a) / var(a), variances over the entries of u (Yuan, Deng, Tang, Tang, Chen:
// Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning, CVPR 2019, equations 3 and 10). Over a batch,
//     mean of d over pairs of one class + mean of max(0, margin - d) over pairs of two
//     + balance * mean over items of |mean over bits of u| + quantization * mean over items and bits of (|u| - 1)^2.
// The third term is the paper's regulariser, which draws each item's entries to mean zero; the fourth draws them to what
// their signs stand for. Of codes of -1 and 1 with as many of each, d is 4 hamming / bits: the margin of 2 asks for half
// of the bits. Minimised by Adam (Kingma and Ba, ICLR 2015), beginning with ITQ, or with random planes where there are more
// bits than features. Half of a batch is drawn at random, the other half are partners of the same classes.
// Threads: any; the work is spread inside. The result depends on rows, labels, seed and kernels alone.
#pragma once

#include <memory>

#include "hashing/supervised_hash.hpp"

namespace lanner {

struct SnrOptions {
    std::size_t steps = 600;
    double margin = 2;
    double balance = 0.1;
    double quantization = 0.1;
};

std::unique_ptr<LinearHash> fit_snr(const LearningRows& rows, const Labels& labels, std::size_t bits,
                                    const SnrOptions& snr, const FitOptions& options);

}  // namespace lanner
