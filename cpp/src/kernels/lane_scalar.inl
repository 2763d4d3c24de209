// The lane of machines with nothing better: four plain numbers where others have a register.
#include <cstring>

#include "kernels/lane_common.inl"

namespace lanner {
namespace {

struct Lane {
    static constexpr bool kByteProducts = false;
    static constexpr bool kPairProducts = false;
    static constexpr std::size_t kBytesOnTheWay = 4096;  // as in the others
    static constexpr int kTileQueries = 1;
    static constexpr int kTileRows = 4;

    // Four sums, one for each of four rows.
    struct Quad {
        std::uint32_t v[4];
    };

    // Floats.
    struct Floats {
        float v[4];
    };
    static constexpr std::size_t kFloats = 4;

    static LANNER_INLINE Floats zero_floats() { return {{0, 0, 0, 0}}; }
    static LANNER_INLINE Floats broadcast(float value) { return {{value, value, value, value}}; }

    static LANNER_INLINE Floats load_f32(const Byte* from) {
        Floats result;
        std::memcpy(result.v, from, sizeof result.v);
        return result;
    }
    static LANNER_INLINE Floats load_f16(const Byte* from) {
        std::uint16_t halves[4];
        std::memcpy(halves, from, sizeof halves);
        return {{widen_f16(halves[0]), widen_f16(halves[1]), widen_f16(halves[2]), widen_f16(halves[3])}};
    }
    static LANNER_INLINE Floats load_bf16(const Byte* from) {
        std::uint16_t halves[4];
        std::memcpy(halves, from, sizeof halves);
        return {{widen_bf16(halves[0]), widen_bf16(halves[1]), widen_bf16(halves[2]), widen_bf16(halves[3])}};
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
        for (std::size_t i = count; i < 4; ++i) a.v[i] = 0;
        return a;
    }

    static LANNER_INLINE Floats add(Floats a, Floats b) {
        return {{a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3]}};
    }
    static LANNER_INLINE Floats sub(Floats a, Floats b) {
        return {{a.v[0] - b.v[0], a.v[1] - b.v[1], a.v[2] - b.v[2], a.v[3] - b.v[3]}};
    }
    static LANNER_INLINE Floats multiply_add(Floats a, Floats b, Floats c) {
        return {
            {a.v[0] * b.v[0] + c.v[0], a.v[1] * b.v[1] + c.v[1], a.v[2] * b.v[2] + c.v[2], a.v[3] * b.v[3] + c.v[3]}};
    }
    // Sums and differences of numbers that lie kDistance apart, each difference in the place of its second.
    template <std::size_t kDistance>
    static LANNER_INLINE Floats butterfly(Floats a) {
        Floats result;
        for (std::size_t i = 0; i < 4; ++i) {
            const std::size_t other = i ^ kDistance;
            result.v[i] = (i & kDistance) == 0 ? a.v[i] + a.v[other] : a.v[other] - a.v[i];
        }
        return result;
    }
    static LANNER_INLINE Floats mul(Floats a, Floats b) {
        return {{a.v[0] * b.v[0], a.v[1] * b.v[1], a.v[2] * b.v[2], a.v[3] * b.v[3]}};
    }
    static LANNER_INLINE Floats min(Floats a, Floats b) {
        for (int i = 0; i < 4; ++i) b.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
        return b;
    }
    // A bit a place.
    static LANNER_INLINE std::uint32_t less_equal(Floats a, Floats b) {
        std::uint32_t mask = 0;
        for (int i = 0; i < 4; ++i) mask |= static_cast<std::uint32_t>(a.v[i] <= b.v[i]) << i;
        return mask;
    }
    static LANNER_INLINE float sum(Floats a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
    static LANNER_INLINE void sum4(Floats a, Floats b, Floats c, Floats d, float* out) {
        out[0] = sum(a);
        out[1] = sum(b);
        out[2] = sum(c);
        out[3] = sum(d);
    }

    // Small integers, widened; their products gather in Counts.
    struct Words {
        std::int32_t v[4];
    };
    struct Counts {
        std::uint32_t v[4];
    };
    static constexpr std::size_t kWords = 4;

    static LANNER_INLINE Counts zero_counts() { return {{0, 0, 0, 0}}; }
    static LANNER_INLINE Words load_i8(const Byte* from) {
        signed char values[4];
        std::memcpy(values, from, sizeof values);
        return {{values[0], values[1], values[2], values[3]}};
    }
    static LANNER_INLINE Words load_u8(const Byte* from) { return {{from[0], from[1], from[2], from[3]}}; }
    static LANNER_INLINE Words load_i8_tail(const Byte* from, std::size_t count) {
        Byte padded[4] = {};
        copy_short(padded, from, count);
        return load_i8(padded);
    }
    static LANNER_INLINE Words load_u8_tail(const Byte* from, std::size_t count) {
        Byte padded[4] = {};
        copy_short(padded, from, count);
        return load_u8(padded);
    }
    static LANNER_INLINE Words low_nibbles(Words a) { return {{a.v[0] & 15, a.v[1] & 15, a.v[2] & 15, a.v[3] & 15}}; }
    static LANNER_INLINE Words high_nibbles(Words a) { return {{a.v[0] >> 4, a.v[1] >> 4, a.v[2] >> 4, a.v[3] >> 4}}; }
    static LANNER_INLINE Words sub(Words a, Words b) {
        return {{a.v[0] - b.v[0], a.v[1] - b.v[1], a.v[2] - b.v[2], a.v[3] - b.v[3]}};
    }
    static LANNER_INLINE Counts add_products(Counts sums, Words a, Words b) {
        for (int i = 0; i < 4; ++i) sums.v[i] += static_cast<std::uint32_t>(a.v[i] * b.v[i]);
        return sums;
    }
    static LANNER_INLINE Counts add(Counts a, Counts b) {
        return {{a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3]}};
    }
    static LANNER_INLINE Quad sum4(Counts a, Counts b, Counts c, Counts d) {
        return {{sum(a), sum(b), sum(c), sum(d)}};
    }
    static LANNER_INLINE std::uint32_t sum(Counts a) { return a.v[0] + a.v[1] + a.v[2] + a.v[3]; }

