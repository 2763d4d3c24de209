// The AVX-512 lane with VNNI, which multiplies bytes four at a time, and VPOPCNTDQ, which counts bits.
// BF16 is left out on purpose: VDPBF16PS wants a rounded query and flushes denormals.
#include "kernels/lane_avx512.inl"

namespace lanner {
namespace {

struct Lane : Avx512Lane {
    static constexpr bool kByteProducts = true;

    // Unsigned bytes times signed bytes, four products to each count.
    static LANNER_INLINE Counts add_byte_products(Counts sums, Bytes unsigned_bytes, Bytes signed_bytes) {
        return _mm512_dpbusd_epi32(sums, unsigned_bytes, signed_bytes);
    }
    // Adds 128 to signed bytes, making them unsigned, or takes it from unsigned ones, making them signed.
    static LANNER_INLINE Bytes flip_signs(Bytes a) { return _mm512_xor_si512(a, _mm512_set1_epi8(-128)); }
    static LANNER_INLINE Bytes all_one() { return _mm512_set1_epi8(1); }
    static LANNER_INLINE Counts sub_counts(Counts a, Counts b) { return _mm512_sub_epi32(a, b); }
    template <int kPlaces>
    static LANNER_INLINE Counts shift_left(Counts a) {
        return _mm512_slli_epi32(a, kPlaces);
    }
    static LANNER_INLINE Bytes low_nibbles(Bytes a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
    static LANNER_INLINE Bytes high_nibbles(Bytes a) { return low_nibbles(_mm512_srli_epi16(a, 4)); }

    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) { return _mm512_add_epi32(sums, _mm512_popcnt_epi32(a)); }
    static LANNER_INLINE Ones count_words(Bytes a) { return _mm512_popcnt_epi64(a); }
};

}  // namespace
}  // namespace lanner
