// The lane of x86-64-v2: 128-bit registers, no FMA, halves converted by integer arithmetic, bits counted by POPCNT.
#include "kernels/lane_x86.inl"

namespace lanner {
namespace {

struct Lane : X86Lane {
    static constexpr bool kByteProducts = false;
    static constexpr bool kPairProducts = false;
    static constexpr int kTileQueries = 3;
    static constexpr int kTileRows = 2;

    using Floats = __m128;
    static constexpr std::size_t kFloats = 4;

    static LANNER_INLINE Floats zero_floats() { return _mm_setzero_ps(); }
    static LANNER_INLINE Floats broadcast(float value) { return _mm_set1_ps(value); }
    static LANNER_INLINE Floats load_f32(const Byte* from) { return _mm_castsi128_ps(load_128(from)); }
    static LANNER_INLINE Floats load_f16(const Byte* from) { return widen_f16(load_64(from)); }
    static LANNER_INLINE Floats load_bf16(const Byte* from) { return widen_bf16(load_64(from)); }
    static LANNER_INLINE Floats load_f32_tail(const Byte* from, std::size_t count) {
        return _mm_castsi128_ps(load_tail_128(from, count * 4));
    }
    static LANNER_INLINE Floats load_f16_tail(const Byte* from, std::size_t count) {
        return widen_f16(load_tail_128(from, count * 2));
    }
    static LANNER_INLINE Floats load_bf16_tail(const Byte* from, std::size_t count) {
        return widen_bf16(load_tail_128(from, count * 2));
    }
    // The first `count` numbers, zero after them.
    static LANNER_INLINE Floats keep(Floats a, std::size_t count) {
        const __m128i places = _mm_setr_epi32(0, 1, 2, 3);
        const __m128i wanted = _mm_cmplt_epi32(places, _mm_set1_epi32(static_cast<int>(count)));
        return _mm_and_ps(a, _mm_castsi128_ps(wanted));
    }

    static LANNER_INLINE Floats add(Floats a, Floats b) { return _mm_add_ps(a, b); }
    static LANNER_INLINE Floats sub(Floats a, Floats b) { return _mm_sub_ps(a, b); }
    static LANNER_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return _mm_add_ps(_mm_mul_ps(a, b), c); }
    // Sums and differences of numbers that lie kDistance apart, each difference in the place of its second.
    template <std::size_t kDistance>
    static LANNER_INLINE Floats butterfly(Floats a) {
        const __m128 swapped = kDistance == 1 ? _mm_shuffle_ps(a, a, 0xb1) : _mm_shuffle_ps(a, a, 0x4e);
        return kDistance == 1 ? _mm_blend_ps(_mm_add_ps(a, swapped), _mm_sub_ps(swapped, a), 0xa)
                              : _mm_blend_ps(_mm_add_ps(a, swapped), _mm_sub_ps(swapped, a), 0xc);
    }
    static LANNER_INLINE Floats mul(Floats a, Floats b) { return _mm_mul_ps(a, b); }
    static LANNER_INLINE Floats min(Floats a, Floats b) { return _mm_min_ps(a, b); }
    // A bit a place.
    static LANNER_INLINE std::uint32_t less_equal(Floats a, Floats b) {
        return static_cast<std::uint32_t>(_mm_movemask_ps(_mm_cmple_ps(a, b)));
    }
    static LANNER_INLINE void sum4(Floats a, Floats b, Floats c, Floats d, float* out) {
        _mm_storeu_ps(out, transpose_sum(a, b, c, d));
    }

    // Small integers, widened to 16 bits; their products gather in Counts.
    using Words = __m128i;
    using Counts = __m128i;
    static constexpr std::size_t kWords = 8;

    static LANNER_INLINE Counts zero_counts() { return _mm_setzero_si128(); }
    static LANNER_INLINE Words load_i8(const Byte* from) { return _mm_cvtepi8_epi16(load_64(from)); }
    static LANNER_INLINE Words load_u8(const Byte* from) { return _mm_cvtepu8_epi16(load_64(from)); }
    static LANNER_INLINE Words load_i8_tail(const Byte* from, std::size_t count) {
        return _mm_cvtepi8_epi16(load_tail_128(from, count));
    }
    static LANNER_INLINE Words load_u8_tail(const Byte* from, std::size_t count) {
        return _mm_cvtepu8_epi16(load_tail_128(from, count));
    }
    // Of numbers below 256.
    static LANNER_INLINE Words low_nibbles(Words a) { return _mm_and_si128(a, _mm_set1_epi16(15)); }
    static LANNER_INLINE Words high_nibbles(Words a) { return _mm_srli_epi16(a, 4); }
    static LANNER_INLINE Words sub(Words a, Words b) { return _mm_sub_epi16(a, b); }
    static LANNER_INLINE Counts add_products(Counts sums, Words a, Words b) {
        return _mm_add_epi32(sums, _mm_madd_epi16(a, b));
    }
    static LANNER_INLINE Counts add(Counts a, Counts b) { return _mm_add_epi32(a, b); }
    static LANNER_INLINE Quad sum4(Counts a, Counts b, Counts c, Counts d) { return transpose_sum(a, b, c, d); }

