// What a pair of vectors adds up, for each element type and operation: the innermost arithmetic, written once over Lane.
// A space walks query and row in steps of one register. Even and odd steps go to sums of their own (kParity), which
// hides the latency of an addition; the shapes (shapes.inl) hold the sums of several pairs in registers at once.
//
// Every space gives: Context, computed once a query; RowOffset, once a row; Sum, one a pair; RowSum, one a row, for
// what does not depend on the query; Total, what remains of both when the pair is done; and finish(), which turns the
// totals of four rows into four floats.

namespace lanner {
namespace {

struct Nothing {};

// Accumulated in float32. With e = 2^-24, k = dim / 8 + 8 and underflow aside, the result lies within
//   kL2:         k e sum (q-x)^2
//   kDot:        k e sum |q x|
//   kCenteredL2: k e sum d^2 + 2 e sum |(x - mean) d|, where d = (x - mean) - q
// of the exact value: the shortest register has 4 lanes and a pair has two of them, so that no sum of products is
// longer than dim / 8 + 1 additions, then come three to join lanes, and five roundings of each product at most.
// Each product that underflows adds at most 2^-149.
template <ElementType kType, Op kOp>
struct FloatSpace {
    static constexpr std::size_t kStep = Lane::kFloats;
    static constexpr std::size_t kRowUnit = kType == ElementType::kFloat32 ? 4 : 2;  // bytes a feature
    static constexpr bool kHasOffsets = kOp == Op::kCenteredL2;
    static constexpr bool kLongRows = true;

    using Floats = typename Lane::Floats;
    using Query = Floats;
    using Row = Floats;
    using Context = Nothing;
    using RowOffset = Floats;
    using RowSum = Nothing;
    using Total = Floats;
    struct Sum {
        Floats parts[2];
    };

    static LANNER_INLINE std::size_t query_place(std::size_t at) { return 4 * at; }
    static LANNER_INLINE std::size_t units(std::size_t dim) { return dim; }
    static LANNER_INLINE Context context(const Byte*, float, std::size_t) { return {}; }
    static LANNER_INLINE RowOffset row_offset(float mean) { return Lane::broadcast(mean); }
    static LANNER_INLINE Sum zero() { return {{Lane::zero_floats(), Lane::zero_floats()}}; }
    static LANNER_INLINE RowSum zero_row() { return {}; }

    static LANNER_INLINE Query query(const Byte* from) { return Lane::load_f32(from); }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        return Lane::load_f32_tail(from, count);
    }
    static LANNER_INLINE Row row(const Byte* from, RowOffset mean) {
        Floats result;
        if constexpr (kType == ElementType::kFloat32) result = Lane::load_f32(from);
        if constexpr (kType == ElementType::kFloat16) result = Lane::load_f16(from);
        if constexpr (kType == ElementType::kBFloat16) result = Lane::load_bf16(from);
        if constexpr (kHasOffsets) return Lane::sub(result, mean);
        return result;
    }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, RowOffset mean) {
        Floats result;
        if constexpr (kType == ElementType::kFloat32) result = Lane::load_f32_tail(from, count);
        if constexpr (kType == ElementType::kFloat16) result = Lane::load_f16_tail(from, count);
        if constexpr (kType == ElementType::kBFloat16) result = Lane::load_bf16_tail(from, count);
        if constexpr (kHasOffsets) return Lane::keep(Lane::sub(result, mean), count);
        return result;
    }

    template <int kParity>
    static LANNER_INLINE void add_row(RowSum&, Row) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, Query q, Row x) {
        if constexpr (kOp == Op::kDot) {
            sum.parts[kParity] = Lane::multiply_add(q, x, sum.parts[kParity]);
        } else {
            const Floats difference = Lane::sub(x, q);
            sum.parts[kParity] = Lane::multiply_add(difference, difference, sum.parts[kParity]);
        }
    }

    static LANNER_INLINE Total total(const Sum& sum, RowSum) { return Lane::add(sum.parts[0], sum.parts[1]); }
    static LANNER_INLINE void finish(const Total* totals, Context, const float*, std::size_t, float* out) {
        Lane::sum4(totals[0], totals[1], totals[2], totals[3], out);
    }
};

// The last steps of integer sums, from four exact sums of 32 bits to four floats.
template <ElementType kType, Op kOp>
LANNER_INLINE void finish_integers(typename Lane::Quad sums, float query_sum, const float* row_sums, std::size_t dim,
                                   float* out) {
    if constexpr (kOp == Op::kCenteredL2) {
        std::uint32_t squares[4];
        Lane::store(sums, squares);
        float results[4];  // of its own: compilers take all four at once where nothing can alias
        for (int i = 0; i < 4; ++i) {
            const double shift = static_cast<double>(row_sums[i]) - static_cast<double>(query_sum);
            const double common = shift * shift / static_cast<double>(dim);
            results[i] = static_cast<float>(static_cast<double>(squares[i]) - common);
        }
        std::memcpy(out, results, sizeof results);
    } else if constexpr (kOp == Op::kDot && kType == ElementType::kInt8) {
        Lane::store_signed(sums, out);
    } else {
        Lane::store_unsigned(sums, out);
    }
}