    static LANNER_INLINE Quad twice(Quad a) {
        for (int i = 0; i < 4; ++i) a.v[i] += a.v[i];
        return a;
    }
    static LANNER_INLINE Quad add_to_each(Quad a, std::uint32_t value) {
        for (int i = 0; i < 4; ++i) a.v[i] += value;
        return a;
    }
    static LANNER_INLINE void store_signed(Quad a, float* out) {
        for (int i = 0; i < 4; ++i) out[i] = static_cast<float>(static_cast<std::int32_t>(a.v[i]));
    }
    static LANNER_INLINE void store_unsigned(Quad a, float* out) {
        for (int i = 0; i < 4; ++i) out[i] = static_cast<float>(a.v[i]);
    }
    static LANNER_INLINE void store(Quad a, std::uint32_t* out) { std::memcpy(out, a.v, sizeof a.v); }

    // Bits.
    static constexpr bool kShortCodes = false;
    using Bytes = std::uint64_t;
    using Ones = std::uint32_t;
    static constexpr std::size_t kBytes = 8;

    static LANNER_INLINE Ones zero_ones() { return 0; }
    static LANNER_INLINE Bytes zero_bytes() { return 0; }
    static LANNER_INLINE Bytes load_bytes(const Byte* from) {
        std::uint64_t result;
        std::memcpy(&result, from, sizeof result);
        return result;
    }
    static LANNER_INLINE Bytes load_bytes_tail(const Byte* from, std::size_t count) {
        Byte padded[8] = {};
        copy_short(padded, from, count);
        return load_bytes(padded);
    }
    static LANNER_INLINE Bytes bit_xor(Bytes a, Bytes b) { return a ^ b; }
    static LANNER_INLINE Bytes bit_and(Bytes a, Bytes b) { return a & b; }
    static LANNER_INLINE std::uint64_t fold_xor(Bytes a) { return a; }
    static LANNER_INLINE Ones add_ones(Ones sums, Bytes a) {
        a -= (a >> 1) & 0x5555555555555555U;
        a = (a & 0x3333333333333333U) + ((a >> 2) & 0x3333333333333333U);
        a = (a + (a >> 4)) & 0x0f0f0f0f0f0f0f0fU;
        return sums + static_cast<Ones>((a * 0x0101010101010101U) >> 56);
    }
    static LANNER_INLINE Quad sum4_ones(Ones a, Ones b, Ones c, Ones d) { return {{a, b, c, d}}; }
    // Counts of four planes of bits, the last of which counts against the others.
    static LANNER_INLINE Ones add_weighted(Ones sums, Ones p0, Ones p1, Ones p2, Ones p3) {
        return sums + p0 + 2 * p1 + 4 * p2 - 8 * p3;
    }

    // Sixteen bytes: taken in turns of two, from the front or from the middle on; halves of each, and back.
    struct Sixteen {
        Byte v[16];
    };
    static LANNER_INLINE Sixteen load_16(const Byte* from) {
        Sixteen result;
        std::memcpy(result.v, from, sizeof result.v);
        return result;
    }
    static LANNER_INLINE void store_16(const Sixteen& a, Byte* to) { std::memcpy(to, a.v, sizeof a.v); }
    static LANNER_INLINE Sixteen zip_low(const Sixteen& a, const Sixteen& b) { return zip(a, b, 0); }
    static LANNER_INLINE Sixteen zip_high(const Sixteen& a, const Sixteen& b) { return zip(a, b, 8); }
    static LANNER_INLINE Sixteen low_halves(Sixteen a) {
        for (Byte& each : a.v) each = static_cast<Byte>(each & 15);
        return a;
    }
    static LANNER_INLINE Sixteen high_halves(Sixteen a) {
        for (Byte& each : a.v) each = static_cast<Byte>(each >> 4);
        return a;
    }
    static LANNER_INLINE Sixteen join_halves(Sixteen low, const Sixteen& high) {
        for (int i = 0; i < 16; ++i) low.v[i] = static_cast<Byte>(low.v[i] | high.v[i] << 4);
        return low;
    }

