// The loops over pairs, and the table made of them. One function, gather(), adds up a few pairs side by side; every
// shape is made of calls of it, so that a pair's value never depends on the shape.

namespace lanner {
namespace {

template <class Space, int kQueries, int kRows>
struct Pairs {
    typename Space::Sum sums[kQueries][kRows];
    typename Space::RowSum row_sums[kRows];
};

template <class Space, int kQueries, int kRows, int kParity>
LANNER_INLINE void step(const Byte* const* queries, const Byte* const* rows,
                        const typename Space::RowOffset* offsets, std::size_t at, Pairs<Space, kQueries, kRows>& pairs) {
    typename Space::Row x[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        x[r] = Space::row(rows[r] + at * Space::kRowUnit, offsets[r]);
        Space::template add_row<kParity>(pairs.row_sums[r], x[r]);
    }
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        const typename Space::Query y = Space::query(queries[q] + at * Space::kQueryUnit);
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) Space::template add<kParity>(pairs.sums[q][r], y, x[r]);
    }
}

// The last step, of fewer units than a register holds: zeros stand for what lies past the end.
template <class Space, int kQueries, int kRows, int kParity>
LANNER_INLINE void step_tail(const Byte* const* queries, const Byte* const* rows,
                             const typename Space::RowOffset* offsets, std::size_t at, std::size_t count,
                             Pairs<Space, kQueries, kRows>& pairs) {
    typename Space::Row x[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        x[r] = Space::row_tail(rows[r] + at * Space::kRowUnit, count, offsets[r]);
        Space::template add_row<kParity>(pairs.row_sums[r], x[r]);
    }
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        const typename Space::Query y = Space::query_tail(queries[q] + at * Space::kQueryUnit, count);
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) Space::template add<kParity>(pairs.sums[q][r], y, x[r]);
    }
}

// Where the distances of query q and rows 0 .. kRows go: out + q * out_stride.
template <class Space, int kQueries, int kRows>
LANNER_INLINE void gather(const Byte* const* queries, const typename Space::Context* contexts,
                          const Byte* const* rows, const float* row_offsets, std::size_t dim, float* out,
                          std::size_t out_stride) {
    Pairs<Space, kQueries, kRows> pairs;
    typename Space::RowOffset offsets[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        offsets[r] = Space::row_offset(Space::kCentered ? row_offsets[r] : 0.0F);
        pairs.row_sums[r] = Space::zero_row();
        LANNER_UNROLL
        for (int q = 0; q < kQueries; ++q) pairs.sums[q][r] = Space::zero();
    }

    const std::size_t units = Space::units(dim);
    std::size_t at = 0;
    for (; at + 2 * Space::kStep <= units; at += 2 * Space::kStep) {
        step<Space, kQueries, kRows, 0>(queries, rows, offsets, at, pairs);
        step<Space, kQueries, kRows, 1>(queries, rows, offsets, at + Space::kStep, pairs);
    }
    if (at + Space::kStep <= units) {
        step<Space, kQueries, kRows, 0>(queries, rows, offsets, at, pairs);
        at += Space::kStep;
        if (at < units) step_tail<Space, kQueries, kRows, 1>(queries, rows, offsets, at, units - at, pairs);
    } else if (at < units) {
        step_tail<Space, kQueries, kRows, 0>(queries, rows, offsets, at, units - at, pairs);
    }

    // Sums of four rows are finished together; where there are fewer, some twice.
    constexpr int kSecond = 1 % kRows;
    constexpr int kThird = 2 % kRows;
    constexpr int kFourth = 3 % kRows;
    const typename Space::RowSum* const row_sums[4] = {&pairs.row_sums[0], &pairs.row_sums[kSecond],
                                                       &pairs.row_sums[kThird], &pairs.row_sums[kFourth]};
    float four_offsets[4] = {};
    if constexpr (Space::kCentered) {
        four_offsets[0] = row_offsets[0];
        four_offsets[1] = row_offsets[kSecond];
        four_offsets[2] = row_offsets[kThird];
        four_offsets[3] = row_offsets[kFourth];
    }
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        float* const to = out + static_cast<std::size_t>(q) * out_stride;
        float four[4];
        Space::finish(pairs.sums[q][0], pairs.sums[q][kSecond], pairs.sums[q][kThird], pairs.sums[q][kFourth],
                      row_sums, contexts[q], four_offsets, dim, kRows == 4 ? to : four);
        if constexpr (kRows != 4) std::memcpy(to, four, kRows * sizeof(float));
    }
}

// One query, kRows rows.
template <class Space, int kRows>
LANNER_INLINE void gather_rows(const Byte* query, const typename Space::Context& context, const Byte* const* rows,
                               const float* row_offsets, std::size_t dim, float* out) {
    gather<Space, 1, kRows>(&query, &context, rows, row_offsets, dim, out, 0);
}

LANNER_INLINE void prefetch_bytes(const Byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) LANNER_PREFETCH(from + at);
}

LANNER_INLINE const float* offset_at(const float* offsets, std::size_t place) {
    return offsets == nullptr ? nullptr : offsets + place;
}

// Rows that a group of four is asked for ahead of its turn: enough to keep the memory busy, and short of what the
// first cache holds.
constexpr std::size_t kRowsAhead = 8;

