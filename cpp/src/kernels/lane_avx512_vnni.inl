// The AVX-512 lane with VNNI, which multiplies bytes four at a time, VPOPCNTDQ, which counts bits, and VBMI, which
// shuffles bytes across a whole register.
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

    // A shuffle that reaches all 64 bytes looks up four codes of each row, which one instruction then adds up.
    struct NibbleSums {
        __m512i low, high;  // rows 0 to 15, and 16 to 31
    };
    static constexpr bool kWideTables = true;
    static constexpr int kNibblePairBlocks = 4;

    static LANNER_INLINE NibbleSums zero_nibble_sums() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) {
        constexpr int kMaskedOrBase = 0xea;  // (code & mask) | base
        const __m512i half = _mm512_set1_epi8(15);
        const __m512i base = _mm512_set1_epi32(0x30201000);
        const __m512i codes = _mm512_loadu_si512(from);
        return {_mm512_ternarylogic_epi32(codes, half, base, kMaskedOrBase),
                _mm512_ternarylogic_epi32(_mm512_srli_epi16(codes, 4), half, base, kMaskedOrBase)};
    }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        const __m512i ones = _mm512_set1_epi8(1);
        sums.low = _mm512_dpbusd_epi32(sums.low, _mm512_permutexvar_epi8(codes.low, table), ones);
        sums.high = _mm512_dpbusd_epi32(sums.high, _mm512_permutexvar_epi8(codes.high, table), ones);
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        out[0] = _mm512_cvtepi32_ps(sums.low);
        out[1] = _mm512_cvtepi32_ps(sums.high);
    }

    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) { return _mm512_add_epi32(sums, _mm512_popcnt_epi32(a)); }
    static LANNER_INLINE Ones count_words(Bytes a) { return _mm512_popcnt_epi64(a); }
    // Counts are below 256, so that a product of bytes multiplies and adds them.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        const Ones low = _mm512_dpbusd_epi32(_mm512_add_epi32(sums, p0), p1, _mm512_set1_epi32(2));
        return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(low, p2, _mm512_set1_epi32(4)), p3, _mm512_set1_epi32(0xf8));
    }
};

}  // namespace
}  // namespace lanner