    static constexpr bool kFours = false;

    // Tables of 16 bytes, one at a time.
    struct NibbleSums {
        std::uint32_t v[32];
    };
    using Tables = const Byte*;
    using NibbleCodes = const Byte*;
    static constexpr bool kWideTables = false;
    static constexpr int kNibbleBlocks = 1;      // side by side, for one query
    static constexpr int kNibblePairBlocks = 1;  // and for two
    static constexpr std::size_t kNibbleBytes = 16;

    static LANNER_INLINE NibbleSums zero_nibble_sums() { return {}; }
    static LANNER_INLINE Tables load_tables(const Byte* from) { return from; }
    static LANNER_INLINE NibbleCodes load_codes(const Byte* from) { return from; }
    static LANNER_INLINE void add_lookups(NibbleSums& sums, Tables table, NibbleCodes codes) {
        for (int i = 0; i < 16; ++i) {
            sums.v[i] += table[codes[i] & 15];
            sums.v[i + 16] += table[codes[i] >> 4];
        }
    }
    static LANNER_INLINE void float_sums(const NibbleSums& sums, Floats* out) {
        for (int i = 0; i < 32; ++i) out[i / 4].v[i % 4] = static_cast<float>(sums.v[i]);
    }

    // Conversions.
    static LANNER_INLINE void store_f32(Floats a, Byte* to) { std::memcpy(to, a.v, sizeof a.v); }
    static LANNER_INLINE void store_f16(Floats a, Byte* to) {
        const std::uint16_t halves[4] = {narrow_f16(a.v[0]), narrow_f16(a.v[1]), narrow_f16(a.v[2]),
                                         narrow_f16(a.v[3])};
        std::memcpy(to, halves, sizeof halves);
    }
    static LANNER_INLINE void store_bf16(Floats a, Byte* to) {
        const std::uint16_t halves[4] = {narrow_bf16(a.v[0]), narrow_bf16(a.v[1]), narrow_bf16(a.v[2]),
                                         narrow_bf16(a.v[3])};
        std::memcpy(to, halves, sizeof halves);
    }

  private:
    static LANNER_INLINE Sixteen zip(const Sixteen& a, const Sixteen& b, int from) {
        Sixteen result;
        for (int i = 0; i < 8; ++i) {
            result.v[2 * i] = a.v[from + i];
            result.v[2 * i + 1] = b.v[from + i];
        }
        return result;
    }
    static LANNER_INLINE std::uint32_t bits_of(float value) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    }
    static LANNER_INLINE float float_of(std::uint32_t bits) {
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }
    static LANNER_INLINE float widen_bf16(std::uint16_t half) { return float_of(std::uint32_t{half} << 16); }
    static LANNER_INLINE float widen_f16(std::uint16_t half) {
        const std::uint32_t sign = (std::uint32_t{half} & 0x8000U) << 16;
        const std::uint32_t magnitude = std::uint32_t{half} & 0x7fffU;
        if (magnitude > 0x7c00U) return float_of(sign | 0x7fc00000U | (magnitude << 13));  // NaN, made quiet
        if (magnitude == 0x7c00U) return float_of(sign | 0x7f800000U);
        // Exponents lie 112 apart; a multiplication by 2^112 moves normal and subnormal halves alike, exactly.
        return float_of(sign | bits_of(float_of(magnitude << 13) * 0x1p112F));
    }
    static LANNER_INLINE std::uint16_t narrow_bf16(float value) {
        const std::uint32_t bits = bits_of(value);
        if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
        return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
    }
    static LANNER_INLINE std::uint16_t narrow_f16(float value) {
        const std::uint32_t bits = bits_of(value);
        const std::uint32_t sign = (bits >> 16) & 0x8000U;
        const std::uint32_t magnitude = bits & 0x7fffffffU;
        if (magnitude > 0x7f800000U) {
            return static_cast<std::uint16_t>(sign | 0x7e00U | ((magnitude >> 13) & 0x3ffU));
        }
        if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);  // 65520 and above
        if (magnitude < 0x38800000U) {
            // Below 2^-14 the half is subnormal: adding 0.5 leaves its 10 bits, rounded, at the bottom of the sum.
            return static_cast<std::uint16_t>(sign | (bits_of(float_of(magnitude) + 0.5F) - 0x3f000000U));
        }
        const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
        return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
    }
};

}  // namespace
}  // namespace lanner
