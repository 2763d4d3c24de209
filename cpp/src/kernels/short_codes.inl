// Hamming distances to rows of one, two, four, eight or sixteen words of 64 bits that lie side by side: as many rows as a
// register holds floats, counted word by word and added up together, so that no row pays for a sum across a register of its own.
// Nothing is asked for ahead of time: rows are read in the order of addresses, which the processor sees by itself.

namespace lanner {
namespace {

// Spaces whose distance is the number of ones in query ^ row.
template <class Space>
constexpr bool kCountsOnes = false;
template <>
constexpr bool kCountsOnes<BitSpace<Op::kHamming>> = true;

// Ones of query ^ row in each word of as many rows as a register holds floats, register after register. The query fills kParts
// registers: copies of a short one, pieces of a long one. Of sixteen words the last eight are added to the first.
template <class AnyLane, int kWords>
struct WordOnes {
    static constexpr std::size_t kRowBytes = kWords * 8;
    static constexpr std::size_t kRows = AnyLane::kFloats;
    static constexpr int kParts = kRowBytes <= AnyLane::kBytes ? 1 : static_cast<int>(kRowBytes / AnyLane::kBytes);
    static constexpr int kRegisters = static_cast<int>(kRows * kRowBytes / AnyLane::kBytes);
    static constexpr bool kFolded = kWords > 8;
    static constexpr int kHalf = kParts / 2;

    typename AnyLane::Bytes query[kParts];
    typename AnyLane::Ones words[kFolded ? kRegisters / 2 : kRegisters];

    LANNER_INLINE explicit WordOnes(const Byte* from) {
        Byte copies[kParts * AnyLane::kBytes];
        for (std::size_t at = 0; at < sizeof copies; at += kRowBytes) std::memcpy(copies + at, from, kRowBytes);
        for (int part = 0; part < kParts; ++part)
            query[part] = AnyLane::load_bytes(copies + static_cast<std::size_t>(part) * AnyLane::kBytes);
    }

    LANNER_INLINE typename AnyLane::Ones operator[](int place) const { return words[place]; }

    // From a register of the rows on, in the order of addresses: prefetchers do not follow what compilers make of it otherwise,
    // loads here and there in a few lines. Beyond the caches, on Zen 4, that took 1.7 times as long at 256 bits.
    template <int kPlace = 0>
    LANNER_INLINE void count(const Byte* rows) {
        typename AnyLane::Bytes bytes = AnyLane::load_bytes(rows + kPlace * AnyLane::kBytes);
        LANNER_IN_ORDER(bytes);
        constexpr int kPart = kPlace % kParts;
        const typename AnyLane::Ones ones = AnyLane::count_words(AnyLane::bit_xor(query[kPart], bytes));
        if constexpr (!kFolded) {
            words[kPlace] = ones;
        } else {
            constexpr int kAt = kPlace / kParts * kHalf + kPart % kHalf;
            words[kAt] = kPart < kHalf ? ones : AnyLane::add(words[kAt], ones);
        }
        if constexpr (kPlace + 1 < kRegisters) count<kPlace + 1>(rows);
    }
};

// Fills whole registers of floats; the number of rows done.
template <class AnyLane, int kWords>
LANNER_INLINE std::size_t whole_registers(const Byte* query, const Byte* rows, std::size_t count, float* out) {
    constexpr std::size_t kRows = AnyLane::kFloats;
    constexpr std::size_t kBytes = kRows * kWords * 8;
    WordOnes<AnyLane, kWords> ones(query);
    std::size_t i = 0;
    for (; i + kRows <= count; i += kRows, rows += kBytes) {
        ones.count(rows);
        AnyLane::store_f32(AnyLane::template row_counts<(kWords > 8 ? 8 : kWords)>(ones),
                           reinterpret_cast<Byte*>(out + i));
    }
    return i;
}

// The number of rows done, from the first on: none where rows are of another length, or not side by side.
template <class AnyLane>
LANNER_INLINE std::size_t short_codes(const Byte* query, const Byte* rows, std::size_t stride, std::size_t row_bytes,
                                      std::size_t count, float* out) {
    if constexpr (AnyLane::kShortCodes) {
        if (stride != row_bytes) return 0;
        switch (row_bytes) {
            case 8:
                return whole_registers<AnyLane, 1>(query, rows, count, out);
            case 16:
                return whole_registers<AnyLane, 2>(query, rows, count, out);
            case 32:
                return whole_registers<AnyLane, 4>(query, rows, count, out);
            case 64:
                return whole_registers<AnyLane, 8>(query, rows, count, out);
            case 128:
                return whole_registers<AnyLane, 16>(query, rows, count, out);
            default:
                return 0;
        }
    } else {
        return 0;
    }
}

}  // namespace
}  // namespace lanner
