// The lane of AVX2 with FMA and F16C: 256-bit registers.
#include "kernels/lane_x86.inl"

namespace lanner {
namespace {

struct Lane : X86Lane {
    static constexpr bool kByteProducts = false;
    static constexpr bool kPairProducts = true;
    static constexpr int kTileQueries = 3;
    static constexpr int kTileRows = 2;

    using Floats = __m256;
    static constexpr std::size_t kFloats = 8;

    static LANNER_INLINE Floats zero_floats() { return _mm256_setzero_ps(); }
    static LANNER_INLINE Floats broadcast(float value) { return _mm256_set1_ps(value); }
    static LANNER_INLINE Floats load_f32(const Byte* from) { return _mm256_castsi256_ps(load_256(from)); }
    static LANNER_INLINE Floats load_f16(const Byte* from) { return _mm256_cvtph_ps(load_128(from)); }
    static LANNER_INLINE Floats load_bf16(const Byte* from) { return widen_bf16(load_128(from)); }
    static LANNER_INLINE Floats load_f32_tail(const Byte* from, std::size_t count) {
        return _mm256_maskload_ps(reinterpret_cast<const float*>(from), first(count));
    }
    static LANNER_INLINE Floats load_f16_tail(const Byte* from, std::size_t count) {
        return _mm256_cvtph_ps(load_tail_128(from, count * 2));
    }
    static LANNER_INLINE Floats load_bf16_tail(const Byte* from, std::size_t count) {
        return widen_bf16(load_tail_128(from, count * 2));
    }
    // The first `count` numbers, zero after them.
    static LANNER_INLINE Floats keep(Floats a, std::size_t count) {
        return _mm256_and_ps(a, _mm256_castsi256_ps(first(count)));
    }

