// Stateless random numbers: a strong mix of (seed, counter), the same on every machine.
#pragma once

#include <cstdint>

namespace lanner {

// SplitMix64's finaliser (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
constexpr std::uint64_t mix64(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

constexpr std::uint64_t random_at(std::uint64_t seed, std::uint64_t counter) noexcept {
    return mix64(mix64(seed + 0x9e3779b97f4a7c15ULL) + counter * 0x9e3779b97f4a7c15ULL);
}

}  // namespace lanner
