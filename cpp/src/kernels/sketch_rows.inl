// Estimates from rows of one bit a feature and a query of four: the products of four bits with one are counts of common
// bits, plane by plane (Gao and Long, RaBitQ, SIGMOD 2024).

namespace lanner {
namespace {

// Rows end in their factors: a whole register may be loaded as long as it ends within the stride.
LANNER_INLINE typename Lane::Bytes sketch_bytes(const Byte* row, std::size_t at, std::size_t stride) {
    if constexpr (Lane::kBytes > 32) {
        if (stride < at + Lane::kBytes) return Lane::load_bytes_tail(row + at, stride - at);
    }
    return Lane::load_bytes(row + at);
}

template <int kRows>
LANNER_INLINE void sketch_sums(const SketchQuery& query, const Byte* const* rows, std::size_t stride,
                               std::size_t row_bytes, typename Lane::Ones (&sums)[4]) {
    LANNER_UNROLL
    for (int r = 0; r < 4; ++r) sums[r] = Lane::zero_ones();
    const Byte* const planes = static_cast<const Byte*>(query.planes);
    for (std::size_t at = 0; at < row_bytes; at += Lane::kBytes) {
        const Byte* const from = planes + at / 64 * (64 * kSketchPlanes) + at % 64;
        typename Lane::Bytes plane[kSketchPlanes];
        LANNER_UNROLL
        for (std::size_t p = 0; p < kSketchPlanes; ++p) plane[p] = Lane::load_bytes(from + p * 64);
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) {
            const typename Lane::Bytes bits = sketch_bytes(rows[r], at, stride);
            typename Lane::Ones counts[kSketchPlanes];
            LANNER_UNROLL
            for (std::size_t p = 0; p < kSketchPlanes; ++p)
                counts[p] = Lane::add_ones(Lane::zero_ones(), Lane::bit_and(bits, plane[p]));
            sums[r] = Lane::add_weighted(sums[r], counts[0], counts[1], counts[2], counts[3]);
        }
    }
}

// From sums z b to estimates. Multiplied and added apart, so that levels agree bit for bit.
LANNER_INLINE void sketch_estimates(const SketchQuery& query, const Byte* const* rows, std::size_t stride,
                                    std::size_t count, typename Lane::Quad sums, float* out) {
    float products[4];
    Lane::store_signed(Lane::add_to_each(Lane::twice(sums), 0 - static_cast<std::uint32_t>(query.sum)), products);
    for (std::size_t r = 0; r < count; ++r) {
        SketchFactors row;
        std::memcpy(&row, rows[r] + stride - sizeof row, sizeof row);
        const float slope = query.slope * products[r];
        const float shift = query.scale * row.add;
        const float part = slope * row.step;
        out[r] = (query.base + shift) - part;
    }
}

void sketch_rows(const SketchQuery& query, const void* const* rows, std::size_t stride, std::size_t count,
                 std::size_t dim, float* out) noexcept {
    const Byte* const* row = reinterpret_cast<const Byte* const*>(rows);
    const std::size_t row_bytes = (dim + 7) / 8;
    typename Lane::Ones sums[4];
    for (; count >= 4; count -= 4, row += 4, out += 4) {
        sketch_sums<4>(query, row, stride, row_bytes, sums);
        sketch_estimates(query, row, stride, 4, Lane::sum4_ones(sums[0], sums[1], sums[2], sums[3]), out);
    }
    for (; count > 0; --count, ++row, ++out) {
        sketch_sums<1>(query, row, stride, row_bytes, sums);
        sketch_estimates(query, row, stride, 1, Lane::sum4_ones(sums[0], sums[1], sums[2], sums[3]), out);
    }
}

}  // namespace
}  // namespace lanner
