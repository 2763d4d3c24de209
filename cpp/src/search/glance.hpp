// A look at many distances at once: most of a scan's lie beyond the bound, and one branch passes over a block of them.
// Threads: any.
#pragma once

#include <cstddef>

namespace lanner {

inline constexpr std::size_t kGlance = 32;

// Whether any of so many distances is at most `bound`: without a branch a distance, so that a compiler takes several at
// once.
inline bool any_within(const float* distances, float bound) noexcept {
    unsigned within = 0;
    for (std::size_t i = 0; i < kGlance; ++i) within |= distances[i] <= bound ? 1U : 0U;
    return within != 0;
}

}  // namespace lanner
