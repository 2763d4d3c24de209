#include "codecs/rotation.hpp"

#include <bit>
#include <cmath>

#include "base/random.hpp"

namespace lanner {
namespace {

// A slice at the front, one at the back, a step between the halves, and all of it once more. (With a step after every
// slice, a sixteenth of the length of a single feature can stay in one place.)
constexpr std::size_t kRounds = 4;
// Where one slice takes in every feature, each round mixes all of them.
constexpr std::size_t kWholeRounds = 3;

void add_and_subtract(float* low, float* high, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const float sum = low[i] + high[i];
        high[i] = low[i] - high[i];
        low[i] = sum;
    }
}

// Not scaled: lengths grow by sqrt(count), a power of two. Two stages at a time, for half the traffic.
void hadamard(float* values, std::size_t count) noexcept {
    std::size_t half = 1;
    if (std::countr_zero(count) % 2 == 1) {
        for (std::size_t i = 0; i < count; i += 2) {
            const float sum = values[i] + values[i + 1];
            values[i + 1] = values[i] - values[i + 1];
            values[i] = sum;
        }
        half = 2;
    }
    for (; half < count; half *= 4) {
        for (std::size_t first = 0; first < count; first += 4 * half) {
            float* const a = values + first;
            float* const b = a + half;
            float* const c = b + half;
            float* const d = c + half;
            for (std::size_t i = 0; i < half; ++i) {
                const float ab = a[i] + b[i];
                const float a_b = a[i] - b[i];
                const float cd = c[i] + d[i];
                const float c_d = c[i] - d[i];
                a[i] = ab + cd;
                b[i] = a_b + c_d;
                c[i] = ab - cd;
                d[i] = a_b - c_d;
            }
        }
    }
}

}  // namespace

Rotation::Rotation(std::size_t dim, std::uint64_t seed)
    : dim_(dim), slice_(std::bit_floor(dim)), rounds_(slice_ == dim ? kWholeRounds : kRounds) {
    const double shrink = 1.0 / std::sqrt(static_cast<double>(slice_));
    factors_.resize(rounds_ * dim_);
    for (std::size_t i = 0; i < factors_.size(); ++i) {
        const std::size_t begin = slice_begin(i / dim_);
        const double halves = mixes_halves(i / dim_) ? std::sqrt(0.5) : 1.0;
        const bool inside = i % dim_ >= begin && i % dim_ < begin + slice_;
        const bool negative = (random_at(seed, i) >> 63) != 0;
        factors_[i] = static_cast<float>((negative ? -halves : halves) * (inside ? shrink : 1.0));
    }
}

// Of an odd number of features the one in the middle has no partner, and keeps its length.
void Rotation::mix_halves(float* features) const noexcept {
    add_and_subtract(features, features + (dim_ - dim_ / 2), dim_ / 2);
    if (dim_ % 2 == 1) features[dim_ / 2] *= static_cast<float>(std::sqrt(2.0));
}

void Rotation::apply(float* features) const noexcept {
    for (std::size_t round = 0; round < rounds_; ++round) {
        const float* const factors = factors_.data() + round * dim_;
        for (std::size_t i = 0; i < dim_; ++i) features[i] *= factors[i];
        hadamard(features + slice_begin(round), slice_);
        if (mixes_halves(round)) mix_halves(features);
    }
}

// Every step is its own inverse, up to the scale that the factors hold.
void Rotation::invert(float* features) const noexcept {
    for (std::size_t round = rounds_; round-- > 0;) {
        if (mixes_halves(round)) mix_halves(features);
        hadamard(features + slice_begin(round), slice_);
        const float* const factors = factors_.data() + round * dim_;
        for (std::size_t i = 0; i < dim_; ++i) features[i] *= factors[i];
    }
}

}  // namespace lanner
