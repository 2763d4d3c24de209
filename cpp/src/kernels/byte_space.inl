// Integer vectors for lanes with byte products (kByteProducts); spaces.inl has the form that every lane can do.

namespace lanner {
namespace {

// int8 and uint8 where the processor multiplies unsigned bytes u by signed bytes s, four at a time. Of query and row
// the one that has the wrong sign is moved by 128; sums of the query, taken once, move the result back:
//   int8:  u = x + 128, s = q        sum u s = <q,x> + 128 sum q
//   uint8: u = q, s = x - 128        sum u s = <q,x> - 128 sum q
// L2 is sum x^2 - 2 <q,x> + sum q^2, where the first sum comes from the row alone in the same manner:
//   int8:  sum x^2 = sum (x + 128) x - 128 sum x
//   uint8: sum x^2 = sum x (x - 128) + 128 sum x
// All of it is exact modulo 2^32, and so is the result, which fits. The sum of a row's features falls off on the way.
// With kSumsRows it is used: scattered rows are spared a visit to a number that lies elsewhere, while from rows in order
// that number comes for less than four sums more a group. With kItem also the row's sum of squares about its mean is used:
// distances are divided by it (snr_item).
template <class L, ElementType kType, Op kOp, bool kSumsRows, bool kItem = false>
struct ByteSpace {
    static_assert(!kItem || (kOp == Op::kCenteredL2 && kSumsRows));
    static constexpr std::size_t kStep = L::kBytes;
    static constexpr std::size_t kRowUnit = 1;
    static constexpr bool kHasOffsets = kOp == Op::kCenteredL2 && !kSumsRows;
    static constexpr bool kLongRows = false;
    static constexpr bool kSigned = kType == ElementType::kInt8;
    static constexpr bool kSquares = kOp != Op::kDot;

    using Bytes = typename L::Bytes;
    using Counts = typename L::Counts;
    using Query = Bytes;
    struct Row {
        Bytes plain, moved;
    };
    struct Context {
        std::uint32_t correction;
        float query_sum;
    };
    using RowOffset = Nothing;
    struct RowSum {
        Counts squares, features;
    };
    struct Sum {
        Counts products;
    };
    struct Total {
        Counts value, features, squares;
    };

    static LANNER_INLINE std::size_t query_place(std::size_t at) { return at; }
    static LANNER_INLINE std::size_t units(std::size_t dim) { return dim; }
    static LANNER_INLINE Context context(const Byte* query_bytes, float query_sum, std::size_t dim) {
        RowSum sums = zero_row();
        std::size_t i = 0;
        for (; i + kStep <= dim; i += kStep) add_squares(sums, row(query_bytes + i, {}));
        if (i < dim) add_squares(sums, row_tail(query_bytes + i, dim - i, {}));
        std::uint32_t parts[4];
        L::store(L::sum4(sums.squares, sums.features, sums.squares, sums.features), parts);
        const std::uint32_t moved = 128 * parts[1];
        if constexpr (kSquares) return {kSigned ? parts[0] + moved : parts[0] - moved, query_sum};
        return {kSigned ? 0 - moved : moved, query_sum};
    }
    static LANNER_INLINE RowOffset row_offset(float) { return {}; }
    static LANNER_INLINE Sum zero() { return {L::zero_counts()}; }
    static LANNER_INLINE RowSum zero_row() { return {L::zero_counts(), L::zero_counts()}; }

    static LANNER_INLINE Query query(const Byte* from) { return L::load_bytes(from); }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        return L::load_bytes_tail(from, count);
    }
    static LANNER_INLINE Row row(const Byte* from, RowOffset) {
        const Bytes plain = L::load_bytes(from);
        return {plain, L::flip_signs(plain)};
    }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, RowOffset) {
        const Bytes plain = L::load_bytes_tail(from, count);
        return {plain, L::flip_signs(plain)};
    }

    static LANNER_INLINE void add_squares(RowSum& sum, const Row& x) {
        sum.squares = kSigned ? L::add_byte_products(sum.squares, x.moved, x.plain)
                              : L::add_byte_products(sum.squares, x.plain, x.moved);
        sum.features = kSigned ? L::add_byte_products(sum.features, L::all_one(), x.plain)
                               : L::add_byte_products(sum.features, x.plain, L::all_one());
    }
    template <int kParity>
    static LANNER_INLINE void add_row(RowSum& sum, const Row& x) {
        if constexpr (kSquares) add_squares(sum, x);
    }
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, Query q, const Row& x) {
        sum.products =
            kSigned ? L::add_byte_products(sum.products, x.moved, q) : L::add_byte_products(sum.products, q, x.moved);
    }

    static LANNER_INLINE Total total(const Sum& sum, const RowSum& row) {
        if constexpr (!kSquares) return {sum.products, row.features, row.squares};
        const Counts moved = L::template shift_left<7>(row.features);
        const Counts squares = kSigned ? L::sub_counts(row.squares, moved) : L::add(row.squares, moved);
        return {L::sub_counts(squares, L::template shift_left<1>(sum.products)), row.features, squares};
    }
    static LANNER_INLINE void finish(const Total* totals, Context context, const float* row_offsets, std::size_t dim,
                                     float* out) {
        const typename L::Quad sums = L::sum4(totals[0].value, totals[1].value, totals[2].value, totals[3].value);
        float row_sums[4];
        if constexpr (kOp == Op::kCenteredL2 && kSumsRows) {
            L::store_signed(L::sum4(totals[0].features, totals[1].features, totals[2].features, totals[3].features),
                            row_sums);
            row_offsets = row_sums;
        }
        finish_integers<kType, kOp>(L::add_to_each(sums, context.correction), context.query_sum, row_offsets, dim, out);
        if constexpr (kItem) {
            std::uint32_t squares[4];
            L::store(L::sum4(totals[0].squares, totals[1].squares, totals[2].squares, totals[3].squares), squares);
            divide_by_spread(squares, row_sums, dim, out);
        }
    }
    // As PlainCodec has it of a row: one over the sum of squares, rounded to float32, and infinity for a constant row.
    static LANNER_INLINE void divide_by_spread(const std::uint32_t* squares, const float* row_sums, std::size_t dim,
                                               float* out) {
        constexpr std::uint32_t kInfinity = 0x7f800000U;
        float infinity;
        std::memcpy(&infinity, &kInfinity, sizeof infinity);
        float results[4];
        for (int i = 0; i < 4; ++i) {
            const double sum = static_cast<double>(row_sums[i]);
            const double spread = static_cast<double>(squares[i]) - sum * sum / static_cast<double>(dim);
            const float product = out[i] * static_cast<float>(1.0 / spread);
            results[i] = spread > 0 ? product : infinity;
        }
        std::memcpy(out, results, sizeof results);
    }
};

}  // namespace
}  // namespace lanner
