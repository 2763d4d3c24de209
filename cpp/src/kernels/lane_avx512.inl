// The lane of AVX-512 F, BW, DQ, VL: 512-bit registers, tails by mask.
#include "kernels/lane_x86.inl"

namespace lanner {
namespace {

struct Avx512Lane : X86Lane {
    static constexpr bool kByteProducts = false;
    static constexpr bool kPairProducts = true;
    static constexpr std::size_t kBytesOnTheWay = 32768;  // measured on Zen 4
    static constexpr int kTileQueries = 3;
    static constexpr int kTileRows = 4;

    using Floats = __m512;
    static constexpr std::size_t kFloats = 16;

    static LANNER_INLINE Floats zero_floats() { return _mm512_setzero_ps(); }
    static LANNER_INLINE Floats broadcast(float value) { return _mm512_set1_ps(value); }
    static LANNER_INLINE Floats load_f32(const Byte* from) { return _mm512_loadu_ps(from); }
    static LANNER_INLINE Floats load_f16(const Byte* from) { return widen_f16(load_256(from)); }
    static LANNER_INLINE Floats load_bf16(const Byte* from) { return widen_bf16(load_256(from)); }
    static LANNER_INLINE Floats load_f32_tail(const Byte* from, std::size_t count) {
        return _mm512_maskz_loadu_ps(first_16(count), from);
    }
    static LANNER_INLINE Floats load_f16_tail(const Byte* from, std::size_t count) {
        return widen_f16(_mm256_maskz_loadu_epi16(first_16(count), from));
    }
    static LANNER_INLINE Floats load_bf16_tail(const Byte* from, std::size_t count) {
        return widen_bf16(_mm256_maskz_loadu_epi16(first_16(count), from));
    }
    // The first `count` numbers, zero after them.
    static LANNER_INLINE Floats keep(Floats a, std::size_t count) { return _mm512_maskz_mov_ps(first_16(count), a); }

    static LANNER_INLINE Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
    static LANNER_INLINE Floats sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
    static LANNER_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
    // Sums and differences of numbers that lie kDistance apart, each difference in the place of its second.
    template <std::size_t kDistance>
    static LANNER_INLINE Floats butterfly(Floats a) {
        constexpr __mmask16 kSecond = kDistance == 1   ? 0xaaaa
                                      : kDistance == 2 ? 0xcccc
                                      : kDistance == 4 ? 0xf0f0
                                                       : 0xff00;
        const __m512 swapped = kDistance == 1   ? _mm512_permute_ps(a, 0xb1)
                               : kDistance == 2 ? _mm512_permute_ps(a, 0x4e)
                               : kDistance == 4 ? _mm512_shuffle_f32x4(a, a, 0xb1)
                                                : _mm512_shuffle_f32x4(a, a, 0x4e);
        return _mm512_mask_sub_ps(_mm512_add_ps(a, swapped), kSecond, swapped, a);
    }
    static LANNER_INLINE Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
    static LANNER_INLINE Floats min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
    // A bit a place.
    static LANNER_INLINE std::uint32_t less_equal(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
    static LANNER_INLINE void sum4(Floats a, Floats b, Floats c, Floats d, float* out) {
        const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
        const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
        _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
    }

    // Small integers, widened to 16 bits; their products gather in Counts.
    using Words = __m512i;
    using Counts = __m512i;
    static constexpr std::size_t kWords = 32;

    static LANNER_INLINE Counts zero_counts() { return _mm512_setzero_si512(); }
    static LANNER_INLINE Words load_i8(const Byte* from) { return _mm512_cvtepi8_epi16(load_256(from)); }
    static LANNER_INLINE Words load_u8(const Byte* from) { return _mm512_cvtepu8_epi16(load_256(from)); }
    static LANNER_INLINE Words load_i8_tail(const Byte* from, std::size_t count) {
        return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(first_32(count), from));
    }
    static LANNER_INLINE Words load_u8_tail(const Byte* from, std::size_t count) {
        return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(first_32(count), from));
    }
    static LANNER_INLINE Words sub(Words a, Words b) { return _mm512_sub_epi16(a, b); }
    static LANNER_INLINE Counts add_products(Counts sums, Words a, Words b) {
        return _mm512_add_epi32(sums, _mm512_madd_epi16(a, b));
    }
    static LANNER_INLINE Counts add(Counts a, Counts b) { return _mm512_add_epi32(a, b); }
    static LANNER_INLINE Quad sum4(Counts a, Counts b, Counts c, Counts d) {
        const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        const __m512i abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
        const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
        return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    static LANNER_INLINE void store_unsigned(Quad a, float* out) { _mm_storeu_ps(out, _mm_cvtepu32_ps(a)); }

    // Bits, counted by a table of sixteen in a register.
    using Bytes = __m512i;
    using Ones = __m512i;
    static constexpr std::size_t kBytes = 64;

    static LANNER_INLINE Ones zero_ones() { return _mm512_setzero_si512(); }
    static LANNER_INLINE Bytes zero_bytes() { return _mm512_setzero_si512(); }
    static LANNER_INLINE Bytes load_bytes(const Byte* from) { return _mm512_loadu_si512(from); }
    static LANNER_INLINE Bytes load_bytes_tail(const Byte* from, std::size_t count) {
        return _mm512_maskz_loadu_epi8(static_cast<__mmask64>((std::uint64_t{1} << count) - 1), from);
    }
    static LANNER_INLINE Bytes bit_xor(Bytes a, Bytes b) { return _mm512_xor_si512(a, b); }
    static LANNER_INLINE Bytes bit_and(Bytes a, Bytes b) { return _mm512_and_si512(a, b); }
    static LANNER_INLINE std::uint64_t fold_xor(Bytes a) {
        const __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
        const __m128i quarter = _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        return static_cast<std::uint64_t>(
            _mm_cvtsi128_si64(_mm_xor_si128(quarter, _mm_unpackhi_epi64(quarter, quarter))));
    }
    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) { return _mm512_add_epi32(sums, count_words(a)); }
    static LANNER_INLINE Quad sum4_ones(Ones a, Ones b, Ones c, Ones d) { return sum4(a, b, c, d); }
    // Counts of four planes of bits, the last of which counts against the others.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        const Ones low = _mm512_add_epi32(p0, _mm512_slli_epi32(p1, 1));
        const Ones high = _mm512_sub_epi32(p2, _mm512_slli_epi32(p3, 1));
        return _mm512_add_epi32(sums, _mm512_add_epi32(low, _mm512_slli_epi32(high, 2)));
    }

