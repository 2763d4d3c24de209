#include "hashing/principal_hash.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/thread_pool.hpp"
#include "codecs/covariance.hpp"
#include "hashing/normal.hpp"
#include "kernels/kernel_table.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

void require_bits_of_dim(std::size_t bits, std::size_t dim, const char* name) {
    if (bits <= dim) return;
    throw Error(ErrorKind::kInvalidArgument, std::string("bits must be at most the dimension of the vectors for ") +
                                                 name + ", " + std::to_string(dim) + ", got " + std::to_string(bits));
}

std::vector<float> random_rotation(std::size_t dim, std::uint64_t seed, const Work& work) {
    std::vector<float> matrix(dim * dim);
    for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<float>(normal_at(seed, i));
    return polar_factor(std::move(matrix), dim, work);
}

// V^T sign(V R), a hair drawn towards the rotation before, so that directions without variance stay put.
std::vector<float> agreement(const std::vector<float>& turned_v, const std::vector<float>& signs,
                             const std::vector<float>& rotation, std::size_t count, std::size_t bits,
                             const Work& work) {
    constexpr double kDraw = 1e-3;
    std::vector<float> product(bits * bits);
    multiply(turned_v.data(), signs.data(), bits, count, bits, product.data(), work);
    double along = 0;
    for (std::size_t i = 0; i < product.size(); ++i)
        along += static_cast<double>(product[i]) * static_cast<double>(rotation[i]);
    const auto draw = static_cast<float>(kDraw * std::max(std::fabs(along) / static_cast<double>(bits), 1e-30));
    for (std::size_t i = 0; i < product.size(); ++i) product[i] += draw * rotation[i];
    return product;
}

}  // namespace

PrincipalAxes principal_axes(const LearningRows& rows, std::size_t count, std::uint64_t seed, const Work& work) {
    if (rows.count < 2)
        throw Error(ErrorKind::kInvalidArgument,
                    "vectors must have at least 2 rows to learn from, got " + std::to_string(rows.count));
    if (rows.dim > kMaxDim)
        throw Error(ErrorKind::kInvalidArgument, "vectors must have at most " + std::to_string(kMaxDim) +
                                                     " features, got " + std::to_string(rows.dim));
    require_norms(rows.rows, rows.count, rows.dim, "vectors");
    PrincipalAxes found;
    found.sample = sample_rows(rows.rows, rows.count, rows.dim, kMostLearnt, seed);
    const Covariance covariance = covariance_of(found.sample.data(), found.sample.size() / rows.dim, rows.dim, work);
    const Eigen eigen = symmetric_eigen(covariance.matrix, rows.dim, work.poll);
    found.mean.assign(covariance.mean.begin(), covariance.mean.end());
    found.axes.assign(eigen.vectors.begin(), eigen.vectors.begin() + static_cast<std::ptrdiff_t>(count * rows.dim));
    return found;
}

std::unique_ptr<LinearHash> fit_pca_hash(const LearningRows& rows, std::size_t bits, const FitOptions& options) {
    require_bits_of_dim(bits, rows.dim, "PCA");
    FitReport report(options.progress, 1);
    PrincipalAxes found = principal_axes(rows, bits, options.seed, {options.threads, report.poller()});
    report.finish();
    return std::make_unique<LinearHash>(
        "pca", LinearPlanes{std::move(found.mean), transposed(found.axes.data(), bits, rows.dim),
                            std::vector<float>(bits, 0.0F)});
}

std::unique_ptr<LinearHash> fit_itq(const LearningRows& rows, std::size_t bits, std::size_t rounds,
                                    const FitOptions& options) {
    require_bits_of_dim(bits, rows.dim, "ITQ");
    FitReport report(options.progress, rounds + 1);
    const Work work{options.threads, report.poller()};
    PrincipalAxes found = principal_axes(rows, bits, options.seed, work);
    report.add(1);
    const std::size_t count = found.sample.size() / rows.dim;
    for (std::size_t i = 0; i < found.sample.size(); ++i) found.sample[i] -= found.mean[i % rows.dim];
    const std::vector<float> columns = transposed(found.axes.data(), bits, rows.dim);
    std::vector<float> v(count * bits);
    multiply(found.sample.data(), columns.data(), count, rows.dim, bits, v.data(), work);
    const std::vector<float> turned_v = transposed(v.data(), count, bits);
    std::vector<float> rotation = random_rotation(bits, options.seed, work);
    std::vector<float> signs(count * bits);
    for (std::size_t round = 0; round < rounds; ++round) {
        multiply(v.data(), rotation.data(), count, bits, bits, signs.data(), work);
        for (float& each : signs) each = each > 0 ? 1.0F : -1.0F;
        rotation = polar_factor(agreement(turned_v, signs, rotation, count, bits, work), bits, work);
        report.add(1);
    }
    LinearPlanes planes{std::move(found.mean), std::vector<float>(rows.dim * bits), std::vector<float>(bits, 0.0F)};
    multiply(columns.data(), rotation.data(), rows.dim, bits, bits, planes.columns.data(), work);
    report.finish();
    return std::make_unique<LinearHash>("itq", std::move(planes));
}

}  // namespace lanner
