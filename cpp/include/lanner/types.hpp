// The two choices that name a vector space: what an element is, and what near means.
// Plain enums only: kernel units compiled for one instruction set include this file.
#pragma once

#include <cstdint>

namespace lanner {

// How one feature of a vector is stored. The values are part of the file format.
enum class ElementType : std::uint8_t {
    kFloat32 = 0,
    kFloat16 = 1,
    kBFloat16 = 2,
    kInt8 = 3,
    kUInt8 = 4,
    kBits = 5,  // packed, least significant bit first; dim counts bits
};
inline constexpr int kElementTypeCount = 6;

// Every distance is "smaller is nearer". q is the query, x the stored item. The values are part of the file format.
enum class Metric : std::uint8_t {
    kL2 = 0,       // sum (q-x)^2
    kCosine = 1,   // 1 - <q,x> / (|q| |x|); a zero vector is at distance 1 from everything
    kIp = 2,       // -<q,x>
    kSnr = 3,      // var(q-x) / var(q)
    kSnrItem = 4,  // var(q-x) / var(x)
    kHamming = 5,  // differing bits
    kJaccard = 6,  // 1 - |q & x| / |q | x|; two empty sets are at distance 0
};
inline constexpr int kMetricCount = 7;

}  // namespace lanner
