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

}  // namespace

Rotation::Rotation(std::size_t dim, std::uint64_t seed, const KernelTable& kernels)
    : kernels_(&kernels), dim_(dim), slice_(std::bit_floor(dim)), rounds_(slice_ == dim ? kWholeRounds : kRounds) {
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
    kernels_->add_and_subtract(features, features + (dim_ - dim_ / 2), dim_ / 2);
    if (dim_ % 2 == 1) features[dim_ / 2] *= static_cast<float>(std::sqrt(2.0));
}

void Rotation::apply(float* features) const noexcept {
    for (std::size_t round = 0; round < rounds_; ++round) {
        kernels_->multiply(features, factors_.data() + round * dim_, dim_);
        kernels_->hadamard(features + slice_begin(round), slice_);
        if (mixes_halves(round)) mix_halves(features);
    }
}

// Every step is its own inverse, up to the scale that the factors hold.
void Rotation::invert(float* features) const noexcept {
    for (std::size_t round = rounds_; round-- > 0;) {
        if (mixes_halves(round)) mix_halves(features);
        kernels_->hadamard(features + slice_begin(round), slice_);
        kernels_->multiply(features, factors_.data() + round * dim_, dim_);
    }
}

}  // namespace lanner
