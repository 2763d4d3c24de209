// What quantizers are made of: linear algebra, k-means, and the collections that a scan of codes fills.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "base/nearest_rows.hpp"
#include "codecs/kmeans.hpp"
#include "codecs/matrix.hpp"
#include "search/shortlist.hpp"

namespace lanner {
namespace {

std::vector<float> normal(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> draw;
    std::vector<float> values(count);
    for (float& each : values) each = draw(random);
    return values;
}

float from_identity(const std::vector<float>& product, std::size_t dim) {
    float most = 0;
    for (std::size_t i = 0; i < dim * dim; ++i)
        most = std::max(most, std::fabs(product[i] - (i % (dim + 1) == 0 ? 1.0F : 0.0F)));
    return most;
}

TEST_CASE("a product does not depend on the number of threads") {
    const std::vector<float> a = normal(70 * 300, 1);
    const std::vector<float> b = normal(300 * 45, 2);
    std::vector<float> one(70 * 45);
    std::vector<float> three(70 * 45);
    multiply(a.data(), b.data(), 70, 300, 45, one.data(), {1, nullptr});
    multiply(a.data(), b.data(), 70, 300, 45, three.data(), {3, nullptr});
    CHECK(one == three);
    double expected = 0;
    for (std::size_t j = 0; j < 300; ++j)
        expected += static_cast<double>(a[7 * 300 + j]) * static_cast<double>(b[j * 45 + 9]);
    CHECK(static_cast<double>(one[7 * 45 + 9]) == doctest::Approx(expected).epsilon(1e-4));
}

TEST_CASE("a polar factor is orthogonal and leaves a symmetric positive matrix") {
    for (const std::size_t dim : {1U, 2U, 3U, 17U, 64U, 130U}) {
        for (const double least : {1.0, 1e-3, 1e-5}) {
            INFO("dim " << dim << ", least singular value " << least);
            // Columns of very different lengths: singular values from about 1 down to `least`.
            std::vector<float> matrix = normal(dim * dim, static_cast<unsigned>(dim));
            for (std::size_t i = 0; i < dim * dim; ++i)
                matrix[i] *= static_cast<float>(std::pow(
                    least, static_cast<double>(i % dim) / static_cast<double>(std::max<std::size_t>(dim, 2) - 1)));
            const std::vector<float> q = polar_factor(matrix, dim, {2, nullptr});
            const std::vector<float> turned = transposed(q.data(), dim, dim);
            std::vector<float> product(dim * dim);
            multiply(q.data(), turned.data(), dim, dim, dim, product.data(), {1, nullptr});
            CHECK(from_identity(product, dim) < 1e-5F);
            // q^T m = (m^T m)^(1/2)
            multiply(turned.data(), matrix.data(), dim, dim, dim, product.data(), {1, nullptr});
            float skew = 0;
            float size = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                CHECK(product[i * dim + i] > 0);
                for (std::size_t j = 0; j < dim; ++j) {
                    skew = std::max(skew, std::fabs(product[i * dim + j] - product[j * dim + i]));
                    size = std::max(size, std::fabs(product[i * dim + j]));
                }
            }
            CHECK(skew <= 2e-4F * size);
        }
    }
}

TEST_CASE("eigenvectors are orthonormal and turn the matrix into its eigenvalues") {
    for (const std::size_t dim : {1U, 2U, 3U, 10U, 65U, 200U}) {
        INFO("dim " << dim);
        const std::vector<float> rows = normal(dim * dim, 5);
        std::vector<double> matrix(dim * dim);
        for (std::size_t i = 0; i < dim; ++i) {
            for (std::size_t j = 0; j < dim; ++j)
                matrix[i * dim + j] = static_cast<double>(rows[i * dim + j]) + static_cast<double>(rows[j * dim + i]);
        }
        const Eigen eigen = symmetric_eigen(matrix, dim, nullptr);
        CHECK(std::is_sorted(eigen.values.rbegin(), eigen.values.rend()));
        const double size = std::max(std::fabs(eigen.values.front()), std::fabs(eigen.values.back()));
        for (std::size_t i = 0; i < dim; ++i) {
            const double* const v = eigen.vectors.data() + i * dim;
            for (std::size_t j = 0; j < dim; ++j) {
                const double* const w = eigen.vectors.data() + j * dim;
                CHECK(std::fabs(std::inner_product(v, v + dim, w, 0.0) - (i == j ? 1.0 : 0.0)) < 1e-12 * 100);
                const double image = std::inner_product(v, v + dim, matrix.data() + j * dim, 0.0);
                CHECK(std::fabs(image - eigen.values[i] * v[j]) < 1e-11 * (size + 1) * 10);
            }
        }
    }
}

TEST_CASE("eigenvectors of matrices of low rank and of zeros") {
    for (const std::size_t dim : {4U, 30U}) {
        std::vector<double> matrix(dim * dim, 0.0);
        CHECK(symmetric_eigen(matrix, dim, nullptr).values == std::vector<double>(dim, 0.0));
        for (std::size_t i = 0; i < dim * dim; ++i) matrix[i] = 1;
        const Eigen eigen = symmetric_eigen(matrix, dim, nullptr);
        CHECK(eigen.values[0] == doctest::Approx(static_cast<double>(dim)));
        CHECK(std::fabs(eigen.values[1]) < 1e-10);
        for (std::size_t j = 0; j < dim; ++j)
            CHECK(eigen.vectors[j] == doctest::Approx(1 / std::sqrt(static_cast<double>(dim))));
    }
}

TEST_CASE("k-means lowers its error step by step, and leaves no cluster empty while rows differ") {
    constexpr std::size_t kRows = 500;
    std::vector<float> rows = normal(kRows * 3, 9);
    // Nine rows in ten are equal.
    for (std::size_t i = 0; i < kRows; ++i) {
        if (i % 10 != 0) std::fill_n(rows.begin() + static_cast<std::ptrdiff_t>(3 * i), 3, 0.0F);
    }
    const Points points{rows.data(), 3, kRows, 3};
    Clusters clusters(points, 16, 4);
    double before = std::numeric_limits<double>::max();
    for (int step = 0; step < 12; ++step) {
        clusters.step(points);
        double error = 0;
        for (std::size_t i = 0; i < kRows; ++i) {
            for (std::size_t j = 0; j < 3; ++j) {
                const float difference = rows[3 * i + j] - clusters.columns()[j * 16 + clusters.assignment()[i]];
                error += static_cast<double>(difference) * static_cast<double>(difference);
            }
        }
        CHECK(error <= before * (1 + 1e-6));
        before = error;
    }
    std::vector<int> counts(16, 0);
    for (const std::uint32_t cluster : clusters.assignment()) ++counts[cluster];
    CHECK(*std::min_element(counts.begin(), counts.end()) > 0);
}

TEST_CASE("k-means of fewer different rows than clusters reaches error 0") {
    std::vector<float> rows;
    for (std::size_t i = 0; i < 64; ++i) rows.push_back(static_cast<float>(i % 5));
    const Points points{rows.data(), 1, 64, 1};
    Clusters clusters(points, 16, 1);
    for (int step = 0; step < 5; ++step) clusters.step(points);
    for (std::size_t i = 0; i < 64; ++i) CHECK(clusters.columns()[clusters.assignment()[i]] == rows[i]);
}

TEST_CASE("the nearest rows come in the order of distance and row, without NaN") {
    std::mt19937 random(3);
    for (const std::size_t k : {0U, 1U, 2U, 7U, 50U, 300U}) {
        std::vector<Candidate> all;
        NearestRows nearest(k);
        for (Slot row = 0; row < 200; ++row) {
            float distance = static_cast<float>(static_cast<int>(random() % 21) - 10);
            if (row % 17 == 0) distance = std::numeric_limits<float>::quiet_NaN();
            if (row % 23 == 0) distance = row % 2 == 0 ? -0.0F : std::numeric_limits<float>::infinity();
            nearest.offer(distance, row);
            if (distance == distance) all.push_back({distance, row});
        }
        std::sort(all.begin(), all.end(), nearer);
        all.resize(std::min(k, all.size()));
        const std::vector<Candidate> found = nearest.take();
        REQUIRE(found.size() == all.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(found[i].slot == all[i].slot);
            CHECK(found[i].distance == all[i].distance);
        }
    }
}

TEST_CASE("a short list keeps the nearest, wherever in their intervals they are") {
    std::mt19937 random(8);
    std::uniform_real_distribution<float> draw(0, 1);
    for (const std::size_t k : {1U, 5U, 40U}) {
        Shortlist list(k);
        std::vector<Candidate> all;
        for (Slot row = 0; row < 2000; ++row) {
            const float distance = draw(random);
            const float low = distance - 0.2F * draw(random);
            all.push_back({distance, row});
            if (low <= list.limit()) list.offer(low, distance + 0.2F * draw(random), row);
        }
        list.tighten();
        std::vector<Slot> kept;
        list.for_each([&](Slot row) { kept.push_back(row); });
        std::sort(all.begin(), all.end(), nearer);
        for (std::size_t i = 0; i < k; ++i) CHECK(std::find(kept.begin(), kept.end(), all[i].slot) != kept.end());
        CHECK(kept.size() < 2000);
    }
}

}  // namespace
}  // namespace lanner
