// What every lane needs. Included by the level units alone, each of which gets its own copy in an unnamed namespace.
#include <cstddef>
#include <cstdint>

// LANNER_CALLS: nothing is inlined or unrolled by force, for builds under sanitizers. The checks of each access, all in one
// function a kernel, would take minutes to compile.
#if defined(LANNER_CALLS)
#define LANNER_INLINE inline
#define LANNER_UNROLL
#define LANNER_UNROLL_4
#define LANNER_ROLLED
#elif defined(_MSC_VER) && !defined(__clang__)
#define LANNER_INLINE __forceinline
#define LANNER_UNROLL
#define LANNER_UNROLL_4
#define LANNER_ROLLED
#elif defined(__clang__)
#define LANNER_INLINE inline __attribute__((always_inline))
#define LANNER_UNROLL _Pragma("unroll")
#define LANNER_UNROLL_4 _Pragma("unroll 4")
#define LANNER_ROLLED _Pragma("nounroll")
#else
#define LANNER_INLINE inline __attribute__((always_inline))
#define LANNER_UNROLL _Pragma("GCC unroll 8")
#define LANNER_UNROLL_4 _Pragma("GCC unroll 4")
#define LANNER_ROLLED _Pragma("GCC unroll 1")
#endif

// Into the first cache, and into the second. A core can wait for more lines at once that go no further than the second,
// so scattered memory arrives there in less time: on Zen 4 rows of three lines take 20 ns each in place of 33.
#if defined(__GNUC__) || defined(__clang__)
#define LANNER_PREFETCH(address) __builtin_prefetch(address)
#define LANNER_PREFETCH_FAR(address) __builtin_prefetch(address, 0, 2)
#elif defined(_INCLUDED_MM2)  // Microsoft's, where a level includes its intrinsics
#define LANNER_PREFETCH(address) _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T0)
#define LANNER_PREFETCH_FAR(address) _mm_prefetch(reinterpret_cast<const char*>(address), _MM_HINT_T1)
#else
#define LANNER_PREFETCH(address) static_cast<void>(address)
#define LANNER_PREFETCH_FAR(address) static_cast<void>(address)
#endif

// A register that was loaded: loads marked so stay in the order in which they are written.
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define LANNER_IN_ORDER(loaded) asm volatile("" : "+v"(loaded))
#else
#define LANNER_IN_ORDER(loaded) static_cast<void>(loaded)
#endif

namespace lanner {
namespace {

using Byte = unsigned char;

// Copies fewer bytes than `to` holds, in pieces of fixed size so that no call is made.
template <std::size_t kSize>
LANNER_INLINE void copy_short(Byte (&to)[kSize], const Byte* from, std::size_t bytes) {
    std::size_t done = 0;
    LANNER_UNROLL
    for (std::size_t piece = kSize / 2; piece != 0; piece /= 2) {
        if ((bytes & piece) == 0) continue;
        std::memcpy(to + done, from + done, piece);
        done += piece;
    }
}

}  // namespace
}  // namespace lanner
