// Rows against the columns of a matrix that is stored row by row: what codebooks, tables and rotations are made with. The
// lanes hold neighbouring columns and every result is one chain of additions, so its value depends neither on its place
// in the call nor on its neighbours.

namespace lanner {
namespace {

// Rows and registers of columns that are added up side by side: as many as the register file holds.
constexpr int kColumnRows = Lane::kFloats == 4 ? 2 : (Lane::kFloats == 8 ? 6 : 4);
constexpr int kColumnGroups = Lane::kFloats == 8 ? 2 : 4;

LANNER_INLINE float float_at(const Byte* from) {
    float value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

// sums[r][g] += row r against the columns of register g; kTail: the last register holds `count` columns.
template <Op kOp, int kRows, int kGroups, bool kTail>
LANNER_INLINE void add_columns(const Byte* const* rows, const Byte* matrix, std::size_t matrix_stride, std::size_t dim,
                               std::size_t count, typename Lane::Floats (&sums)[kRows][kGroups]) {
    constexpr std::size_t kWidth = Lane::kFloats * 4;
    LANNER_UNROLL_4
    for (std::size_t j = 0; j < dim; ++j, matrix += matrix_stride) {
        typename Lane::Floats y[kGroups];
        LANNER_UNROLL
        for (int g = 0; g < kGroups; ++g) {
            const Byte* const from = matrix + static_cast<std::size_t>(g) * kWidth;
            y[g] = kTail ? Lane::load_f32_tail(from, count) : Lane::load_f32(from);
        }
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) {
            const typename Lane::Floats x = Lane::broadcast(float_at(rows[r] + 4 * j));
            LANNER_UNROLL
            for (int g = 0; g < kGroups; ++g) {
                if constexpr (kOp == Op::kDot) {
                    sums[r][g] = Lane::multiply_add(x, y[g], sums[r][g]);
                } else {
                    const typename Lane::Floats difference = Lane::sub(x, y[g]);
                    sums[r][g] = Lane::multiply_add(difference, difference, sums[r][g]);
                }
            }
        }
    }
}

template <Op kOp, int kRows, int kGroups, bool kTail>
LANNER_INLINE void columns_tile(const Byte* const* rows, const Byte* matrix, std::size_t matrix_stride, std::size_t dim,
                                std::size_t count, Byte* out, std::size_t out_stride) {
    constexpr std::size_t kWidth = Lane::kFloats * 4;
    typename Lane::Floats sums[kRows][kGroups];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        LANNER_UNROLL
        for (int g = 0; g < kGroups; ++g) {
            const Byte* const from =
                out + static_cast<std::size_t>(r) * out_stride + static_cast<std::size_t>(g) * kWidth;
            sums[r][g] = kTail ? Lane::load_f32_tail(from, count) : Lane::load_f32(from);
        }
    }
    add_columns<kOp, kRows, kGroups, kTail>(rows, matrix, matrix_stride, dim, count, sums);
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        LANNER_UNROLL
        for (int g = 0; g < kGroups; ++g) {
            Byte* const to = out + static_cast<std::size_t>(r) * out_stride + static_cast<std::size_t>(g) * kWidth;
            if constexpr (kTail) {
                Byte rest[kWidth];
                Lane::store_f32(sums[r][g], rest);
                for (std::size_t i = 0; i < 4 * count; ++i) to[i] = rest[i];
            } else {
                Lane::store_f32(sums[r][g], to);
            }
        }
    }
}

template <Op kOp, int kRows>
LANNER_INLINE void columns_stripe(const Byte* const* rows, const Byte* matrix, std::size_t matrix_stride,
                                  std::size_t dim, std::size_t column_count, Byte* out, std::size_t out_stride) {
    constexpr std::size_t kMany = Lane::kFloats * kColumnGroups;
    std::size_t c = 0;
    for (; c + kMany <= column_count; c += kMany) {
        columns_tile<kOp, kRows, kColumnGroups, false>(rows, matrix + 4 * c, matrix_stride, dim, 0, out + 4 * c,
                                                       out_stride);
    }
    for (; c + Lane::kFloats <= column_count; c += Lane::kFloats) {
        columns_tile<kOp, kRows, 1, false>(rows, matrix + 4 * c, matrix_stride, dim, 0, out + 4 * c, out_stride);
    }
    if (c < column_count) {
        columns_tile<kOp, kRows, 1, true>(rows, matrix + 4 * c, matrix_stride, dim, column_count - c, out + 4 * c,
                                          out_stride);
    }
}

