// Random numbers of the normal distribution, by place: any part of a matrix of them can be made on its own.
// Threads: pure functions.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/random.hpp"

namespace lanner {

// In (0, 1): never 0, whose logarithm is none.
inline double uniform_at(std::uint64_t seed, std::uint64_t counter) noexcept {
    return (static_cast<double>(random_at(seed, counter) >> 11) + 0.5) * 0x1p-53;
}

// Box and Muller: A Note on the Generation of Random Normal Deviates (1958).
inline double normal_at(std::uint64_t seed, std::uint64_t counter) noexcept {
    constexpr double kTurn = 6.283185307179586476925;
    const double radius = std::sqrt(-2 * std::log(uniform_at(seed, 2 * counter)));
    return radius * std::cos(kTurn * uniform_at(seed, 2 * counter + 1));
}

}  // namespace lanner
