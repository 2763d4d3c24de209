// Estimates from rows of one bit a feature and a query of four: the products of four bits with one are counts of common
// bits, plane by plane (Gao and Long, RaBitQ, SIGMOD 2024).

namespace lanner {
namespace {

// Of a long row, what is fetched ahead by hand.
constexpr std::size_t kMostFetched = 256;

// Rows end in their factors: a whole register may be loaded as long as it ends within the stride.
LANNER_INLINE typename Lane::Bytes sketch_bytes(const Byte* row, std::size_t at, std::size_t stride) {
    if constexpr (Lane::kBytes > 32) {
        if (stride < at + Lane::kBytes) return Lane::load_bytes_tail(row + at, stride - at);
    }
    return Lane::load_bytes(row + at);
}

struct SketchPlanes {
    typename Lane::Bytes plane[kSketchPlanes];
};

LANNER_INLINE SketchPlanes load_planes(const Byte* planes, std::size_t at) {
    SketchPlanes result;
    LANNER_UNROLL
    for (std::size_t p = 0; p < kSketchPlanes; ++p)
        result.plane[p] = Lane::load_bytes(planes + at / 64 * (64 * kSketchPlanes) + at % 64 + p * 64);
    return result;
}

LANNER_INLINE typename Lane::Ones add_common_bits(typename Lane::Ones sums, const SketchPlanes& planes,
                                                  typename Lane::Bytes bits) {
    typename Lane::Ones counts[kSketchPlanes];
    LANNER_UNROLL
    for (std::size_t p = 0; p < kSketchPlanes; ++p)
        counts[p] = Lane::add_ones(Lane::zero_ones(), Lane::bit_and(bits, planes.plane[p]));
    return Lane::add_weighted(sums, counts[0], counts[1], counts[2], counts[3]);
}

// The sums z b of four rows, in order. Planes of no more than a register stay in registers.
template <bool kOneStep>
LANNER_INLINE typename Lane::Quad sketch_sums(const Byte* planes, const SketchPlanes& first, const Byte* const* rows,
                                              std::size_t stride, std::size_t row_bytes) {
    typename Lane::Ones sums[4];
    LANNER_UNROLL
    for (int r = 0; r < 4; ++r) sums[r] = add_common_bits(Lane::zero_ones(), first, sketch_bytes(rows[r], 0, stride));
    if constexpr (!kOneStep) {
        for (std::size_t at = Lane::kBytes; at < row_bytes; at += Lane::kBytes) {
            const SketchPlanes next = load_planes(planes, at);
            LANNER_UNROLL
            for (int r = 0; r < 4; ++r) sums[r] = add_common_bits(sums[r], next, sketch_bytes(rows[r], at, stride));
        }
    }
    return Lane::sum4_ones(sums[0], sums[1], sums[2], sums[3]);
}

// What belongs to the rows of a block, each kind of factor side by side.
struct SketchBlock {
    const Byte* rows[kSketchRows];
    float products[kSketchRows], steps[kSketchRows], adds[kSketchRows], spreads[kSketchRows];
};

LANNER_INLINE const Byte* sketch_row(const SketchRows& rows, std::size_t at) {
    return static_cast<const Byte*>(rows.page) + (rows.slots[at] & rows.slot_mask) * rows.stride;
}

// The factors are written down long before they are read as whole registers, which would wait for them otherwise.
LANNER_INLINE void gather_block(const SketchRows& rows, std::size_t first, std::size_t count, SketchBlock& block) {
    for (std::size_t i = 0; i < count; ++i) {
        const Byte* const row = sketch_row(rows, first + i);
        SketchFactors factors;
        std::memcpy(&factors, row + rows.stride - sizeof factors, sizeof factors);
        block.rows[i] = row;
        block.steps[i] = factors.step;
        block.adds[i] = factors.add;
        block.spreads[i] = factors.spread;
    }
    for (; count % 4 != 0; ++count) block.rows[count] = block.rows[0];
}

LANNER_INLINE typename Lane::Floats load_floats(const float* from) {
    return Lane::load_f32(reinterpret_cast<const Byte*>(from));
}

// Multiplied and added apart, so that levels agree bit for bit.
LANNER_INLINE std::uint32_t block_values(const SketchQuery& query, const SketchBlock& block, float* values) {
    std::uint32_t mask = 0;
    LANNER_UNROLL
    for (std::size_t i = 0; i < kSketchRows; i += Lane::kFloats) {
        const typename Lane::Floats shift = Lane::mul(Lane::broadcast(query.scale), load_floats(block.adds + i));
        const typename Lane::Floats slope = Lane::mul(Lane::broadcast(query.slope), load_floats(block.products + i));
        const typename Lane::Floats estimate =
            Lane::sub(Lane::add(Lane::broadcast(query.base), shift), Lane::mul(slope, load_floats(block.steps + i)));
        const typename Lane::Floats value =
            Lane::sub(estimate, Lane::mul(Lane::broadcast(query.margin), load_floats(block.spreads + i)));
        Lane::store_f32(value, reinterpret_cast<Byte*>(values + i));
        mask |= Lane::less_equal(value, Lane::broadcast(query.limit)) << i;
    }
    return mask;
}

template <bool kOneStep>
LANNER_INLINE void sketch_blocks(const SketchQuery& query, const SketchRows& rows, std::size_t dim, float* values,
                                 std::uint32_t* masks) {
    const Byte* const planes = static_cast<const Byte*>(query.planes);
    const SketchPlanes first_planes = load_planes(planes, 0);
    const std::size_t row_bytes = (dim + 7) / 8;
    const std::size_t fetched = rows.stride < kMostFetched ? rows.stride : kMostFetched;
    const std::size_t known = rows.count + rows.following;
    SketchBlock block = {};
    for (std::size_t first = 0; first < rows.count; first += kSketchRows, values += kSketchRows) {
        const std::size_t count = rows.count - first < kSketchRows ? rows.count - first : kSketchRows;
        gather_block(rows, first, count, block);
        for (std::size_t i = 0; i < count; i += 4) {
            for (std::size_t next = first + kSketchRows + i; next < first + kSketchRows + i + 4 && next < known; ++next)
                prefetch_bytes(sketch_row(rows, next), fetched);
            const typename Lane::Quad sums =
                sketch_sums<kOneStep>(planes, first_planes, block.rows + i, rows.stride, row_bytes);
            Lane::store_signed(Lane::add_to_each(Lane::twice(sums), 0 - static_cast<std::uint32_t>(query.sum)),
                               block.products + i);
        }
        const std::uint32_t mask = block_values(query, block, values);
        *masks++ = mask & (0xffffffffU >> (kSketchRows - count));
    }
}

void sketch_values(const SketchQuery& query, const SketchRows& rows, std::size_t dim, float* values,
                   std::uint32_t* masks) noexcept {
    if (dim <= 8 * Lane::kBytes) {
        sketch_blocks<true>(query, rows, dim, values, masks);
    } else {
        sketch_blocks<false>(query, rows, dim, values, masks);
    }
}

}  // namespace
}  // namespace lanner