template <Op kOp>
void columns_kernel(const float* rows, std::size_t row_stride, std::size_t row_count, const float* matrix,
                    std::size_t matrix_stride, std::size_t dim, std::size_t column_count, float* out,
                    std::size_t out_stride) noexcept {
    const Byte* const values = reinterpret_cast<const Byte*>(matrix);
    std::size_t i = 0;
    for (; i + kColumnRows <= row_count; i += kColumnRows) {
        const Byte* x[kColumnRows];
        LANNER_UNROLL
        for (int r = 0; r < kColumnRows; ++r) {
            x[r] = reinterpret_cast<const Byte*>(rows + (i + static_cast<std::size_t>(r)) * row_stride);
        }
        columns_stripe<kOp, kColumnRows>(x, values, 4 * matrix_stride, dim, column_count,
                                         reinterpret_cast<Byte*>(out + i * out_stride), 4 * out_stride);
    }
    for (; i < row_count; ++i) {
        const Byte* const x = reinterpret_cast<const Byte*>(rows + i * row_stride);
        columns_stripe<kOp, 1>(&x, values, 4 * matrix_stride, dim, column_count,
                               reinterpret_cast<Byte*>(out + i * out_stride), 4 * out_stride);
    }
}

// Distances of kGroups registers of columns to `found`, and the least of each lane so far.
template <int kRows, int kGroups>
LANNER_INLINE void nearest_tile(const Byte* const* rows, const Byte* matrix, std::size_t matrix_stride, std::size_t dim,
                                Byte (*found)[kMostColumns * 4], std::size_t at,
                                typename Lane::Floats (&least)[kRows]) {
    constexpr std::size_t kWidth = Lane::kFloats * 4;
    typename Lane::Floats sums[kRows][kGroups];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        LANNER_UNROLL
        for (int g = 0; g < kGroups; ++g) sums[r][g] = Lane::zero_floats();
    }
    add_columns<Op::kL2, kRows, kGroups, false>(rows, matrix + 4 * at, matrix_stride, dim, 0, sums);
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        LANNER_UNROLL
        for (int g = 0; g < kGroups; ++g) {
            Lane::store_f32(sums[r][g], found[r] + 4 * at + static_cast<std::size_t>(g) * kWidth);
            least[r] = Lane::min(sums[r][g], least[r]);
        }
    }
}

template <int kRows>
LANNER_INLINE void nearest_rows(const Byte* const* rows, const Byte* matrix, std::size_t matrix_stride, std::size_t dim,
                                std::size_t column_count, std::uint32_t* nearest, float* distances) {
    constexpr std::size_t kMany = Lane::kFloats * kColumnGroups;
    constexpr int kFewGroups = static_cast<int>(kColumnMultiple / Lane::kFloats);
    alignas(64) Byte found[kRows][kMostColumns * 4];
    typename Lane::Floats least[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) least[r] = Lane::broadcast(3.402823466e+38F);
    std::size_t c = 0;
    for (; c + kMany <= column_count; c += kMany) {
        nearest_tile<kRows, kColumnGroups>(rows, matrix, matrix_stride, dim, found, c, least);
    }
    for (; c < column_count; c += kColumnMultiple) {
        nearest_tile<kRows, kFewGroups>(rows, matrix, matrix_stride, dim, found, c, least);
    }
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        Byte lanes[Lane::kFloats * 4];
        Lane::store_f32(least[r], lanes);
        float bound = float_at(lanes);
        for (std::size_t i = 1; i < Lane::kFloats; ++i) {
            const float each = float_at(lanes + 4 * i);
            bound = each < bound ? each : bound;
        }
        std::uint32_t place = 0;
        for (std::size_t at = 0; at < column_count; at += Lane::kFloats) {
            std::uint32_t mask = Lane::less_equal(Lane::load_f32(found[r] + 4 * at), Lane::broadcast(bound));
            if (mask == 0) continue;
            for (place = static_cast<std::uint32_t>(at); (mask & 1U) == 0; mask >>= 1) ++place;
            break;
        }
        nearest[r] = place;
        distances[r] = bound;
    }
}

void nearest_column(const float* rows, std::size_t row_stride, std::size_t row_count, const float* matrix,
                    std::size_t matrix_stride, std::size_t dim, std::size_t column_count, std::uint32_t* nearest,
                    float* distances) noexcept {
    const Byte* const values = reinterpret_cast<const Byte*>(matrix);
    std::size_t i = 0;
    for (; i + kColumnRows <= row_count; i += kColumnRows) {
        const Byte* x[kColumnRows];
        LANNER_UNROLL
        for (int r = 0; r < kColumnRows; ++r) {
            x[r] = reinterpret_cast<const Byte*>(rows + (i + static_cast<std::size_t>(r)) * row_stride);
        }
        nearest_rows<kColumnRows>(x, values, 4 * matrix_stride, dim, column_count, nearest + i, distances + i);
    }
    for (; i < row_count; ++i) {
        const Byte* const x = reinterpret_cast<const Byte*>(rows + i * row_stride);
        nearest_rows<1>(&x, values, 4 * matrix_stride, dim, column_count, nearest + i, distances + i);
    }
}

}  // namespace
}  // namespace lanner