template <class Space>
void rows_kernel(const void* query, float query_offset, const void* const* rows, const float* row_offsets,
                 std::size_t count, std::size_t dim, float* out) noexcept {
    const Byte* const q = static_cast<const Byte*>(query);
    const typename Space::Context context = Space::context(q, query_offset, dim);
    const std::size_t row_bytes = Space::units(dim) * Space::kRowUnit;

    for (std::size_t i = 4; i < kRowsAhead && i < count; ++i) {
        prefetch_bytes(static_cast<const Byte*>(rows[i]), row_bytes);
    }
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (std::size_t ahead = i + kRowsAhead; ahead < i + kRowsAhead + 4 && ahead < count; ++ahead) {
            prefetch_bytes(static_cast<const Byte*>(rows[ahead]), row_bytes);
        }
        const Byte* const x[4] = {static_cast<const Byte*>(rows[i]), static_cast<const Byte*>(rows[i + 1]),
                                  static_cast<const Byte*>(rows[i + 2]), static_cast<const Byte*>(rows[i + 3])};
        gather_rows<Space, 4>(q, context, x, offset_at(row_offsets, i), dim, out + i);
    }
    if (i + 2 <= count) {
        const Byte* const x[2] = {static_cast<const Byte*>(rows[i]), static_cast<const Byte*>(rows[i + 1])};
        gather_rows<Space, 2>(q, context, x, offset_at(row_offsets, i), dim, out + i);
        i += 2;
    }
    if (i < count) {
        const Byte* const x[1] = {static_cast<const Byte*>(rows[i])};
        gather_rows<Space, 1>(q, context, x, offset_at(row_offsets, i), dim, out + i);
    }
}

// Bytes that a scan asks for ahead of its turn.
constexpr std::size_t kBytesAhead = 4096;

template <class Space>
void block_kernel(const void* query, float query_offset, const void* rows, std::size_t stride,
                  const float* row_offsets, std::size_t count, std::size_t dim, float* out) noexcept {
    const Byte* const q = static_cast<const Byte*>(query);
    const typename Space::Context context = Space::context(q, query_offset, dim);
    const Byte* x0 = static_cast<const Byte*>(rows);

    std::size_t i = 0;
    for (; i + 4 <= count; i += 4, x0 += 4 * stride) {
        prefetch_bytes(x0 + kBytesAhead, 4 * stride);
        const Byte* const x[4] = {x0, x0 + stride, x0 + 2 * stride, x0 + 3 * stride};
        gather_rows<Space, 4>(q, context, x, offset_at(row_offsets, i), dim, out + i);
    }
    for (; i < count; ++i, x0 += stride) gather_rows<Space, 1>(q, context, &x0, offset_at(row_offsets, i), dim, out + i);
}

// Queries whose contexts are kept at once; their vectors stay in the second cache while the rows pass by.
constexpr int kTileBlock = 48;

// All of `query_count` queries (at most kTileBlock) against kRows rows.
template <class Space, int kRows>
LANNER_INLINE void tile_stripe(const Byte* queries, std::size_t query_stride, const typename Space::Context* contexts,
                               int query_count, const Byte* const* rows, const float* row_offsets, std::size_t dim,
                               float* out, std::size_t out_stride) {
    constexpr int kQueries = Lane::kTileQueries;
    int i = 0;
    for (; i + kQueries <= query_count; i += kQueries) {
        const Byte* q[kQueries];
        LANNER_UNROLL
        for (int j = 0; j < kQueries; ++j) q[j] = queries + static_cast<std::size_t>(i + j) * query_stride;
        gather<Space, kQueries, kRows>(q, contexts + i, rows, row_offsets, dim,
                                       out + static_cast<std::size_t>(i) * out_stride, out_stride);
    }
    for (; i < query_count; ++i) {
        const Byte* const q = queries + static_cast<std::size_t>(i) * query_stride;
        gather_rows<Space, kRows>(q, contexts[i], rows, row_offsets, dim,
                                  out + static_cast<std::size_t>(i) * out_stride);
    }
}

template <class Space>
void tile_kernel(const void* queries, std::size_t query_stride, const float* query_offsets, std::size_t query_count,
                 const void* rows, std::size_t row_stride, const float* row_offsets, std::size_t row_count,
                 std::size_t dim, float* out, std::size_t out_stride) noexcept {
    constexpr std::size_t kRows = Lane::kTileRows;
    for (std::size_t first = 0; first < query_count; first += kTileBlock) {
        const Byte* const block = static_cast<const Byte*>(queries) + first * query_stride;
        const int block_count = query_count - first < kTileBlock ? static_cast<int>(query_count - first) : kTileBlock;
        typename Space::Context contexts[kTileBlock];
        for (int i = 0; i < block_count; ++i) {
            const std::size_t place = static_cast<std::size_t>(i);
            const float offset = query_offsets == nullptr ? 0.0F : query_offsets[first + place];
            contexts[i] = Space::context(block + place * query_stride, offset, dim);
        }

        float* const block_out = out + first * out_stride;
        const Byte* x0 = static_cast<const Byte*>(rows);
        std::size_t j = 0;
        for (; j + kRows <= row_count; j += kRows, x0 += kRows * row_stride) {
            const Byte* x[kRows];
            LANNER_UNROLL
            for (std::size_t r = 0; r < kRows; ++r) x[r] = x0 + r * row_stride;
            tile_stripe<Space, Lane::kTileRows>(block, query_stride, contexts, block_count, x,
                                                offset_at(row_offsets, j), dim, block_out + j, out_stride);
        }
        for (; j < row_count; ++j, x0 += row_stride) {
            tile_stripe<Space, 1>(block, query_stride, contexts, block_count, &x0, offset_at(row_offsets, j), dim,
                                  block_out + j, out_stride);
        }
    }
}

}  // namespace
}  // namespace lanner
