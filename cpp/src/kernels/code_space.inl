// Scalar codes: rows of unsigned numbers of 8 or 4 bits against a query of signed bytes; see CodeBits.

namespace lanner {
namespace {

// What both forms below share. Of four bits, a row's blocks of 64 bytes hold 128 features each, and the two halves of the
// query that go with a byte lie 64 bytes apart, whatever the length of a register.
template <CodeBits kBits>
struct CodeLayout {
    static constexpr bool kNibbles = kBits == CodeBits::k4;
    static constexpr std::size_t kRowUnit = 1;
    static constexpr bool kHasOffsets = false;
    static constexpr bool kLongRows = false;
    using RowOffset = Nothing;
    using RowSum = Nothing;
    // What the sum of products of plain codes has to be reduced by.
    struct Context {
        std::uint32_t surplus;
    };

    static LANNER_INLINE std::size_t query_place(std::size_t at) {
        return kNibbles ? at + at / kCodeBlock * kCodeBlock : at;
    }
    static LANNER_INLINE std::size_t units(std::size_t dim) { return code_bytes(kBits, dim); }
    static LANNER_INLINE Context context(const Byte*, float query_sum, std::size_t) {
        const auto sum = static_cast<std::uint32_t>(static_cast<std::int32_t>(query_sum));
        return {kNibbles ? 15 * sum : 128 * sum};
    }
    static LANNER_INLINE RowOffset row_offset(float) { return {}; }
    static LANNER_INLINE RowSum zero_row() { return {}; }
    static LANNER_INLINE void write(typename Lane::Quad sums, Context context, float* out) {
        if constexpr (kNibbles) sums = Lane::twice(sums);
        Lane::store_signed(Lane::add_to_each(sums, 0 - context.surplus), out);
    }
};

// Four bits a code, by lanes that multiply unsigned bytes by signed ones and add the products in pairs (kPairProducts). A
// pair is at most 2 * 15 * 127, so that eight of them fit in 16 bits; four are gathered before they are widened.
template <class L>
struct CodePairSpace : CodeLayout<CodeBits::k4> {
    static constexpr std::size_t kStep = L::kBytes;

    using Bytes = typename L::Bytes;
    using Words = typename L::Words;
    using Counts = typename L::Counts;
    using Total = Counts;
    struct Pair {
        Bytes low, high;
    };
    using Query = Pair;
    using Row = Pair;
    struct Sum {
        Counts counts;
        Words words;  // of the even step, until the odd one
    };

    static LANNER_INLINE Sum zero() { return {L::zero_counts(), L::zero_words()}; }
    static LANNER_INLINE Query query(const Byte* from) {
        return {L::load_bytes(from), L::load_bytes(from + kCodeBlock)};
    }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t) { return query(from); }
    static LANNER_INLINE Row split(Bytes codes) { return {L::low_nibbles(codes), L::high_nibbles(codes)}; }
    static LANNER_INLINE Row row(const Byte* from, Nothing) { return split(L::load_bytes(from)); }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, Nothing) {
        return split(L::load_bytes_tail(from, count));
    }

    template <int kParity>
    static LANNER_INLINE void add_row(Nothing&, const Row&) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, const Query& q, const Row& x) {
        const Words words = L::add_words(L::pair_products(x.low, q.low), L::pair_products(x.high, q.high));
        if constexpr (kParity == 0) {
            sum.words = words;
        } else {
            sum.counts = L::add_widened(sum.counts, L::add_words(sum.words, words));
            sum.words = L::zero_words();
        }
    }

    static LANNER_INLINE Total total(const Sum& sum, Nothing) { return L::add_widened(sum.counts, sum.words); }
    static LANNER_INLINE void finish(const Total* totals, Context context, const float*, std::size_t, float* out) {
        write(L::sum4(totals[0], totals[1], totals[2], totals[3]), context, out);
    }
};

// Widened to 16 bits.
template <CodeBits kBits>
struct CodeWordSpace : CodeLayout<kBits> {
    using Layout = CodeLayout<kBits>;
    static constexpr std::size_t kStep = Lane::kWords;

    using Words = typename Lane::Words;
    using Counts = typename Lane::Counts;
    using Total = Counts;
    struct Pair {
        Words low, high;
    };
    using Query = Pair;
    using Row = Pair;
    struct Sum {
        Counts parts[2];
    };

