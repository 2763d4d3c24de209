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
LANNER_INLINE void step(const Byte* const* queries, const Byte* const* rows, const typename Space::RowOffset* offsets,
                        std::size_t at, Pairs<Space, kQueries, kRows>& pairs) {
    typename Space::Row x[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        x[r] = Space::row(rows[r] + at * Space::kRowUnit, offsets[r]);
        Space::template add_row<kParity>(pairs.row_sums[r], x[r]);
    }
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        const typename Space::Query y = Space::query(queries[q] + Space::query_place(at));
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
        const typename Space::Query y = Space::query_tail(queries[q] + Space::query_place(at), count);
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) Space::template add<kParity>(pairs.sums[q][r], y, x[r]);
    }
}

// Asks for the cache lines that begin in the next `bytes` bytes.
LANNER_INLINE void prefetch_bytes(const Byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) LANNER_PREFETCH(from + at);
}
LANNER_INLINE void prefetch_far(const Byte* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) LANNER_PREFETCH_FAR(from + at);
}

// What a walk over rows asks for while it adds them up: nothing, or the bytes of a later row, into the first cache or the
// second.
enum class Ahead { kNothing, kNear, kFar };

template <Ahead kAhead>
LANNER_INLINE void ask_for(const Byte* from, std::size_t bytes) {
    if constexpr (kAhead == Ahead::kNear) prefetch_bytes(from, bytes);
    if constexpr (kAhead == Ahead::kFar) prefetch_far(from, bytes);
}

// Adds up every pair of kQueries queries and kRows rows, and asks for as many bytes at `ahead`.
template <class Space, int kQueries, int kRows, Ahead kAhead>
LANNER_INLINE Pairs<Space, kQueries, kRows> gather(const Byte* const* queries, const Byte* const* rows,
                                                   const float* row_offsets, std::size_t units, const Byte* ahead) {
    Pairs<Space, kQueries, kRows> pairs;
    typename Space::RowOffset offsets[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        offsets[r] = Space::row_offset(Space::kHasOffsets ? row_offsets[r] : 0.0F);
        pairs.row_sums[r] = Space::zero_row();
        LANNER_UNROLL
        for (int q = 0; q < kQueries; ++q) pairs.sums[q][r] = Space::zero();
    }

    constexpr std::size_t kTwo = 2 * Space::kStep;
    std::size_t at = 0;
    for (; at + kTwo <= units; at += kTwo) {
        ask_for<kAhead>(ahead + at * Space::kRowUnit, kTwo * Space::kRowUnit);
        step<Space, kQueries, kRows, 0>(queries, rows, offsets, at, pairs);
        step<Space, kQueries, kRows, 1>(queries, rows, offsets, at + Space::kStep, pairs);
    }
    if (at != units) {
        ask_for<kAhead>(ahead + at * Space::kRowUnit, (units - at) * Space::kRowUnit);
        if (at + Space::kStep <= units) {
            step<Space, kQueries, kRows, 0>(queries, rows, offsets, at, pairs);
            at += Space::kStep;
            if (at < units) step_tail<Space, kQueries, kRows, 1>(queries, rows, offsets, at, units - at, pairs);
        } else {
            step_tail<Space, kQueries, kRows, 0>(queries, rows, offsets, at, units - at, pairs);
        }
    }
    return pairs;
}

// Bytes that a scan asks for ahead of their turn.
constexpr std::size_t kBytesAhead = 4096;

// Rows that a walk over scattered ones asks for ahead of their turn: enough lines to keep the memory busy, and no more than
// the processor keeps in mind.
LANNER_INLINE std::size_t rows_ahead(std::size_t row_bytes) {
    constexpr std::size_t kFewest = 4;
    constexpr std::size_t kMost = 96;
    const std::size_t rows = Lane::kBytesOnTheWay / row_bytes;
    return rows < kFewest ? kFewest : (rows > kMost ? kMost : rows);
}

LANNER_INLINE const float* offset_at(const float* offsets, std::size_t place) {
    return offsets == nullptr ? nullptr : offsets + place;
}

// One query and one row.
template <class Space, Ahead kAhead>
LANNER_INLINE typename Space::Total one_row(const Byte* query, const Byte* row, const float* row_offset,
                                            std::size_t dim, const Byte* ahead) {
    const Pairs<Space, 1, 1> pairs = gather<Space, 1, 1, kAhead>(&query, &row, row_offset, Space::units(dim), ahead);
    return Space::total(pairs.sums[0][0], pairs.row_sums[0]);
}

// Four consecutive rows, and what to ask for while they are read.
struct Consecutive {
    static constexpr Ahead kAhead = Ahead::kNear;

    const Byte* first;
    std::size_t stride;

    LANNER_INLINE const Byte* row(std::size_t place) const { return first + place * stride; }
    LANNER_INLINE const Byte* ahead(std::size_t place) const { return row(place) + kBytesAhead; }
};

// Four rows anywhere; `left` rows follow from `rows` on, those four among them, and `distance` rows lie ahead.
struct Scattered {
    static constexpr Ahead kAhead = Ahead::kFar;

    const Byte* const* rows;
    std::size_t left, distance;

    LANNER_INLINE const Byte* row(std::size_t place) const { return rows[place]; }
    LANNER_INLINE const Byte* ahead(std::size_t place) const {
        return rows[place + distance < left ? place + distance : place];
    }
};

