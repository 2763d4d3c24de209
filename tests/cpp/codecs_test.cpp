#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.hpp"
#include "codecs/rotation.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

double uniform(std::uint64_t seed, std::uint64_t place) {
    return static_cast<double>(random_at(seed, place) >> 11) * 0x1p-53;
}

std::vector<float> normal_vector(std::size_t dim, std::uint64_t seed) {
    std::vector<float> vector(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(seed, 2 * i)));
        vector[i] = static_cast<float>(radius * std::cos(6.283185307179586 * uniform(seed, 2 * i + 1)));
    }
    return vector;
}

double dot(const std::vector<float>& left, const std::vector<float>& right) {
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
    return sum;
}

const std::vector<std::size_t> kDims{1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 64, 65, 96, 127, 128, 129, 384, 784, 1000, 1024};

TEST_CASE("a rotation keeps lengths and inner products, and is undone by its inverse") {
    for (const std::size_t dim : kDims) {
        INFO("dim " << dim);
        const Rotation rotation(dim, 5, active_kernels());
        std::vector<float> left = normal_vector(dim, 1);
        std::vector<float> right = normal_vector(dim, 2);
        const std::vector<float> before = left;
        const double length = std::sqrt(dot(left, left) * dot(right, right));
        const double product = dot(left, right);
        rotation.apply(left.data());
        rotation.apply(right.data());
        CHECK(std::fabs(dot(left, right) - product) <= 4e-6 * length);
        CHECK(std::fabs(std::sqrt(dot(left, left) * dot(right, right)) - length) <= 4e-6 * length);
        rotation.invert(left.data());
        for (std::size_t i = 0; i < dim; ++i) {
            CHECK(std::fabs(left[i] - before[i]) <= 4e-6F * static_cast<float>(std::sqrt(dot(before, before))));
        }
    }
}

// A vector with its whole length in one feature is the worst that a step size for all features can meet. A uniformly
// random direction has its largest feature below sqrt(2 ln(2 d / p)) / sqrt(d) with probability 1 - p.
TEST_CASE("a rotation spreads every feature over all of them") {
    for (const std::size_t dim : {64U, 96U, 127U, 129U, 384U, 784U}) {
        INFO("dim " << dim);
        const Rotation rotation(dim, 11, active_kernels());
        const auto features = static_cast<double>(dim);
        const double bound = std::sqrt(2 * std::log(2 * features / 1e-6) / features);
        for (std::size_t hot = 0; hot < dim; ++hot) {
            std::vector<float> vector(dim, 0.0F);
            vector[hot] = 1;
            rotation.apply(vector.data());
            float most = 0;
            for (const float each : vector) most = std::max(most, std::fabs(each));
            CHECK(static_cast<double>(most) <= bound);
        }
    }
}

TEST_CASE("a rotation is the same, bit for bit, on every instruction set") {
    const KernelLevels levels = available_kernels();
    for (const std::size_t dim : kDims) {
        std::vector<float> plain = normal_vector(dim, 4);
        const std::vector<float> before = plain;
        Rotation(dim, 6, *find_kernels("scalar")).apply(plain.data());
        for (std::size_t i = 0; i < levels.count; ++i) {
            std::vector<float> vector = before;
            Rotation(dim, 6, *levels.first[i]).apply(vector.data());
            CHECK_MESSAGE(std::memcmp(vector.data(), plain.data(), dim * sizeof(float)) == 0, levels.first[i]->name);
        }
    }
}

TEST_CASE("a rotation is a function of dim and seed") {
    for (const std::size_t dim : {5U, 64U, 100U}) {
        std::vector<float> first = normal_vector(dim, 3);
        std::vector<float> second = first;
        std::vector<float> other = first;
        Rotation(dim, 9, active_kernels()).apply(first.data());
        Rotation(dim, 9, active_kernels()).apply(second.data());
        Rotation(dim, 10, active_kernels()).apply(other.data());
        CHECK(std::memcmp(first.data(), second.data(), dim * sizeof(float)) == 0);
        CHECK(first != other);
    }
}

}  // namespace
}  // namespace lanner
