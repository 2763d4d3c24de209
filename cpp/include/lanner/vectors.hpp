// Rows of vectors, as callers hand them in.
#pragma once

#include <cstddef>

#include "lanner/types.hpp"

namespace lanner {

// Rows handed in: contiguous, native byte order, bits packed least significant bit first. An index of a float type
// takes float32, float16 and bfloat16; every other index takes its own type only.
struct Vectors {
    const void* data = nullptr;
    std::size_t count = 0;
    ElementType type = ElementType::kFloat32;
};

}  // namespace lanner