// Four rows, one after the other; their totals are finished together. The processor overlaps the rows by itself.
template <class Space, class Rows>
LANNER_INLINE void four_rows(const Byte* query, typename Space::Context context, const Rows& rows,
                             const float* row_offsets, std::size_t dim, float* out) {
    typename Space::Total totals[4];
    if constexpr (Space::kLongRows) {
        // Prefetchers know an instruction by its address: one loop for all rows is one stream to them.
        LANNER_ROLLED
        for (std::size_t r = 0; r < 4; ++r) {
            totals[r] = one_row<Space, Rows::kAhead>(query, rows.row(r), offset_at(row_offsets, r), dim, rows.ahead(r));
        }
    } else {
        LANNER_UNROLL
        for (std::size_t r = 0; r < 4; ++r) {
            totals[r] = one_row<Space, Rows::kAhead>(query, rows.row(r), offset_at(row_offsets, r), dim, rows.ahead(r));
        }
    }
    Space::finish(totals, context, row_offsets, dim, out);
}

// Fewer than four: each is finished four times over, so that it is rounded as in a group.
template <class Space>
LANNER_INLINE void last_rows(const Byte* query, typename Space::Context context, const Byte* const* rows,
                             const float* row_offsets, std::size_t count, std::size_t dim, float* out) {
    for (std::size_t i = 0; i < count; ++i) {
        const float offset = Space::kHasOffsets ? row_offsets[i] : 0.0F;
        const typename Space::Total total = one_row<Space, Ahead::kNothing>(query, rows[i], &offset, dim, nullptr);
        const typename Space::Total totals[4] = {total, total, total, total};
        const float four_offsets[4] = {offset, offset, offset, offset};
        float four[4];
        Space::finish(totals, context, four_offsets, dim, four);
        out[i] = four[0];
    }
}

// kQueries queries and kRows rows, side by side in registers. Distances go to out + q * out_stride.
template <class Space, int kQueries, int kRows>
LANNER_INLINE void side_by_side(const Byte* const* queries, const typename Space::Context* contexts,
                                const Byte* const* rows, const float* row_offsets, std::size_t dim, float* out,
                                std::size_t out_stride) {
    const Pairs<Space, kQueries, kRows> pairs =
        gather<Space, kQueries, kRows, Ahead::kNothing>(queries, rows, row_offsets, Space::units(dim), nullptr);

    // Where there are fewer than four rows, some are finished twice.
    constexpr int kPlaces[4] = {0, 1 % kRows, 2 % kRows, 3 % kRows};
    float four_offsets[4] = {};
    if constexpr (Space::kHasOffsets) {
        for (int r = 0; r < 4; ++r) four_offsets[r] = row_offsets[kPlaces[r]];
    }
    LANNER_UNROLL
    for (int q = 0; q < kQueries; ++q) {
        typename Space::Total totals[4];
        LANNER_UNROLL
        for (int r = 0; r < 4; ++r) {
            totals[r] = Space::total(pairs.sums[q][kPlaces[r]], pairs.row_sums[kPlaces[r]]);
        }
        float* const to = out + static_cast<std::size_t>(q) * out_stride;
        float four[4];
        Space::finish(totals, contexts[q], four_offsets, dim, kRows == 4 ? to : four);
        if constexpr (kRows != 4) {
            for (int r = 0; r < kRows; ++r) to[r] = four[r];
        }
    }
}

template <class Space>
void rows_kernel(const void* query, float query_offset, const void* const* rows, const float* row_offsets,
                 std::size_t count, std::size_t dim, float* out) noexcept {
    const Byte* const q = static_cast<const Byte*>(query);
    const Byte* const* const x = reinterpret_cast<const Byte* const*>(rows);
    const typename Space::Context context = Space::context(q, query_offset, dim);
    const std::size_t row_bytes = Space::units(dim) * Space::kRowUnit;

    const std::size_t distance = rows_ahead(row_bytes);

    for (std::size_t i = 1; i < distance && i < count; ++i) prefetch_far(x[i], row_bytes);
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        four_rows<Space>(q, context, Scattered{x + i, count - i, distance}, offset_at(row_offsets, i), dim, out + i);
    }
    last_rows<Space>(q, context, x + i, offset_at(row_offsets, i), count - i, dim, out + i);
}

template <class Space>
void block_kernel(const void* query, float query_offset, const void* rows, std::size_t stride, const float* row_offsets,
                  std::size_t count, std::size_t dim, float* out) noexcept {
    const Byte* const q = static_cast<const Byte*>(query);
    const typename Space::Context context = Space::context(q, query_offset, dim);
    const Byte* next = static_cast<const Byte*>(rows);

    std::size_t i = 0;
    if constexpr (kCountsOnes<Space>) {
        i = short_codes<Lane>(q, next, stride, Space::units(dim), count, out);
        next += i * stride;
    }
    for (; i + 4 <= count; i += 4, next += 4 * stride) {
        four_rows<Space>(q, context, Consecutive{next, stride}, offset_at(row_offsets, i), dim, out + i);
    }
    const Byte* const x[3] = {next, next + stride, next + 2 * stride};
    last_rows<Space>(q, context, x, offset_at(row_offsets, i), count - i, dim, out + i);
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
        side_by_side<Space, kQueries, kRows>(q, contexts + i, rows, row_offsets, dim,
                                             out + static_cast<std::size_t>(i) * out_stride, out_stride);
    }
    for (; i < query_count; ++i) {
        const Byte* const q = queries + static_cast<std::size_t>(i) * query_stride;
        side_by_side<Space, 1, kRows>(&q, contexts + i, rows, row_offsets, dim,
                                      out + static_cast<std::size_t>(i) * out_stride, 0);
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
        if constexpr (kCountsOnes<Space>) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(block_count); ++i) {
                j = short_codes<Lane>(block + i * query_stride, x0, row_stride, Space::units(dim), row_count,
                                      block_out + i * out_stride);
            }
            x0 += j * row_stride;
        }
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
