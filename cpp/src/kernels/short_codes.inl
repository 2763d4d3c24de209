// Hamming distances to rows of one, two, four or eight words of 64 bits that lie side by side: a register holds several
// of them, so that no row pays for a sum across a register of its own.

namespace lanner {
namespace {

// Spaces whose distance is the number of ones in query ^ row.
template <class Space>
constexpr bool kCountsOnes = false;
template <>
constexpr bool kCountsOnes<BitSpace<Op::kHamming>> = true;

// Ones of `query` ^ row, for as many rows from `rows` on as a register has words. `query` holds copies of a row of kWords
// words.
template <class AnyLane, int kWords>
LANNER_INLINE typename AnyLane::Ones count_rows(typename AnyLane::Bytes query, const Byte* rows) {
    if constexpr (kWords == 1) {
        return AnyLane::count_words(AnyLane::bit_xor(query, AnyLane::load_bytes(rows)));
    } else {
        constexpr std::size_t kHalf = kWords / 2 * AnyLane::kBytes;
        return AnyLane::pair_words(count_rows<AnyLane, kWords / 2>(query, rows),
                                   count_rows<AnyLane, kWords / 2>(query, rows + kHalf));
    }
}

// Fills whole registers with rows; the number of rows done.
template <class AnyLane, int kWords>
LANNER_INLINE std::size_t whole_registers(const Byte* query, const Byte* rows, std::size_t count, std::size_t ahead,
                                          float* out) {
    constexpr std::size_t kRowBytes = kWords * 8;
    constexpr std::size_t kRows = AnyLane::kBytes / 8;
    if constexpr (kRowBytes <= AnyLane::kBytes) {
        Byte copies[AnyLane::kBytes];
        for (std::size_t at = 0; at < AnyLane::kBytes; at += kRowBytes) std::memcpy(copies + at, query, kRowBytes);
        const typename AnyLane::Bytes repeated = AnyLane::load_bytes(copies);
        std::size_t i = 0;
        for (; i + kRows <= count; i += kRows, rows += kRows * kRowBytes) {
            for (std::size_t at = 0; at < kRows * kRowBytes; at += 64) LANNER_PREFETCH(rows + ahead + at);
            AnyLane::store_words(count_rows<AnyLane, kWords>(repeated, rows), out + i);
        }
        return i;
    } else {
        return 0;
    }
}

// The number of rows done, from the first on: none where rows are of another length, or not side by side.
template <class AnyLane>
LANNER_INLINE std::size_t short_codes(const Byte* query, const Byte* rows, std::size_t stride, std::size_t row_bytes,
                                      std::size_t count, std::size_t ahead, float* out) {
    if constexpr (AnyLane::kShortCodes) {
        if (stride != row_bytes) return 0;
        switch (row_bytes) {
            case 8:
                return whole_registers<AnyLane, 1>(query, rows, count, ahead, out);
            case 16:
                return whole_registers<AnyLane, 2>(query, rows, count, ahead, out);
            case 32:
                return whole_registers<AnyLane, 4>(query, rows, count, ahead, out);
            case 64:
                return whole_registers<AnyLane, 8>(query, rows, count, ahead, out);
            default:
                return 0;
        }
    } else {
        return 0;
    }
}

}  // namespace
}  // namespace lanner