    static LANNER_INLINE Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
    static LANNER_INLINE Floats sub(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
    static LANNER_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
    // Sums and differences of numbers that lie kDistance apart, each difference in the place of its second.
    template <std::size_t kDistance>
    static LANNER_INLINE Floats butterfly(Floats a) {
        const __m256 swapped = kDistance == 1   ? _mm256_permute_ps(a, 0xb1)
                               : kDistance == 2 ? _mm256_permute_ps(a, 0x4e)
                                                : _mm256_permute2f128_ps(a, a, 1);
        const __m256 sum = _mm256_add_ps(a, swapped);
        const __m256 difference = _mm256_sub_ps(swapped, a);
        return kDistance == 1   ? _mm256_blend_ps(sum, difference, 0xaa)
               : kDistance == 2 ? _mm256_blend_ps(sum, difference, 0xcc)
                                : _mm256_blend_ps(sum, difference, 0xf0);
    }
    static LANNER_INLINE Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
    static LANNER_INLINE Floats min(Floats a, Floats b) { return _mm256_min_ps(a, b); }
    // A bit a place.
    static LANNER_INLINE std::uint32_t less_equal(Floats a, Floats b) {
        return static_cast<std::uint32_t>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LE_OQ)));
    }
    static LANNER_INLINE void sum4(Floats a, Floats b, Floats c, Floats d, float* out) {
        const __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        const __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        const __m256 abcd = _mm256_add_ps(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));
        _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps(abcd, 1)));
    }

    // Small integers, widened to 16 bits; their products gather in Counts.
    using Words = __m256i;
    using Counts = __m256i;
    static constexpr std::size_t kWords = 16;

    static LANNER_INLINE Counts zero_counts() { return _mm256_setzero_si256(); }
    static LANNER_INLINE Words load_i8(const Byte* from) { return _mm256_cvtepi8_epi16(load_128(from)); }
    static LANNER_INLINE Words load_u8(const Byte* from) { return _mm256_cvtepu8_epi16(load_128(from)); }
    static LANNER_INLINE Words load_i8_tail(const Byte* from, std::size_t count) {
        return _mm256_cvtepi8_epi16(load_tail_128(from, count));
    }
    static LANNER_INLINE Words load_u8_tail(const Byte* from, std::size_t count) {
        return _mm256_cvtepu8_epi16(load_tail_128(from, count));
    }
    static LANNER_INLINE Words sub(Words a, Words b) { return _mm256_sub_epi16(a, b); }
    static LANNER_INLINE Counts add_products(Counts sums, Words a, Words b) {
        return _mm256_add_epi32(sums, _mm256_madd_epi16(a, b));
    }
    static LANNER_INLINE Counts add(Counts a, Counts b) { return _mm256_add_epi32(a, b); }
    static LANNER_INLINE Quad sum4(Counts a, Counts b, Counts c, Counts d) {
        const __m256i ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        const __m256i cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        const __m256i abcd = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
        return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
    }

    // Bits, counted by a table of sixteen in a register.
    using Bytes = __m256i;
    using Ones = __m256i;
    static constexpr std::size_t kBytes = 32;

    static LANNER_INLINE Ones zero_ones() { return _mm256_setzero_si256(); }
    static LANNER_INLINE Bytes zero_bytes() { return _mm256_setzero_si256(); }
    static LANNER_INLINE Bytes load_bytes(const Byte* from) { return load_256(from); }
    static LANNER_INLINE Bytes load_bytes_tail(const Byte* from, std::size_t count) {
        alignas(32) Byte padded[32] = {};
        copy_short(padded, from, count);
        return _mm256_load_si256(reinterpret_cast<const __m256i*>(padded));
    }
    static LANNER_INLINE Bytes bit_xor(Bytes a, Bytes b) { return _mm256_xor_si256(a, b); }
    static LANNER_INLINE Bytes bit_and(Bytes a, Bytes b) { return _mm256_and_si256(a, b); }
    static LANNER_INLINE std::uint64_t fold_xor(Bytes a) {
        const __m128i half = _mm_xor_si128(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_xor_si128(half, _mm_unpackhi_epi64(half, half))));
    }
    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) { return _mm256_add_epi32(sums, count_words(a)); }
    static LANNER_INLINE Quad sum4_ones(Ones a, Ones b, Ones c, Ones d) { return sum4(a, b, c, d); }
    // Counts of four planes of bits, the last of which counts against the others.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        const Ones low = _mm256_add_epi32(p0, _mm256_slli_epi32(p1, 1));
        const Ones high = _mm256_sub_epi32(p2, _mm256_slli_epi32(p3, 1));
        return _mm256_add_epi32(sums, _mm256_add_epi32(low, _mm256_slli_epi32(high, 2)));
    }

    // Ones in each word of 64 bits, for rows of few words; see short_codes.inl.
    static constexpr bool kShortCodes = true;

    static LANNER_INLINE Ones count_words(Bytes a) {
        const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                               0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        const __m256i low = _mm256_set1_epi8(15);
        const __m256i counts =
            _mm256_add_epi8(_mm256_shuffle_epi8(table, _mm256_and_si256(a, low)),
                            _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(a, 4), low)));
        return _mm256_sad_epu8(counts, _mm256_setzero_si256());
    }
    // Sums over kWords words each of ones[0], ones[1], ..., as many as there are floats.
    template <int kWords, class WordOnes>
    static LANNER_INLINE Floats row_counts(const WordOnes& ones) {
        if constexpr (kWords == 1) {
            const __m256 halves = _mm256_shuffle_ps(_mm256_castsi256_ps(ones[0]), _mm256_castsi256_ps(ones[1]), 0x88);
            return _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(_mm256_castps_si256(halves), 0xd8));
        } else if constexpr (kWords == 2) {
            const __m256i places = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            return _mm256_cvtepi32_ps(
                _mm256_permutevar8x32_epi32(four_registers(ones[0], ones[1], ones[2], ones[3]), places));
        } else if constexpr (kWords == 4) {
            return both_halves(four_registers(ones[0], ones[1], ones[2], ones[3]),
                               four_registers(ones[4], ones[5], ones[6], ones[7]));
        } else {
            const Ones low = four_registers(_mm256_add_epi64(ones[0], ones[1]), _mm256_add_epi64(ones[2], ones[3]),
                                            _mm256_add_epi64(ones[4], ones[5]), _mm256_add_epi64(ones[6], ones[7]));
            const Ones high =
                four_registers(_mm256_add_epi64(ones[8], ones[9]), _mm256_add_epi64(ones[10], ones[11]),
                               _mm256_add_epi64(ones[12], ones[13]), _mm256_add_epi64(ones[14], ones[15]));
            return both_halves(low, high);
        }
    }

    // Unsigned bytes times signed ones, each pair of products added.
    static LANNER_INLINE Bytes low_nibbles(Bytes a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
    static LANNER_INLINE Bytes high_nibbles(Bytes a) { return low_nibbles(_mm256_srli_epi16(a, 4)); }
    static LANNER_INLINE Words zero_words() { return _mm256_setzero_si256(); }
    static LANNER_INLINE Words add_words(Words a, Words b) { return _mm256_add_epi16(a, b); }
    static LANNER_INLINE Words pair_products(Bytes unsigned_bytes, Bytes signed_bytes) {
        return _mm256_maddubs_epi16(unsigned_bytes, signed_bytes);
    }
    static LANNER_INLINE Counts add_widened(Counts sums, Words pairs) {
        return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    }

    // Bytes in fours, one for each count; see small_numbers.inl.
    static constexpr bool kFours = true;
    using Fours = Bytes;

    static LANNER_INLINE Fours load_fours(const Byte* from) { return load_256(from); }
    static LANNER_INLINE Fours repeat_four(const Byte* from) {
        int four;
        std::memcpy(&four, from, sizeof four);
        return _mm256_set1_epi32(four);
    }
    static LANNER_INLINE Words fours_products(Fours unsigned_bytes, Fours signed_bytes) {
        return pair_products(unsigned_bytes, signed_bytes);
    }
    static LANNER_INLINE Floats floats_of(Counts a) { return _mm256_cvtepi32_ps(a); }

    // Tables of 16 bytes, two a register.
    struct NibbleSums {
        __m256i low, low_odd, high, high_odd;  // rows 0 to 15, and 16 to 31, as pairs
    };
    using Tables = __m256i;
    struct NibbleCodes {
        __m256i low, high;
    };
    static constexpr bool kWideTables = false;
    static constexpr int kNibbleBlocks = 2;      // side by side, for one query
    static constexpr int kNibblePairBlocks = 1;  // and for two
    static constexpr std::size_t kNibbleBytes = 32;

    static LANNER_INLINE NibbleSums zero_nibble_sums() {
        const __m256i zero = _mm256_setzero_si256();
        return {zero, zero, zero, zero};
    }
    static LANNER_INLINE Tables load_tables(const Byte* from) { return load_256(from); }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) {
        const __m256i half = _mm256_set1_epi8(15);
        const __m256i codes = load_256(from);
        return {_mm256_and_si256(codes, half), _mm256_and_si256(_mm256_srli_epi16(codes, 4), half)};
    }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        const __m256i low = _mm256_shuffle_epi8(table, codes.low);
        const __m256i high = _mm256_shuffle_epi8(table, codes.high);
        sums.low = _mm256_add_epi16(sums.low, low);
        sums.low_odd = _mm256_add_epi16(sums.low_odd, _mm256_srli_epi16(low, 8));
        sums.high = _mm256_add_epi16(sums.high, high);
        sums.high_odd = _mm256_add_epi16(sums.high_odd, _mm256_srli_epi16(high, 8));
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        __m128i words[4];
        split_pairs(fold_words(sums.low), fold_words(sums.low_odd), words);
        split_pairs(fold_words(sums.high), fold_words(sums.high_odd), words + 2);
        for (int i = 0; i < 4; ++i) out[i] = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(words[i]));
    }

    // Conversions.
    static LANNER_INLINE void store_f32(Floats a, Byte* to) { _mm256_storeu_ps(reinterpret_cast<float*>(to), a); }
    static LANNER_INLINE void store_f16(Floats a, Byte* to) {
        store_128(_mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT), to);
    }
    static LANNER_INLINE void store_bf16(Floats a, Byte* to) {
        const __m256i bits = _mm256_castps_si256(a);
        const __m256i kept = _mm256_srli_epi32(bits, 16);
        const __m256i odd = _mm256_and_si256(kept, _mm256_set1_epi32(1));
        const __m256i rounded =
            _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
        const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
        const __m256i half = _mm256_blendv_epi8(rounded, _mm256_or_si256(kept, _mm256_set1_epi32(0x40)), nan);
        store_128(_mm_packus_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)), to);
    }

  private:
    // Neighbours added, 32 bits each: a0 + a1, b0 + b1, c0 + c1, d0 + d1, a2 + a3, ..., d2 + d3.
    static LANNER_INLINE Ones four_registers(Ones a, Ones b, Ones c, Ones d) {
        const Ones ab = _mm256_or_si256(a, _mm256_slli_epi64(b, 32));
        const Ones cd = _mm256_or_si256(c, _mm256_slli_epi64(d, 32));
        return _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
    }
    // The halves of each register added.
    static LANNER_INLINE Floats both_halves(Ones a, Ones b) {
        return _mm256_cvtepi32_ps(
            _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31)));
    }
    static LANNER_INLINE __m128i fold_words(__m256i a) {
        return _mm_add_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    }
    static LANNER_INLINE __m256i load_256(const Byte* from) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    }
    static LANNER_INLINE __m256 widen_bf16(__m128i halves) {
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
    }
    static LANNER_INLINE __m256i first(std::size_t count) {
        const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), places);
    }
};

}  // namespace
}  // namespace lanner