    // Ones in each word of 64 bits, for rows of few words; see short_codes.inl.
    static constexpr bool kShortCodes = true;

    static LANNER_INLINE Ones count_words(Bytes a) {
        const __m512i table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
        const __m512i low = _mm512_set1_epi8(15);
        const __m512i counts =
            _mm512_add_epi8(_mm512_shuffle_epi8(table, _mm512_and_si512(a, low)),
                            _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(a, 4), low)));
        return _mm512_sad_epu8(counts, _mm512_setzero_si512());
    }
    // Sums over kWords words each of ones[0], ones[1], ..., as many as there are floats.
    template <int kWords, class WordOnes>
    static LANNER_INLINE Floats row_counts(const WordOnes& ones) {
        if constexpr (kWords == 1) {
            const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            return _mm512_cvtepi32_ps(_mm512_permutex2var_epi32(ones[0], even, ones[1]));
        } else if constexpr (kWords == 2) {
            const Ones words = four_fields<0>(ones);
            const Ones sums = _mm512_add_epi64(words, _mm512_shuffle_epi32(words, _MM_PERM_BADC));
            return fields(sums, _mm512_setr_epi32(0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27));
        } else if constexpr (kWords == 4) {
            const Ones pairs = add_pairs(four_fields<0>(ones), four_fields<4>(ones));
            const Ones sums = _mm512_add_epi64(pairs, _mm512_shuffle_i64x2(pairs, pairs, 0xb1));
            return fields(sums, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
        } else {
            const Ones low = add_pairs(four_fields<0>(ones), four_fields<4>(ones));
            const Ones high = add_pairs(four_fields<8>(ones), four_fields<12>(ones));
            const Ones halves =
                _mm512_add_epi64(_mm512_shuffle_i64x2(low, high, 0x44), _mm512_shuffle_i64x2(low, high, 0xee));
            const Ones sums = _mm512_add_epi64(halves, _mm512_shuffle_i64x2(halves, halves, 0xb1));
            return fields(sums, _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
        }
    }

    // Unsigned bytes times signed ones, each pair of products added.
    static LANNER_INLINE Bytes low_nibbles(Bytes a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
    static LANNER_INLINE Bytes high_nibbles(Bytes a) { return low_nibbles(_mm512_srli_epi16(a, 4)); }
    static LANNER_INLINE Words zero_words() { return _mm512_setzero_si512(); }
    static LANNER_INLINE Words add_words(Words a, Words b) { return _mm512_add_epi16(a, b); }
    static LANNER_INLINE Words pair_products(Bytes unsigned_bytes, Bytes signed_bytes) {
        return _mm512_maddubs_epi16(unsigned_bytes, signed_bytes);
    }
    static LANNER_INLINE Counts add_widened(Counts sums, Words pairs) {
        return _mm512_add_epi32(sums, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
    }

    // Bytes in fours, one for each count; see small_numbers.inl.
    static constexpr bool kFours = true;
    using Fours = Bytes;

    static LANNER_INLINE Fours load_fours(const Byte* from) { return _mm512_loadu_si512(from); }
    static LANNER_INLINE Fours repeat_four(const Byte* from) {
        int four;
        std::memcpy(&four, from, sizeof four);
        return _mm512_set1_epi32(four);
    }
    static LANNER_INLINE Words fours_products(Fours unsigned_bytes, Fours signed_bytes) {
        return pair_products(unsigned_bytes, signed_bytes);
    }
    static LANNER_INLINE Floats floats_of(Counts a) { return _mm512_cvtepi32_ps(a); }

    // Tables of 16 bytes, four a register.
    struct NibbleSums {
        __m512i low, low_odd, high, high_odd;  // rows 0 to 15, and 16 to 31, as pairs
    };
    using Tables = __m512i;
    struct NibbleCodes {
        __m512i low, high;
    };
    static constexpr bool kWideTables = false;
    static constexpr int kNibbleBlocks = 4;      // side by side, for one query
    static constexpr int kNibblePairBlocks = 2;  // and for two
    static constexpr std::size_t kNibbleBytes = 64;

    static LANNER_INLINE NibbleSums zero_nibble_sums() {
        const __m512i zero = _mm512_setzero_si512();
        return {zero, zero, zero, zero};
    }
    static LANNER_INLINE Tables load_tables(const Byte* from) { return _mm512_loadu_si512(from); }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) {
        const __m512i half = _mm512_set1_epi8(15);
        const __m512i codes = _mm512_loadu_si512(from);
        return {_mm512_and_si512(codes, half), _mm512_and_si512(_mm512_srli_epi16(codes, 4), half)};
    }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        const __m512i low = _mm512_shuffle_epi8(table, codes.low);
        const __m512i high = _mm512_shuffle_epi8(table, codes.high);
        sums.low = _mm512_add_epi16(sums.low, low);
        sums.low_odd = _mm512_add_epi16(sums.low_odd, _mm512_srli_epi16(low, 8));
        sums.high = _mm512_add_epi16(sums.high, high);
        sums.high_odd = _mm512_add_epi16(sums.high_odd, _mm512_srli_epi16(high, 8));
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        out[0] = float_words(fold_words(sums.low), fold_words(sums.low_odd));
        out[1] = float_words(fold_words(sums.high), fold_words(sums.high_odd));
    }

    // Conversions. (VCVTNEPS2BF16 would flush denormals, so bfloat16 is rounded by integer arithmetic.)
    static LANNER_INLINE void store_f32(Floats a, Byte* to) { _mm512_storeu_ps(to, a); }
    static LANNER_INLINE void store_f16(Floats a, Byte* to) {
        store_256(_mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT), to);
    }
    static LANNER_INLINE void store_bf16(Floats a, Byte* to) {
        const __m512i bits = _mm512_castps_si512(a);
        const __m512i kept = _mm512_srli_epi32(bits, 16);
        const __m512i odd = _mm512_and_si512(kept, _mm512_set1_epi32(1));
        const __m512i rounded =
            _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff))), 16);
        const __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
        const __m512i half = _mm512_mask_or_epi32(rounded, nan, kept, _mm512_set1_epi32(0x40));
        store_256(_mm512_cvtepi32_epi16(half), to);
    }

  protected:
    // Four registers of words in one, as fields of 16 bits.
    template <int kFirst, class WordOnes>
    static LANNER_INLINE Ones four_fields(const WordOnes& ones) {
        constexpr int kOr = 0xfe;
        const Ones three = _mm512_ternarylogic_epi64(ones[kFirst], _mm512_slli_epi64(ones[kFirst + 1], 16),
                                                     _mm512_slli_epi64(ones[kFirst + 2], 32), kOr);
        return _mm512_or_si512(three, _mm512_slli_epi64(ones[kFirst + 3], 48));
    }
    // Neighbours added: a0 + a1, b0 + b1, a2 + a3, ..., b6 + b7.
    static LANNER_INLINE Ones add_pairs(Ones a, Ones b) {
        return _mm512_add_epi64(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    }
    // The fields of 16 bits at `places`.
    static LANNER_INLINE Floats fields(Ones a, __m512i places) {
        return _mm512_cvtepi32_ps(_mm512_maskz_permutexvar_epi16(0x55555555, places, a));
    }
    static LANNER_INLINE __m128i fold_words(__m512i a) {
        const __m256i half = _mm256_add_epi16(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
        return _mm_add_epi16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    }
    static LANNER_INLINE Floats float_words(__m128i pairs, __m128i odd) {
        __m128i words[2];
        split_pairs(pairs, odd, words);
        return _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm256_set_m128i(words[1], words[0])));
    }
    static LANNER_INLINE __m256i load_256(const Byte* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static LANNER_INLINE void store_256(__m256i a, Byte* to) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a); }
    // The form without exceptions, which clang keeps as one instruction; the plain one it takes apart.
    static LANNER_INLINE __m512 widen_f16(__m256i halves) { return _mm512_cvt_roundph_ps(halves, _MM_FROUND_NO_EXC); }
    static LANNER_INLINE __m512 widen_bf16(__m256i halves) {
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    }
    static LANNER_INLINE __mmask16 first_16(std::size_t count) { return static_cast<__mmask16>((1U << count) - 1U); }
    static LANNER_INLINE __mmask32 first_32(std::size_t count) {
        return static_cast<__mmask32>((std::uint64_t{1} << count) - 1);
    }
};

}  // namespace
}  // namespace lanner
