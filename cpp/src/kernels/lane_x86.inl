// What the x86 lanes share: sums of four rows, and the last steps of the others' sums, in 128-bit registers.
#include <immintrin.h>

#include <cstring>

#include "kernels/lane_common.inl"

namespace lanner {
namespace {

struct X86Lane {
    // Of scattered rows, asked for ahead of their turn. Zen 3 forgets what is asked for beyond some 64 lines.
    static constexpr std::size_t kBytesOnTheWay = 4096;
    // Four sums, one for each of four rows.
    using Quad = __m128i;

    static LANNER_INLINE __m128i load_128(const Byte* from) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    }
    static LANNER_INLINE void store_128(__m128i a, Byte* to) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), a); }
    static LANNER_INLINE __m128i load_64(const Byte* from) {
        return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from));
    }
    static LANNER_INLINE __m128i load_tail_128(const Byte* from, std::size_t bytes) {
        alignas(16) Byte padded[16] = {};
        copy_short(padded, from, bytes);
        return _mm_load_si128(reinterpret_cast<const __m128i*>(padded));
    }

    // Sixteen bytes: taken in turns of two registers, from the front or from the middle on; halves of each, and back.
    using Sixteen = __m128i;
    static LANNER_INLINE Sixteen load_16(const Byte* from) { return load_128(from); }
    static LANNER_INLINE void store_16(Sixteen a, Byte* to) { store_128(a, to); }
    static LANNER_INLINE Sixteen zip_low(Sixteen a, Sixteen b) { return _mm_unpacklo_epi8(a, b); }
    static LANNER_INLINE Sixteen zip_high(Sixteen a, Sixteen b) { return _mm_unpackhi_epi8(a, b); }
    static LANNER_INLINE Sixteen low_halves(Sixteen a) { return _mm_and_si128(a, _mm_set1_epi8(15)); }
    static LANNER_INLINE Sixteen high_halves(Sixteen a) {
        return _mm_and_si128(_mm_srli_epi16(a, 4), _mm_set1_epi8(15));
    }
    static LANNER_INLINE Sixteen join_halves(Sixteen low, Sixteen high) {
        return _mm_or_si128(low, _mm_slli_epi16(high, 4));
    }

    // Sums of four registers, each in the order (0 + 2) + (1 + 3).
    static LANNER_INLINE __m128 transpose_sum(__m128 a, __m128 b, __m128 c, __m128 d) {
        const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
        const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
        return _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
    }
    static LANNER_INLINE __m128i transpose_sum(__m128i a, __m128i b, __m128i c, __m128i d) {
        const __m128i ab = _mm_add_epi32(_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b));
        const __m128i cd = _mm_add_epi32(_mm_unpacklo_epi32(c, d), _mm_unpackhi_epi32(c, d));
        return _mm_add_epi32(_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd));
    }

    static LANNER_INLINE Quad twice(Quad a) { return _mm_add_epi32(a, a); }
    static LANNER_INLINE Quad add_to_each(Quad a, std::uint32_t value) {
        return _mm_add_epi32(a, _mm_set1_epi32(static_cast<int>(value)));
    }
    // Table entries were added up as pairs: `pairs` holds entry k plus 256 times entry k + 1, all modulo 2^16, and `odd`
    // entry k + 1. Gives the sums in order, eight a register.
    static LANNER_INLINE void split_pairs(__m128i pairs, __m128i odd, __m128i* out) {
        const __m128i even = _mm_sub_epi16(pairs, _mm_slli_epi16(odd, 8));
        out[0] = _mm_unpacklo_epi16(even, odd);
        out[1] = _mm_unpackhi_epi16(even, odd);
    }

    static LANNER_INLINE void store_signed(Quad a, float* out) { _mm_storeu_ps(out, _mm_cvtepi32_ps(a)); }
    // Both halves convert exactly, so only the last addition rounds.
    static LANNER_INLINE void store_unsigned(Quad a, float* out) {
        const __m128 high = _mm_mul_ps(_mm_cvtepi32_ps(_mm_srli_epi32(a, 16)), _mm_set1_ps(65536.0F));
        const __m128 low = _mm_cvtepi32_ps(_mm_and_si128(a, _mm_set1_epi32(0xffff)));
        _mm_storeu_ps(out, _mm_add_ps(high, low));
    }
    static LANNER_INLINE void store(Quad a, std::uint32_t* out) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), a);
    }
};

}  // namespace
}  // namespace lanner