// int8 and uint8, widened to 16 bits. Exact: every sum is below 2^32 in magnitude, and additions wrap around.
template <ElementType kType, Op kOp>
struct WordSpace {
    static constexpr std::size_t kStep = Lane::kWords;
    static constexpr std::size_t kRowUnit = 1;
    static constexpr bool kHasOffsets = kOp == Op::kCenteredL2;
    static constexpr bool kLongRows = false;

    using Counts = typename Lane::Counts;
    using Query = typename Lane::Words;
    using Row = typename Lane::Words;
    struct Context {
        float query_sum;
    };
    using RowOffset = Nothing;
    using RowSum = Nothing;
    using Total = Counts;
    struct Sum {
        Counts parts[2];
    };

    static LANNER_INLINE std::size_t query_place(std::size_t at) { return at; }
    static LANNER_INLINE std::size_t units(std::size_t dim) { return dim; }
    static LANNER_INLINE Context context(const Byte*, float query_sum, std::size_t) { return {query_sum}; }
    static LANNER_INLINE RowOffset row_offset(float) { return {}; }
    static LANNER_INLINE Sum zero() { return {{Lane::zero_counts(), Lane::zero_counts()}}; }
    static LANNER_INLINE RowSum zero_row() { return {}; }

    static LANNER_INLINE Query query(const Byte* from) {
        if constexpr (kType == ElementType::kInt8) return Lane::load_i8(from);
        if constexpr (kType == ElementType::kUInt8) return Lane::load_u8(from);
    }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        if constexpr (kType == ElementType::kInt8) return Lane::load_i8_tail(from, count);
        if constexpr (kType == ElementType::kUInt8) return Lane::load_u8_tail(from, count);
    }
    static LANNER_INLINE Row row(const Byte* from, RowOffset) { return query(from); }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, RowOffset) {
        return query_tail(from, count);
    }

    template <int kParity>
    static LANNER_INLINE void add_row(RowSum&, Row) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, Query q, Row x) {
        if constexpr (kOp == Op::kDot) {
            sum.parts[kParity] = Lane::add_products(sum.parts[kParity], q, x);
        } else {
            const Row difference = Lane::sub(x, q);
            sum.parts[kParity] = Lane::add_products(sum.parts[kParity], difference, difference);
        }
    }

    static LANNER_INLINE Total total(const Sum& sum, RowSum) { return Lane::add(sum.parts[0], sum.parts[1]); }
    static LANNER_INLINE void finish(const Total* totals, Context context, const float* row_sums, std::size_t dim,
                                     float* out) {
        finish_integers<kType, kOp>(Lane::sum4(totals[0], totals[1], totals[2], totals[3]), context.query_sum, row_sums,
                                    dim, out);
    }
};

// Bits. A unit is a byte, of which the unused bits are zero.
template <Op kOp>
struct BitSpace {
    static constexpr std::size_t kStep = Lane::kBytes;
    static constexpr std::size_t kRowUnit = 1;
    static constexpr bool kHasOffsets = false;
    static constexpr bool kLongRows = false;

    using Bytes = typename Lane::Bytes;
    using Query = Bytes;
    using Row = Bytes;
    using Context = Nothing;
    using RowOffset = Nothing;
    using RowSum = Nothing;
    struct Sum {
        typename Lane::Ones differing, common;
    };
    using Total = Sum;

    static LANNER_INLINE std::size_t query_place(std::size_t at) { return at; }
    static LANNER_INLINE std::size_t units(std::size_t dim) { return (dim + 7) / 8; }
    static LANNER_INLINE Context context(const Byte*, float, std::size_t) { return {}; }
    static LANNER_INLINE RowOffset row_offset(float) { return {}; }
    static LANNER_INLINE Sum zero() { return {Lane::zero_ones(), Lane::zero_ones()}; }
    static LANNER_INLINE RowSum zero_row() { return {}; }

    static LANNER_INLINE Query query(const Byte* from) { return Lane::load_bytes(from); }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        return Lane::load_bytes_tail(from, count);
    }
    static LANNER_INLINE Row row(const Byte* from, RowOffset) { return Lane::load_bytes(from); }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, RowOffset) {
        return Lane::load_bytes_tail(from, count);
    }

    template <int kParity>
    static LANNER_INLINE void add_row(RowSum&, Row) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, Query q, Row x) {
        sum.differing = Lane::add_ones(sum.differing, Lane::bit_xor(q, x));
        if constexpr (kOp == Op::kJaccard) sum.common = Lane::add_ones(sum.common, Lane::bit_and(q, x));
    }

    // Jaccard's 1 - common / (common + differing) as one division of exact numbers.
    static LANNER_INLINE Total total(const Sum& sum, RowSum) { return sum; }
    static LANNER_INLINE void finish(const Total* totals, Context, const float*, std::size_t, float* out) {
        Lane::store_signed(
            Lane::sum4_ones(totals[0].differing, totals[1].differing, totals[2].differing, totals[3].differing), out);
        if constexpr (kOp == Op::kJaccard) {
            float common[4];
            Lane::store_signed(Lane::sum4_ones(totals[0].common, totals[1].common, totals[2].common, totals[3].common),
                               common);
            for (int i = 0; i < 4; ++i) {
                const float either = common[i] + out[i];
                out[i] = either > 0 ? out[i] / either : 0;
            }
        }
    }
};

}  // namespace
}  // namespace lanner