    static LANNER_INLINE Sum zero() { return {{Lane::zero_counts(), Lane::zero_counts()}}; }
    static LANNER_INLINE Query query(const Byte* from) {
        const Words low = Lane::load_i8(from);
        if constexpr (Layout::kNibbles) return {low, Lane::load_i8(from + kCodeBlock)};
        return {low, low};
    }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        if constexpr (Layout::kNibbles) return query(from);
        const Words low = Lane::load_i8_tail(from, count);
        return {low, low};
    }
    static LANNER_INLINE Row split(Words codes) {
        if constexpr (Layout::kNibbles) return {Lane::low_nibbles(codes), Lane::high_nibbles(codes)};
        return {codes, codes};
    }
    static LANNER_INLINE Row row(const Byte* from, Nothing) { return split(Lane::load_u8(from)); }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, Nothing) {
        return split(Lane::load_u8_tail(from, count));
    }

    template <int kParity>
    static LANNER_INLINE void add_row(Nothing&, const Row&) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, const Query& q, const Row& x) {
        sum.parts[kParity] = Lane::add_products(sum.parts[kParity], q.low, x.low);
        if constexpr (Layout::kNibbles) sum.parts[kParity] = Lane::add_products(sum.parts[kParity], q.high, x.high);
    }

    static LANNER_INLINE Total total(const Sum& sum, Nothing) { return Lane::add(sum.parts[0], sum.parts[1]); }
    static LANNER_INLINE void finish(const Total* totals, typename Layout::Context context, const float*, std::size_t,
                                     float* out) {
        Layout::write(Lane::sum4(totals[0], totals[1], totals[2], totals[3]), context, out);
    }
};

// By lanes that multiply unsigned bytes by signed ones (kByteProducts).
template <class L, CodeBits kBits>
struct CodeByteSpace : CodeLayout<kBits> {
    using Layout = CodeLayout<kBits>;
    static constexpr std::size_t kStep = L::kBytes;

    using Bytes = typename L::Bytes;
    using Counts = typename L::Counts;
    using Total = Counts;
    struct Pair {
        Bytes low, high;
    };
    using Query = Pair;
    using Row = Pair;
    struct Sum {
        Counts parts[2];
    };

    static LANNER_INLINE Sum zero() { return {{L::zero_counts(), L::zero_counts()}}; }
    static LANNER_INLINE Query query(const Byte* from) {
        const Bytes low = L::load_bytes(from);
        if constexpr (Layout::kNibbles) return {low, L::load_bytes(from + kCodeBlock)};
        return {low, low};
    }
    static LANNER_INLINE Query query_tail(const Byte* from, std::size_t count) {
        if constexpr (Layout::kNibbles) return query(from);
        const Bytes low = L::load_bytes_tail(from, count);
        return {low, low};
    }
    static LANNER_INLINE Row split(Bytes codes) {
        if constexpr (Layout::kNibbles) return {L::low_nibbles(codes), L::high_nibbles(codes)};
        return {codes, codes};
    }
    static LANNER_INLINE Row row(const Byte* from, Nothing) { return split(L::load_bytes(from)); }
    static LANNER_INLINE Row row_tail(const Byte* from, std::size_t count, Nothing) {
        return split(L::load_bytes_tail(from, count));
    }

    template <int kParity>
    static LANNER_INLINE void add_row(Nothing&, const Row&) {}
    template <int kParity>
    static LANNER_INLINE void add(Sum& sum, const Query& q, const Row& x) {
        sum.parts[kParity] = L::add_byte_products(sum.parts[kParity], x.low, q.low);
        if constexpr (Layout::kNibbles) sum.parts[1] = L::add_byte_products(sum.parts[1], x.high, q.high);
    }

    static LANNER_INLINE Total total(const Sum& sum, Nothing) { return L::add(sum.parts[0], sum.parts[1]); }
    static LANNER_INLINE void finish(const Total* totals, typename Layout::Context context, const float*, std::size_t,
                                     float* out) {
        Layout::write(L::sum4(totals[0], totals[1], totals[2], totals[3]), context, out);
    }
};

}  // namespace
}  // namespace lanner