    // Bits: POPCNT takes 64 of them, so they stay in general registers.
    static constexpr bool kShortCodes = false;
    struct Bytes {
        std::uint64_t low, high;
    };
    using Ones = std::uint64_t;
    static constexpr std::size_t kBytes = 16;

    static LANNER_INLINE Ones zero_ones() { return 0; }
    static LANNER_INLINE Bytes zero_bytes() { return {0, 0}; }
    static LANNER_INLINE Bytes load_bytes(const Byte* from) {
        Bytes result;
        std::memcpy(&result.low, from, 8);
        std::memcpy(&result.high, from + 8, 8);
        return result;
    }
    static LANNER_INLINE Bytes load_bytes_tail(const Byte* from, std::size_t count) {
        Byte padded[16] = {};
        copy_short(padded, from, count);
        return load_bytes(padded);
    }
    static LANNER_INLINE Bytes bit_xor(Bytes a, Bytes b) { return {a.low ^ b.low, a.high ^ b.high}; }
    static LANNER_INLINE Bytes bit_and(Bytes a, Bytes b) { return {a.low & b.low, a.high & b.high}; }
    static LANNER_INLINE std::uint64_t fold_xor(Bytes a) { return a.low ^ a.high; }
    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) {
        return sums + static_cast<std::uint64_t>(_mm_popcnt_u64(a.low)) +
               static_cast<std::uint64_t>(_mm_popcnt_u64(a.high));
    }
    static LANNER_INLINE Quad sum4_ones(Ones a, Ones b, Ones c, Ones d) {
        return _mm_setr_epi32(static_cast<int>(a), static_cast<int>(b), static_cast<int>(c), static_cast<int>(d));
    }
    // Counts of four planes of bits, the last of which counts against the others.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        return sums + p0 + 2 * p1 + 4 * p2 - 8 * p3;
    }

    // Bytes in fours, one for each count; see small_numbers.inl.
    static constexpr bool kFours = true;
    using Fours = __m128i;

    static LANNER_INLINE Fours load_fours(const Byte* from) { return load_128(from); }
    static LANNER_INLINE Fours repeat_four(const Byte* from) {
        int four;
        std::memcpy(&four, from, sizeof four);
        return _mm_set1_epi32(four);
    }
    static LANNER_INLINE Words fours_products(Fours unsigned_bytes, Fours signed_bytes) {
        return _mm_maddubs_epi16(unsigned_bytes, signed_bytes);
    }
    static LANNER_INLINE Words add_words(Words a, Words b) { return _mm_add_epi16(a, b); }
    static LANNER_INLINE Counts add_widened(Counts sums, Words pairs) {
        return _mm_add_epi32(sums, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
    }
    static LANNER_INLINE Floats floats_of(Counts a) { return _mm_cvtepi32_ps(a); }

    // Tables of 16 bytes, one a register.
    struct NibbleSums {
        __m128i low, low_odd, high, high_odd;  // rows 0 to 15, and 16 to 31, as pairs
    };
    using Tables = __m128i;
    struct NibbleCodes {
        __m128i low, high;
    };
    static constexpr bool kWideTables = false;
    static constexpr int kNibbleBlocks = 2;      // side by side, for one query
    static constexpr int kNibblePairBlocks = 1;  // and for two
    static constexpr std::size_t kNibbleBytes = 16;

    static LANNER_INLINE NibbleSums zero_nibble_sums() {
        const __m128i zero = _mm_setzero_si128();
        return {zero, zero, zero, zero};
    }
    static LANNER_INLINE Tables load_tables(const Byte* from) { return load_128(from); }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) {
        const __m128i half = _mm_set1_epi8(15);
        const __m128i codes = load_128(from);
        return {_mm_and_si128(codes, half), _mm_and_si128(_mm_srli_epi16(codes, 4), half)};
    }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        const __m128i low = _mm_shuffle_epi8(table, codes.low);
        const __m128i high = _mm_shuffle_epi8(table, codes.high);
        sums.low = _mm_add_epi16(sums.low, low);
        sums.low_odd = _mm_add_epi16(sums.low_odd, _mm_srli_epi16(low, 8));
        sums.high = _mm_add_epi16(sums.high, high);
        sums.high_odd = _mm_add_epi16(sums.high_odd, _mm_srli_epi16(high, 8));
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        __m128i words[4];
        split_pairs(sums.low, sums.low_odd, words);
        split_pairs(sums.high, sums.high_odd, words + 2);
        for (int i = 0; i < 4; ++i) {
            out[2 * i] = _mm_cvtepi32_ps(_mm_unpacklo_epi16(words[i], _mm_setzero_si128()));
            out[2 * i + 1] = _mm_cvtepi32_ps(_mm_unpackhi_epi16(words[i], _mm_setzero_si128()));
        }
    }

    // Conversions.
    static LANNER_INLINE void store_f32(Floats a, Byte* to) { store_128(_mm_castps_si128(a), to); }
    static LANNER_INLINE void store_f16(Floats a, Byte* to) { store_low_halves(narrow_f16(a), to); }
    static LANNER_INLINE void store_bf16(Floats a, Byte* to) { store_low_halves(narrow_bf16(a), to); }

  private:
    static LANNER_INLINE __m128 widen_bf16(__m128i halves) {
        return _mm_castsi128_ps(_mm_unpacklo_epi16(_mm_setzero_si128(), halves));
    }
    static LANNER_INLINE __m128 widen_f16(__m128i halves) {
        const __m128i wide = _mm_cvtepu16_epi32(halves);
        const __m128i magnitude = _mm_and_si128(wide, _mm_set1_epi32(0x7fff));
        const __m128i sign = _mm_slli_epi32(_mm_xor_si128(wide, magnitude), 16);
        // Exponents lie 112 apart; a multiplication by 2^112 moves normal and subnormal halves alike, exactly.
        const __m128 scaled = _mm_mul_ps(_mm_castsi128_ps(_mm_slli_epi32(magnitude, 13)), _mm_set1_ps(0x1p112F));
        // Infinity keeps its zero fraction, NaN its payload and becomes quiet.
        const __m128i special = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7bff));
        const __m128i nan = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7c00));
        const __m128i forced = _mm_or_si128(_mm_and_si128(special, _mm_set1_epi32(0x7f800000)),
                                            _mm_and_si128(nan, _mm_set1_epi32(0x00400000)));
        return _mm_castsi128_ps(_mm_or_si128(_mm_or_si128(_mm_castps_si128(scaled), sign), forced));
    }
    // The 16 bits wanted lie at the bottom of each 32.
    static LANNER_INLINE __m128i narrow_bf16(__m128 a) {
        const __m128i bits = _mm_castps_si128(a);
        const __m128i kept = _mm_srli_epi32(bits, 16);
        const __m128i odd = _mm_and_si128(kept, _mm_set1_epi32(1));
        const __m128i rounded = _mm_srli_epi32(_mm_add_epi32(bits, _mm_add_epi32(odd, _mm_set1_epi32(0x7fff))), 16);
        const __m128i nan = _mm_castps_si128(_mm_cmpunord_ps(a, a));
        return _mm_blendv_epi8(rounded, _mm_or_si128(kept, _mm_set1_epi32(0x40)), nan);
    }
    static LANNER_INLINE __m128i narrow_f16(__m128 a) {
        const __m128i bits = _mm_castps_si128(a);
        const __m128i magnitude = _mm_and_si128(bits, _mm_set1_epi32(0x7fffffff));
        const __m128i sign = _mm_srli_epi32(_mm_xor_si128(bits, magnitude), 16);
        const __m128i odd = _mm_and_si128(_mm_srli_epi32(magnitude, 13), _mm_set1_epi32(1));
        const __m128i rounded = _mm_add_epi32(magnitude, _mm_add_epi32(odd, _mm_set1_epi32(0xfff)));
        const __m128i normal = _mm_srli_epi32(_mm_sub_epi32(rounded, _mm_set1_epi32(0x38000000)), 13);
        // Below 2^-14 the half is subnormal: adding 0.5 leaves its 10 bits, rounded, at the bottom of the sum.
        const __m128 sum = _mm_add_ps(_mm_castsi128_ps(magnitude), _mm_set1_ps(0.5F));
        const __m128i subnormal = _mm_sub_epi32(_mm_castps_si128(sum), _mm_set1_epi32(0x3f000000));
        const __m128i payload = _mm_and_si128(_mm_srli_epi32(magnitude, 13), _mm_set1_epi32(0x3ff));
        const __m128i nan = _mm_or_si128(payload, _mm_set1_epi32(0x7e00));

        __m128i half = _mm_blendv_epi8(normal, subnormal, _mm_cmplt_epi32(magnitude, _mm_set1_epi32(0x38800000)));
        half = _mm_blendv_epi8(half, _mm_set1_epi32(0x7c00), _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x477fefff)));
        half = _mm_blendv_epi8(half, nan, _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7f800000)));
        return _mm_or_si128(half, sign);
    }
    static LANNER_INLINE void store_low_halves(__m128i wide, Byte* to) {
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi32(wide, wide));
    }
};

}  // namespace
}  // namespace lanner
