// A random rotation that costs dim log dim: rounds of random signs, a Hadamard transform of the largest power of two of
// places at the front or at the back, and between them Hadamard steps between the two halves (Kac steps). It serves as
// the rotation of Gao and Long, RaBitQ (SIGMOD 2024), and for scalar codes. It spreads a vector's length evenly over the features, so that one step size suits
// them all. Lengths and inner products are kept up to rounding.
// The same dim and seed give the same rotation, bit for bit, on every machine.
// Threads: constant once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lanner {

class Rotation {
  public:
    Rotation(std::size_t dim, std::uint64_t seed);

    std::size_t dim() const noexcept { return dim_; }
    // Both work in place, on `dim` features of any alignment.
    void apply(float* features) const noexcept;
    void invert(float* features) const noexcept;

  private:
    std::size_t slice_begin(std::size_t round) const noexcept { return round % 2 == 0 ? 0 : dim_ - slice_; }
    bool mixes_halves(std::size_t round) const noexcept { return slice_ != dim_ && round % 2 == 1; }
    void mix_halves(float* features) const noexcept;

    std::size_t dim_;
    std::size_t slice_;  // the largest power of two that is at most dim
    std::size_t rounds_;
    std::vector<float> factors_;  // by round and feature: a random sign times what keeps the length
};

}  // namespace lanner
