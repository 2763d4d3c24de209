// Sums of table entries that 4-bit codes name, 32 rows at a time: the tables of 16 bytes lie in registers and a shuffle
// looks up many codes at once (Andre, Kermarrec and Le Scouarnec, Cache locality is not enough, VLDB 2015; as registers:
// Quicker ADC, 2019).
// A block holds 16 bytes for each table: the low halves belong to rows 0 to 15, the high halves to rows 16 to 31. Where a
// shuffle takes its 16 bytes from one table (most levels), the codes of one table lie side by side. Where a shuffle
// reaches 64 bytes and products of bytes are added up by fours (kWideTables), four codes of one row lie side by side.

namespace lanner {
namespace {

// 16 bytes of the codes of a block's 32 rows into their places: 32 tables from `table` on, as far as there are. Rows become
// columns by four rounds of zips, each of which takes the bytes of register i and of register i + 8 in turns.
LANNER_INLINE void pack_part(const Byte (&rows)[kNibbleRows][16], std::size_t table, std::size_t table_count,
                             std::uint8_t* block) {
    const std::size_t tables = table_count - table < 32 ? table_count - table : 32;
    if constexpr (Lane::kWideTables) {
        for (std::size_t row = 0; row < 16; ++row) {
            const auto low = Lane::load_16(rows[row]);
            const auto high = Lane::load_16(rows[row + 16]);
            const auto even = Lane::join_halves(Lane::low_halves(low), Lane::low_halves(high));
            const auto odd = Lane::join_halves(Lane::high_halves(low), Lane::high_halves(high));
            alignas(16) Byte both[32];
            Lane::store_16(Lane::zip_low(even, odd), both);
            Lane::store_16(Lane::zip_high(even, odd), both + 16);
            for (std::size_t i = 0; i < tables / 4; ++i)
                std::memcpy(block + (table / 4 + i) * 64 + row * 4, both + 4 * i, 4);
        }
    } else {
        using Sixteen = typename Lane::Sixteen;
        Sixteen turned[2][16];
        LANNER_UNROLL
        for (int half = 0; half < 2; ++half) {
            Sixteen from[16];
            for (int i = 0; i < 16; ++i) from[i] = Lane::load_16(rows[16 * half + i]);
            Sixteen(&to)[16] = turned[half];
            for (int i = 0; i < 8; ++i) {
                to[2 * i] = Lane::zip_low(from[i], from[i + 8]);
                to[2 * i + 1] = Lane::zip_high(from[i], from[i + 8]);
            }
            for (int i = 0; i < 8; ++i) {
                from[2 * i] = Lane::zip_low(to[i], to[i + 8]);
                from[2 * i + 1] = Lane::zip_high(to[i], to[i + 8]);
            }
            for (int i = 0; i < 8; ++i) {
                to[2 * i] = Lane::zip_low(from[i], from[i + 8]);
                to[2 * i + 1] = Lane::zip_high(from[i], from[i + 8]);
            }
            for (int i = 0; i < 8; ++i) {
                from[2 * i] = Lane::zip_low(to[i], to[i + 8]);
                from[2 * i + 1] = Lane::zip_high(to[i], to[i + 8]);
            }
            for (int i = 0; i < 16; ++i) to[i] = from[i];
        }
        for (std::size_t i = 0; i < tables / 2; ++i) {
            const Sixteen low = turned[0][i];
            const Sixteen high = turned[1][i];
            std::uint8_t* const to = block + (table + 2 * i) * 16;
            Lane::store_16(Lane::join_halves(Lane::low_halves(low), Lane::low_halves(high)), to);
            Lane::store_16(Lane::join_halves(Lane::high_halves(low), Lane::high_halves(high)), to + 16);
        }
    }
}

void pack_nibbles(const std::uint8_t* codes, std::size_t stride, std::size_t count, std::size_t code_bytes,
                  std::uint8_t* blocks) noexcept {
    const std::size_t tables = nibble_tables(code_bytes);
    for (std::size_t first = 0; first < count; first += kNibbleRows, blocks += tables * 16) {
        const std::size_t rows = count - first < kNibbleRows ? count - first : kNibbleRows;
        for (std::size_t at = 0; at < code_bytes; at += 16) {
            alignas(16) Byte part[kNibbleRows][16];
            const std::size_t bytes = code_bytes - at < 16 ? code_bytes - at : 16;
            if (rows < kNibbleRows || bytes < 16) std::memset(part, 0, sizeof part);
            const std::uint8_t* const from = codes + first * stride + at;
            if (bytes == 16) {
                for (std::size_t row = 0; row < rows; ++row) std::memcpy(part[row], from + row * stride, 16);
            } else {
                for (std::size_t row = 0; row < rows; ++row) copy_short(part[row], from + row * stride, bytes);
            }
            pack_part(part, 2 * at, tables, blocks);
        }
    }
}

// Sums of kBlocks blocks for kQueries queries: a table register serves all of the blocks, a block's codes all queries.
template <int kQueries, int kBlocks>
LANNER_INLINE void nibble_sums(const NibbleQuery* queries, std::size_t table_count, const std::uint8_t* blocks,
                               typename Lane::NibbleSums (&sums)[kQueries][kBlocks]) {
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        LANNER_UNROLL
        for (int b = 0; b < kBlocks; ++b) sums[q][b] = Lane::zero_nibble_sums();
    }
    const std::uint8_t* tables[kQueries];
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) tables[q] = queries[q].tables;
    const std::size_t block_bytes = table_count * 16;
    for (std::size_t at = 0; at < block_bytes; at += Lane::kNibbleBytes) {
        typename Lane::Tables table[kQueries];
        LANNER_UNROLL
        for (int q = 0; q < kQueries; ++q) table[q] = Lane::load_tables(tables[q] + at);
        LANNER_UNROLL
        for (int b = 0; b < kBlocks; ++b) {
            const std::uint8_t* const from = blocks + static_cast<std::size_t>(b) * block_bytes + at;
            LANNER_PREFETCH(from + kBlocks * block_bytes);
            const typename Lane::NibbleCodes codes = Lane::load_codes(from);
            LANNER_UNROLL
            for (int q = 0; q < kQueries; ++q) Lane::add_lookups(sums[q][b], table[q], codes);
        }
    }
}

