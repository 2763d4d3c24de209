// Sums of table entries that 4-bit codes name, 32 rows at a time: the tables of 16 bytes lie in registers and a shuffle
// looks up many codes at once (Andre, Kermarrec and Le Scouarnec, Cache locality is not enough, VLDB 2015; as registers:
// Quicker ADC, 2019).
// A block holds 16 bytes for each table: the low halves belong to rows 0 to 15, the high halves to rows 16 to 31. Where a
// shuffle takes its 16 bytes from one table (most levels), the codes of one table lie side by side. Where a shuffle
// reaches 64 bytes and products of bytes are added up by fours (kWideTables), four codes of one row lie side by side.

namespace lanner {
namespace {

// Where in its block the code of a row (below 16) and a table is.
LANNER_INLINE std::size_t nibble_place(std::size_t row, std::size_t table) {
    if constexpr (Lane::kWideTables) return table / 4 * 64 + row * 4 + table % 4;
    return table * 16 + row;
}

void pack_nibbles(const std::uint8_t* codes, std::size_t stride, std::size_t count, std::size_t code_bytes,
                  std::uint8_t* blocks) noexcept {
    const std::size_t tables = nibble_tables(code_bytes);
    for (std::size_t first = 0; first < count; first += kNibbleRows, blocks += tables * 16) {
        for (std::size_t i = 0; i < tables * 16; ++i) blocks[i] = 0;
        for (std::size_t row = 0; row < kNibbleRows && first + row < count; ++row) {
            const std::uint8_t* const code = codes + (first + row) * stride;
            const int shift = row < 16 ? 0 : 4;
            for (std::size_t i = 0; i < code_bytes; ++i) {
                std::uint8_t& even = blocks[nibble_place(row % 16, 2 * i)];
                std::uint8_t& odd = blocks[nibble_place(row % 16, 2 * i + 1)];
                even = static_cast<std::uint8_t>(even | (code[i] & 15) << shift);
                odd = static_cast<std::uint8_t>(odd | (code[i] >> 4) << shift);
            }
        }
    }
}

// Sums of kBlocks blocks, each table register used for all of them.
template <int kBlocks>
LANNER_INLINE void nibble_sums(const std::uint8_t* tables, std::size_t table_count, const std::uint8_t* blocks,
                               typename Lane::NibbleSums (&sums)[kBlocks]) {
    LANNER_UNROLL
    for (int b = 0; b < kBlocks; ++b) sums[b] = Lane::zero_nibble_sums();
    const std::size_t block_bytes = table_count * 16;
    for (std::size_t at = 0; at < block_bytes; at += Lane::kNibbleBytes) {
        const typename Lane::Tables table = Lane::load_tables(tables + at);
        LANNER_UNROLL
        for (int b = 0; b < kBlocks; ++b) {
            Lane::add_lookups(sums[b], table, blocks + static_cast<std::size_t>(b) * block_bytes + at);
        }
    }
}

// The rows of one block whose value is at most the bound. Multiplied and added apart, so that levels agree bit for bit.
template <bool kScales, bool kOffsets>
LANNER_INLINE std::uint32_t nibble_mask(const typename Lane::NibbleSums& sums, const NibbleBound& bound,
                                        std::size_t row) {
    constexpr int kParts = static_cast<int>(kNibbleRows / Lane::kFloats);
    typename Lane::Floats values[kParts];
    Lane::float_sums(sums, values);
    std::uint32_t mask = 0;
    LANNER_UNROLL
    for (int p = 0; p < kParts; ++p) {
        const std::size_t at = row + static_cast<std::size_t>(p) * Lane::kFloats;
        if constexpr (kScales) {
            values[p] = Lane::add(Lane::broadcast(bound.base), Lane::mul(Lane::broadcast(bound.step), values[p]));
            values[p] = Lane::mul(values[p], Lane::load_f32(reinterpret_cast<const Byte*>(bound.scales + at)));
        }
        if constexpr (kOffsets) {
            const typename Lane::Floats offset = Lane::load_f32(reinterpret_cast<const Byte*>(bound.offsets + at));
            values[p] = Lane::add(values[p], Lane::mul(Lane::broadcast(bound.offset_factor), offset));
        }
        const std::uint32_t below = Lane::less_equal(values[p], Lane::broadcast(bound.limit));
        mask |= below << (static_cast<unsigned>(p) * static_cast<unsigned>(Lane::kFloats));
    }
    return mask;
}

template <bool kScales, bool kOffsets>
LANNER_INLINE void nibble_blocks(const std::uint8_t* tables, std::size_t table_count, const std::uint8_t* blocks,
                                 std::size_t block_count, const NibbleBound& bound, std::uint32_t* masks) {
    constexpr int kBlocks = Lane::kNibbleBlocks;
    std::size_t i = 0;
    for (; i + kBlocks <= block_count; i += kBlocks) {
        typename Lane::NibbleSums sums[kBlocks];
        nibble_sums<kBlocks>(tables, table_count, blocks + i * table_count * 16, sums);
        LANNER_UNROLL
        for (int b = 0; b < kBlocks; ++b) {
            const std::size_t block = i + static_cast<std::size_t>(b);
            masks[block] = nibble_mask<kScales, kOffsets>(sums[b], bound, block * kNibbleRows);
        }
    }
    for (; i < block_count; ++i) {
        typename Lane::NibbleSums sums[1];
        nibble_sums<1>(tables, table_count, blocks + i * table_count * 16, sums);
        masks[i] = nibble_mask<kScales, kOffsets>(sums[0], bound, i * kNibbleRows);
    }
}

void nibbles_within(const std::uint8_t* tables, std::size_t table_count, const std::uint8_t* blocks,
                    std::size_t block_count, const NibbleBound& bound, std::uint32_t* masks) noexcept {
    if (bound.scales == nullptr) {
        nibble_blocks<false, false>(tables, table_count, blocks, block_count, bound, masks);
    } else if (bound.offsets == nullptr) {
        nibble_blocks<true, false>(tables, table_count, blocks, block_count, bound, masks);
    } else {
        nibble_blocks<true, true>(tables, table_count, blocks, block_count, bound, masks);
    }
}

}  // namespace
}  // namespace lanner
