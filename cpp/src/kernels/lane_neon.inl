// The lane of 64-bit ARM: 128-bit registers, FMA, halves converted by the processor.
#include <arm_neon.h>

#include <cstring>

#include "kernels/lane_common.inl"

namespace lanner {
namespace {

struct Lane {
    static constexpr bool kByteProducts = false;
    static constexpr bool kPairProducts = false;
    static constexpr std::size_t kBytesOnTheWay = 32768;  // not measured
    static constexpr int kTileQueries = 3;
    static constexpr int kTileRows = 4;

    // Four sums, one for each of four rows.
    using Quad = uint32x4_t;

    using Floats = float32x4_t;
    static constexpr std::size_t kFloats = 4;

    static LANNER_INLINE Floats zero_floats() { return vdupq_n_f32(0.0F); }
    static LANNER_INLINE Floats broadcast(float value) { return vdupq_n_f32(value); }
    static LANNER_INLINE Floats load_f32(const Byte* from) { return vreinterpretq_f32_u8(vld1q_u8(from)); }
    static LANNER_INLINE Floats load_f16(const Byte* from) { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from))); }
    static LANNER_INLINE Floats load_bf16(const Byte* from) {
        return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(from)), 16));
    }
    static LANNER_INLINE Floats load_f32_tail(const Byte* from, std::size_t count) {
        Byte padded[16] = {};
        copy_short(padded, from, count * 4);
        return load_f32(padded);
    }
    static LANNER_INLINE Floats load_f16_tail(const Byte* from, std::size_t count) {
        Byte padded[8] = {};
        copy_short(padded, from, count * 2);
        return load_f16(padded);
    }
    static LANNER_INLINE Floats load_bf16_tail(const Byte* from, std::size_t count) {
        Byte padded[8] = {};
        copy_short(padded, from, count * 2);
        return load_bf16(padded);
    }
    // The first `count` numbers, zero after them.
    static LANNER_INLINE Floats keep(Floats a, std::size_t count) {
        const std::uint32_t places[4] = {0, 1, 2, 3};
        const uint32x4_t wanted = vcltq_u32(vld1q_u32(places), vdupq_n_u32(static_cast<std::uint32_t>(count)));
        return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(a), wanted));
    }

    static LANNER_INLINE Floats add(Floats a, Floats b) { return vaddq_f32(a, b); }
    static LANNER_INLINE Floats sub(Floats a, Floats b) { return vsubq_f32(a, b); }
    static LANNER_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }
    // Sums and differences of numbers that lie kDistance apart, each difference in the place of its second.
    template <std::size_t kDistance>
    static LANNER_INLINE Floats butterfly(Floats a) {
        const float32x4_t swapped = kDistance == 1 ? vrev64q_f32(a) : vextq_f32(a, a, 2);
        const std::uint32_t places[4] = {0, 1, 2, 3};
        const uint32x4_t second = vtstq_u32(vld1q_u32(places), vdupq_n_u32(static_cast<std::uint32_t>(kDistance)));
        return vbslq_f32(second, vsubq_f32(swapped, a), vaddq_f32(a, swapped));
    }
    static LANNER_INLINE Floats mul(Floats a, Floats b) { return vmulq_f32(a, b); }
    static LANNER_INLINE Floats min(Floats a, Floats b) { return vminq_f32(a, b); }
    // A bit a place.
    static LANNER_INLINE std::uint32_t less_equal(Floats a, Floats b) {
        const std::uint32_t bits[4] = {1, 2, 4, 8};
        return vaddvq_u32(vandq_u32(vcleq_f32(a, b), vld1q_u32(bits)));
    }
    static LANNER_INLINE void sum4(Floats a, Floats b, Floats c, Floats d, float* out) {
        vst1q_f32(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
    }

    // Small integers, widened to 16 bits; their products gather in Counts.
    using Words = int16x8_t;
    using Counts = uint32x4_t;
    static constexpr std::size_t kWords = 8;

    static LANNER_INLINE Counts zero_counts() { return vdupq_n_u32(0); }
    static LANNER_INLINE Words load_i8(const Byte* from) { return vmovl_s8(vreinterpret_s8_u8(vld1_u8(from))); }
    static LANNER_INLINE Words load_u8(const Byte* from) { return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from))); }
    static LANNER_INLINE Words load_i8_tail(const Byte* from, std::size_t count) {
        Byte padded[8] = {};
        copy_short(padded, from, count);
        return load_i8(padded);
    }
    static LANNER_INLINE Words load_u8_tail(const Byte* from, std::size_t count) {
        Byte padded[8] = {};
        copy_short(padded, from, count);
        return load_u8(padded);
    }
    // Of numbers below 256.
    static LANNER_INLINE Words low_nibbles(Words a) { return vandq_s16(a, vdupq_n_s16(15)); }
    static LANNER_INLINE Words high_nibbles(Words a) { return vshrq_n_s16(a, 4); }
    static LANNER_INLINE Words sub(Words a, Words b) { return vsubq_s16(a, b); }
    static LANNER_INLINE Counts add_products(Counts sums, Words a, Words b) {
        const int32x4_t low = vmlal_s16(vreinterpretq_s32_u32(sums), vget_low_s16(a), vget_low_s16(b));
        return vreinterpretq_u32_s32(vmlal_high_s16(low, a, b));
    }
    static LANNER_INLINE Counts add(Counts a, Counts b) { return vaddq_u32(a, b); }
    static LANNER_INLINE Quad sum4(Counts a, Counts b, Counts c, Counts d) {
        return vpaddq_u32(vpaddq_u32(a, b), vpaddq_u32(c, d));
    }

    static LANNER_INLINE Quad twice(Quad a) { return vaddq_u32(a, a); }
    static LANNER_INLINE Quad add_to_each(Quad a, std::uint32_t value) { return vaddq_u32(a, vdupq_n_u32(value)); }
    static LANNER_INLINE void store_signed(Quad a, float* out) {
        vst1q_f32(out, vcvtq_f32_s32(vreinterpretq_s32_u32(a)));
    }
    static LANNER_INLINE void store_unsigned(Quad a, float* out) { vst1q_f32(out, vcvtq_f32_u32(a)); }
    static LANNER_INLINE void store(Quad a, std::uint32_t* out) { vst1q_u32(out, a); }

    // Bits.
    static constexpr bool kShortCodes = false;
    using Bytes = uint8x16_t;
    using Ones = uint32x4_t;
    static constexpr std::size_t kBytes = 16;

    static LANNER_INLINE Ones zero_ones() { return vdupq_n_u32(0); }
    static LANNER_INLINE Bytes zero_bytes() { return vdupq_n_u8(0); }
    static LANNER_INLINE Bytes load_bytes(const Byte* from) { return vld1q_u8(from); }
    static LANNER_INLINE Bytes load_bytes_tail(const Byte* from, std::size_t count) {
        Byte padded[16] = {};
        copy_short(padded, from, count);
        return load_bytes(padded);
    }
    static LANNER_INLINE Bytes bit_xor(Bytes a, Bytes b) { return veorq_u8(a, b); }
    static LANNER_INLINE Bytes bit_and(Bytes a, Bytes b) { return vandq_u8(a, b); }
    static LANNER_INLINE std::uint64_t fold_xor(Bytes a) {
        const uint64x2_t words = vreinterpretq_u64_u8(a);
        return vgetq_lane_u64(words, 0) ^ vgetq_lane_u64(words, 1);
    }
    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) { return vpadalq_u16(sums, vpaddlq_u8(vcntq_u8(a))); }
    static LANNER_INLINE Quad sum4_ones(Ones a, Ones b, Ones c, Ones d) { return sum4(a, b, c, d); }
    // Counts of four planes of bits, the last of which counts against the others.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        const Ones low = vaddq_u32(p0, vshlq_n_u32(p1, 1));
        const Ones high = vsubq_u32(p2, vshlq_n_u32(p3, 1));
        return vaddq_u32(sums, vaddq_u32(low, vshlq_n_u32(high, 2)));
    }

    // Sixteen bytes: taken in turns of two registers, from the front or from the middle on; halves of each, and back.
    using Sixteen = uint8x16_t;
    static LANNER_INLINE Sixteen load_16(const Byte* from) { return vld1q_u8(from); }
    static LANNER_INLINE void store_16(Sixteen a, Byte* to) { vst1q_u8(to, a); }
    static LANNER_INLINE Sixteen zip_low(Sixteen a, Sixteen b) { return vzip1q_u8(a, b); }
    static LANNER_INLINE Sixteen zip_high(Sixteen a, Sixteen b) { return vzip2q_u8(a, b); }
    static LANNER_INLINE Sixteen low_halves(Sixteen a) { return vandq_u8(a, vdupq_n_u8(15)); }
    static LANNER_INLINE Sixteen high_halves(Sixteen a) { return vshrq_n_u8(a, 4); }
    static LANNER_INLINE Sixteen join_halves(Sixteen low, Sixteen high) { return vorrq_u8(low, vshlq_n_u8(high, 4)); }

    // Bytes in fours, one for each count; see small_numbers.inl.
    static constexpr bool kFours = true;
    using Fours = int8x16_t;

    static LANNER_INLINE Fours load_fours(const Byte* from) { return vreinterpretq_s8_u8(vld1q_u8(from)); }
    static LANNER_INLINE Fours repeat_four(const Byte* from) {
        std::uint32_t four;
        std::memcpy(&four, from, sizeof four);
        return vreinterpretq_s8_u32(vdupq_n_u32(four));
    }
    static LANNER_INLINE Words fours_products(Fours a, Fours b) {
        return vpaddq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b));
    }
    static LANNER_INLINE Words add_words(Words a, Words b) { return vaddq_s16(a, b); }
    static LANNER_INLINE Counts add_widened(Counts sums, Words pairs) {
        return vreinterpretq_u32_s32(vpadalq_s16(vreinterpretq_s32_u32(sums), pairs));
    }
    static LANNER_INLINE Floats floats_of(Counts a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }

    // Tables of 16 bytes, one a register.
    struct NibbleSums {
        uint16x8_t words[4];
    };
    using Tables = uint8x16_t;
    struct NibbleCodes {
        uint8x16_t low, high;
    };
    static constexpr bool kWideTables = false;
    static constexpr int kNibbleBlocks = 2;      // side by side, for one query
    static constexpr int kNibblePairBlocks = 2;  // and for two
    static constexpr std::size_t kNibbleBytes = 16;

    static LANNER_INLINE NibbleSums zero_nibble_sums() {
        const uint16x8_t zero = vdupq_n_u16(0);
        return {{zero, zero, zero, zero}};
    }
    static LANNER_INLINE Tables load_tables(const Byte* from) { return vld1q_u8(from); }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) {
        const uint8x16_t codes = vld1q_u8(from);
        return {vandq_u8(codes, vdupq_n_u8(15)), vshrq_n_u8(codes, 4)};
    }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        const uint8x16_t low = vqtbl1q_u8(table, codes.low);
        const uint8x16_t high = vqtbl1q_u8(table, codes.high);
        sums.words[0] = vaddw_u8(sums.words[0], vget_low_u8(low));
        sums.words[1] = vaddw_high_u8(sums.words[1], low);
        sums.words[2] = vaddw_u8(sums.words[2], vget_low_u8(high));
        sums.words[3] = vaddw_high_u8(sums.words[3], high);
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        for (int i = 0; i < 4; ++i) {
            out[2 * i] = vcvtq_f32_u32(vmovl_u16(vget_low_u16(sums.words[i])));
            out[2 * i + 1] = vcvtq_f32_u32(vmovl_high_u16(sums.words[i]));
        }
    }

    // Conversions.
    static LANNER_INLINE void store_f32(Floats a, Byte* to) { vst1q_u8(to, vreinterpretq_u8_f32(a)); }
    static LANNER_INLINE void store_f16(Floats a, Byte* to) { vst1_u8(to, vreinterpret_u8_f16(vcvt_f16_f32(a))); }
    static LANNER_INLINE void store_bf16(Floats a, Byte* to) {
        const uint32x4_t bits = vreinterpretq_u32_f32(a);
        const uint32x4_t kept = vshrq_n_u32(bits, 16);
        const uint32x4_t odd = vandq_u32(kept, vdupq_n_u32(1));
        const uint32x4_t rounded = vshrq_n_u32(vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff))), 16);
        const uint32x4_t number = vceqq_f32(a, a);
        const uint32x4_t half = vbslq_u32(number, rounded, vorrq_u32(kept, vdupq_n_u32(0x40)));
        vst1_u8(to, vreinterpret_u8_u16(vmovn_u32(half)));
    }
};

}  // namespace
}  // namespace lanner
