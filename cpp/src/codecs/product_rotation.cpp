#include "codecs/product_rotation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/thread_pool.hpp"
#include "codecs/covariance.hpp"
#include "codecs/kmeans.hpp"
#include "codecs/quantizer.hpp"

namespace lanner {
namespace {

constexpr std::size_t kMostRows = 32768;
constexpr std::size_t kFirstSteps = 8;

// Principal axes, dealt out so that every part gets about the same product of variances: each axis in turn, the widest
// first, goes to the part with the least product that has room (section 4.2).
std::vector<float> balanced_axes(const RotationRows& rows, std::size_t parts, const Work& work) {
    const Covariance covariance = covariance_of(rows.first, rows.count, rows.dim, work);
    const Eigen eigen = symmetric_eigen(covariance.matrix, rows.dim, work.poll);
    const std::size_t room = rows.dim / parts;
    const double least = std::max(eigen.values.front() * 1e-9, std::numeric_limits<double>::min());
    std::vector<double> products(parts, 0.0);  // logarithms
    std::vector<std::size_t> taken(parts, 0);
    std::vector<float> axes(rows.dim * rows.dim);
    for (std::size_t axis = 0; axis < rows.dim; ++axis) {
        std::size_t best = parts;
        for (std::size_t part = 0; part < parts; ++part) {
            if (taken[part] < room && (best == parts || products[part] < products[best])) best = part;
        }
        const std::size_t column = best * room + taken[best]++;
        products[best] += std::log(std::max(eigen.values[axis], least) / least);
        for (std::size_t j = 0; j < rows.dim; ++j)
            axes[j * rows.dim + column] = static_cast<float>(eigen.vectors[axis * rows.dim + j]);
    }
    return axes;
}

// The rotation that fits codes best, a hair drawn towards the one before: directions without variance stay put.
std::vector<float> best_rotation(std::vector<float> product, const std::vector<float>& before, std::size_t dim,
                                 const Work& work) {
    // Where products vanish or overflow there is nothing to go by.
    constexpr float kLeast = 1e-30F;
    float most = 0;
    for (const float each : product) most = std::max(most, std::fabs(each));
    if (!(most >= kLeast) || !std::isfinite(most)) return before;
    constexpr double kDraw = 1e-3;
    double along = 0;
    for (std::size_t i = 0; i < product.size(); ++i)
        along += static_cast<double>(product[i]) * static_cast<double>(before[i]);
    const auto draw = static_cast<float>(kDraw * std::fabs(along) / static_cast<double>(dim));
    for (std::size_t i = 0; i < product.size(); ++i) product[i] += draw * before[i];
    return polar_factor(std::move(product), dim, work);
}

}  // namespace

std::vector<float> learn_rotation(const RotationRows& rows, const RotationCodes& codes, const Work& work,
                                  FitReport& report) {
    const std::size_t dim = rows.dim;
    const std::size_t part_dim = dim / codes.parts;
    const std::vector<float> x = sample_rows(rows.first, rows.count, dim, kMostRows, codes.seed + 1);
    const std::size_t count = x.size() / dim;
    const std::vector<float> x_turned = transposed(x.data(), count, dim);
    std::vector<float> rotation = balanced_axes({x.data(), count, dim}, codes.parts, work);
    std::vector<float> y(x.size());
    std::vector<float> decoded(x.size());
    std::vector<float> product(dim * dim);
    std::vector<Clusters> books;
    for (std::size_t round = 0; round < kRotationRounds; ++round) {
        multiply(x.data(), rotation.data(), count, dim, dim, y.data(), work);
        const auto points = [&](std::size_t part) { return Points{y.data() + part * part_dim, dim, count, part_dim}; };
        if (round == 0) {
            for (std::size_t part = 0; part < codes.parts; ++part)
                books.emplace_back(points(part), codes.clusters, codes.seed + part + 1);
        }
        parallel_for(
            codes.parts, 1, work.threads,
            [&](std::size_t part, std::size_t, std::size_t) {
                for (std::size_t step = 0; step < (round == 0 ? kFirstSteps : 1); ++step)
                    books[part].step(points(part));
                const std::vector<float>& columns = books[part].columns();
                for (std::size_t i = 0; i < count; ++i) {
                    const std::size_t cluster = books[part].assignment()[i];
                    float* const to = decoded.data() + i * dim + part * part_dim;
                    for (std::size_t j = 0; j < part_dim; ++j) to[j] = columns[j * codes.clusters + cluster];
                }
            },
            work.poll);
        multiply(x_turned.data(), decoded.data(), dim, count, dim, product.data(), work);
        rotation = best_rotation(product, rotation, dim, work);
        report.add(1);
    }
    return rotation;
}

}  // namespace lanner
