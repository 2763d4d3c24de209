#include "hashing/supervised_hash.hpp"

#include <algorithm>
#include <string>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "codecs/covariance.hpp"
#include "hashing/positive_system.hpp"
#include "kernels/kernel_table.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Of the mean variance of a feature: features that do not vary, such as margins of images, would leave no solution.
constexpr double kRidge = 1e-3;

struct Problem {
    const LabelledSample& sample;
    std::size_t count;
    std::size_t classes;
    std::size_t bits;
    const SupervisedOptions& options;
};

// W of |Y - B W|^2 + lambda |W|^2: bits rows of classes.
std::vector<double> read_labels(const Problem& problem, const std::vector<float>& codes, const Work& work) {
    const std::size_t bits = problem.bits;
    const std::vector<float> turned = transposed(codes.data(), problem.count, bits);
    // Sums of signs are whole numbers: exact in float32 up to 2^24 rows.
    std::vector<float> products(bits * bits);
    multiply(turned.data(), codes.data(), bits, problem.count, bits, products.data(), work);
    std::vector<double> right(bits * problem.classes, 0.0);
    for (std::size_t i = 0; i < problem.count; ++i) {
        for (std::size_t bit = 0; bit < bits; ++bit)
            right[bit * problem.classes + problem.sample.labels[i]] += static_cast<double>(codes[i * bits + bit]);
    }
    return solve_positive({products.begin(), products.end()}, bits, problem.options.lambda, std::move(right),
                          problem.classes, work.poll);
}

// Each row's bits in turn: the sign of q - (the other bits' share), with q = W y + nu F(x). A bit without a preference
// stays as it was.
void improve(const Problem& problem, const std::vector<double>& w, const std::vector<float>& predicted,
             std::vector<float>& codes, const Work& work) {
    const std::size_t bits = problem.bits;
    const std::size_t classes = problem.classes;
    std::vector<double> shares(bits * bits, 0.0);
    for (std::size_t l = 0; l < bits; ++l) {
        for (std::size_t k = 0; k < l; ++k) {
            double share = 0;
            for (std::size_t c = 0; c < classes; ++c) share += w[l * classes + c] * w[k * classes + c];
            shares[l * bits + k] = share;
            shares[k * bits + l] = share;
        }
    }
    parallel_for(
        problem.count, 64, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) {
                float* const code = codes.data() + i * bits;
                for (std::size_t l = 0; l < bits; ++l) {
                    double wanted = w[l * classes + problem.sample.labels[i]] +
                                    problem.options.nu * static_cast<double>(predicted[i * bits + l]);
                    const double* const share = shares.data() + l * bits;
                    for (std::size_t k = 0; k < bits; ++k) wanted -= share[k] * static_cast<double>(code[k]);
                    if (wanted != 0) code[l] = wanted > 0 ? 1.0F : -1.0F;
                }
            }
        },
        work.poll);
}

}  // namespace

LabelledSample labelled_sample(const LearningRows& rows, const Labels& labels, std::uint64_t seed) {
    if (rows.count < 2)
        throw Error(ErrorKind::kInvalidArgument,
                    "vectors must have at least 2 rows to learn from, got " + std::to_string(rows.count));
    if (rows.dim > kMaxDim)
        throw Error(ErrorKind::kInvalidArgument, "vectors must have at most " + std::to_string(kMaxDim) +
                                                     " features, got " + std::to_string(rows.dim));
    if (labels.classes < 2)
        throw Error(ErrorKind::kInvalidArgument,
                    "labels must be of at least 2 classes, got " + std::to_string(labels.classes));
    require_norms(rows.rows, rows.count, rows.dim, "vectors");
    LabelledSample sample;
    if (rows.count <= kMostLearnt) {
        sample.rows.assign(rows.rows, rows.rows + rows.count * rows.dim);
        sample.labels.assign(labels.of_rows, labels.of_rows + rows.count);
        return sample;
    }
    // As sample_rows() draws them.
    for (std::size_t i = 0; sample.labels.size() < kMostLearnt; ++i) {
        if (random_at(seed, i) % (rows.count - i) >= kMostLearnt - sample.labels.size()) continue;
        sample.rows.insert(sample.rows.end(), rows.rows + i * rows.dim, rows.rows + (i + 1) * rows.dim);
        sample.labels.push_back(labels.of_rows[i]);
    }
    return sample;
}

std::unique_ptr<LinearHash> fit_supervised(const LearningRows& rows, const Labels& labels, std::size_t bits,
                                           const SupervisedOptions& supervised, const FitOptions& options) {
    FitReport report(options.progress, supervised.rounds + 1);
    const Work work{options.threads, report.poller()};
    const std::size_t dim = rows.dim;
    LabelledSample sample = labelled_sample(rows, labels, options.seed);
    const std::size_t count = sample.labels.size();
    const Problem problem{sample, count, labels.classes, bits, supervised};
    const Covariance covariance = covariance_of(sample.rows.data(), count, dim, work);
    for (std::size_t i = 0; i < sample.rows.size(); ++i)
        sample.rows[i] = static_cast<float>(static_cast<double>(sample.rows[i]) - covariance.mean[i % dim]);
    double variance = 0;
    for (std::size_t j = 0; j < dim; ++j) variance += covariance.matrix[j * dim + j] / static_cast<double>(dim);
    const std::vector<float> turned = transposed(sample.rows.data(), count, dim);
    report.add(1);

    // Begins with the sides of random planes.
    const auto planes = random_hyperplanes(dim, bits, options.seed);
    std::vector<float> predicted(count * bits);
    multiply(sample.rows.data(), planes->planes().columns.data(), count, dim, bits, predicted.data(), work);
    std::vector<float> codes(count * bits);
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = predicted[i] > 0 ? 1.0F : -1.0F;
    std::fill(predicted.begin(), predicted.end(), 0.0F);
    LinearPlanes made{{covariance.mean.begin(), covariance.mean.end()}, {}, std::vector<float>(bits, 0.0F)};
    std::vector<float> products(dim * bits);
    for (std::size_t round = 0; round < supervised.rounds; ++round) {
        improve(problem, read_labels(problem, codes, work), predicted, codes, work);
        std::vector<double> sums(bits, 0.0);
        for (std::size_t i = 0; i < codes.size(); ++i) sums[i % bits] += static_cast<double>(codes[i]);
        for (std::size_t bit = 0; bit < bits; ++bit)
            made.offsets[bit] = static_cast<float>(sums[bit] / static_cast<double>(count));
        multiply(turned.data(), codes.data(), dim, count, bits, products.data(), work);
        std::vector<double> right(products.begin(), products.end());
        for (double& each : right) each /= static_cast<double>(count);
        const std::vector<double> p =
            solve_positive(covariance.matrix, dim, kRidge * variance, std::move(right), bits, work.poll);
        made.columns.assign(p.begin(), p.end());
        multiply(sample.rows.data(), made.columns.data(), count, dim, bits, predicted.data(), work);
        for (std::size_t i = 0; i < predicted.size(); ++i) predicted[i] += made.offsets[i % bits];
        report.add(1);
    }
    report.finish();
    return std::make_unique<LinearHash>("sdh", std::move(made));
}

}  // namespace lanner