// The values of one block, and the rows where they are at most the limit. Multiplied and added apart, so that levels agree bit for bit.
template <bool kScales, bool kOffsets>
LANNER_INLINE std::uint32_t nibble_mask(const typename Lane::NibbleSums& sums, const NibbleFactors& factors,
                                        const NibbleQuery& query, std::size_t row) {
    Byte* const out = reinterpret_cast<Byte*>(query.values + row);
    constexpr int kParts = static_cast<int>(kNibbleRows / Lane::kFloats);
    typename Lane::Floats values[kParts];
    Lane::float_sums(sums, values);
    std::uint32_t mask = 0;
    LANNER_UNROLL
    for (int p = 0; p < kParts; ++p) {
        const std::size_t at = row + static_cast<std::size_t>(p) * Lane::kFloats;
        if constexpr (kScales) {
            values[p] = Lane::add(Lane::broadcast(query.base), Lane::mul(Lane::broadcast(query.step), values[p]));
            values[p] = Lane::mul(values[p], Lane::load_f32(reinterpret_cast<const Byte*>(factors.scales + at)));
        }
        if constexpr (kOffsets) {
            const typename Lane::Floats offset = Lane::load_f32(reinterpret_cast<const Byte*>(factors.offsets + at));
            values[p] = Lane::add(values[p], Lane::mul(Lane::broadcast(query.offset_factor), offset));
        }
        Lane::store_f32(values[p], out + static_cast<std::size_t>(p) * Lane::kFloats * 4);
        const std::uint32_t below = Lane::less_equal(values[p], Lane::broadcast(query.limit));
        mask |= below << (static_cast<unsigned>(p) * static_cast<unsigned>(Lane::kFloats));
    }
    return mask;
}

template <int kQueries, int kBlocks, bool kScales, bool kOffsets>
LANNER_INLINE void nibble_tile(const NibbleQuery* queries, std::size_t table_count, const std::uint8_t* blocks,
                               std::size_t first, const NibbleFactors& factors) {
    typename Lane::NibbleSums sums[kQueries][kBlocks];
    nibble_sums<kQueries, kBlocks>(queries, table_count, blocks + first * table_count * 16, sums);
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        LANNER_UNROLL
        for (int b = 0; b < kBlocks; ++b) {
            const std::size_t block = first + static_cast<std::size_t>(b);
            queries[q].masks[block] =
                nibble_mask<kScales, kOffsets>(sums[q][b], factors, queries[q], block * kNibbleRows);
        }
    }
}

template <int kQueries, int kBlocks, bool kScales, bool kOffsets>
LANNER_INLINE void nibble_blocks(const NibbleQuery* queries, std::size_t table_count, const std::uint8_t* blocks,
                                 std::size_t block_count, const NibbleFactors& factors) {
    std::size_t i = 0;
    for (; i + kBlocks <= block_count; i += kBlocks)
        nibble_tile<kQueries, kBlocks, kScales, kOffsets>(queries, table_count, blocks, i, factors);
    for (; i < block_count; ++i) nibble_tile<kQueries, 1, kScales, kOffsets>(queries, table_count, blocks, i, factors);
}

template <bool kScales, bool kOffsets>
LANNER_INLINE void nibble_queries(const NibbleQuery* queries, std::size_t query_count, std::size_t table_count,
                                  const std::uint8_t* blocks, std::size_t block_count, const NibbleFactors& factors) {
    std::size_t i = 0;
    for (; i + 2 <= query_count; i += 2) {
        nibble_blocks<2, Lane::kNibblePairBlocks, kScales, kOffsets>(queries + i, table_count, blocks, block_count,
                                                                     factors);
    }
    if (i < query_count) {
        nibble_blocks<1, Lane::kNibbleBlocks, kScales, kOffsets>(queries + i, table_count, blocks, block_count,
                                                                 factors);
    }
}

void nibble_values(const NibbleQuery* queries, std::size_t query_count, std::size_t table_count,
                   const std::uint8_t* blocks, std::size_t block_count, const NibbleFactors& factors) noexcept {
    if (factors.scales == nullptr) {
        nibble_queries<false, false>(queries, query_count, table_count, blocks, block_count, factors);
    } else if (factors.offsets == nullptr) {
        nibble_queries<true, false>(queries, query_count, table_count, blocks, block_count, factors);
    } else {
        nibble_queries<true, true>(queries, query_count, table_count, blocks, block_count, factors);
    }
}

}  // namespace
}  // namespace lanner
