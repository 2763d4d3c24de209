// Estimates from rows of one bit a feature and a query of four: the products of four bits with one are counts of common
// bits, plane by plane (Gao and Long, RaBitQ, SIGMOD 2024).

namespace lanner {
namespace {

// Of a long row, what is fetched ahead by hand.
constexpr std::size_t kMostFetched = 256;

// How many registers a row takes: part of one, one, or several. Rows end in their factors, so that whole registers may be
// loaded but in the first case.
enum class SketchWidth { kPart, kOne, kSeveral };

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

template <SketchWidth kWidth>
LANNER_INLINE typename Lane::Bytes first_bytes(const Byte* row, std::size_t stride) {
    if constexpr (kWidth == SketchWidth::kPart) return Lane::load_bytes_tail(row, stride);
    return Lane::load_bytes(row);
}

// The sums z b of four rows. Planes of no more than a register stay in registers.
template <SketchWidth kWidth>
LANNER_INLINE typename Lane::Quad sketch_sums(const Byte* planes, const SketchPlanes& first, const Byte* page,
                                              const std::uint32_t* offsets, std::size_t stride, std::size_t row_bytes) {
    typename Lane::Ones sums[4];
    LANNER_UNROLL
    for (int r = 0; r < 4; ++r)
        sums[r] = add_common_bits(Lane::zero_ones(), first, first_bytes<kWidth>(page + offsets[r], stride));
    if constexpr (kWidth == SketchWidth::kSeveral) {
        for (std::size_t at = Lane::kBytes; at < row_bytes; at += Lane::kBytes) {
            const SketchPlanes next = load_planes(planes, at);
            LANNER_UNROLL
            for (int r = 0; r < 4; ++r)
                sums[r] = add_common_bits(sums[r], next, Lane::load_bytes(page + offsets[r] + at));
        }
    }
    return Lane::sum4_ones(sums[0], sums[1], sums[2], sums[3]);
}

// Where rows lie in their page. A whole number of four is written, of which the last may be anywhere in the page.
LANNER_INLINE void sketch_offsets(const SketchRows& rows, std::size_t first, std::size_t count,
                                  std::uint32_t* offsets) {
    const auto mask = static_cast<std::uint32_t>(rows.slot_mask);
    const auto stride = static_cast<std::uint32_t>(rows.stride);
    const std::uint32_t* const slots = rows.slots + first;
    if (count == kSketchRows) {
        for (std::size_t i = 0; i < kSketchRows; ++i) offsets[i] = (slots[i] & mask) * stride;
        return;
    }
    for (std::size_t i = 0; i < count; ++i) offsets[i] = (slots[i] & mask) * stride;
    for (; count % 4 != 0; ++count) offsets[count] = offsets[0];
}

LANNER_INLINE typename Lane::Floats load_floats(const float* from) {
    return Lane::load_f32(reinterpret_cast<const Byte*>(from));
}

// Multiplied and added apart, so that levels agree bit for bit.
LANNER_INLINE std::uint32_t block_values(const SketchQuery& query, const SketchFactors* factors,
                                         const std::uint32_t* sums, float* values) {
    float products[kSketchRows], steps[kSketchRows], adds[kSketchRows], spreads[kSketchRows];
    for (std::size_t i = 0; i < kSketchRows; ++i) {
        products[i] = static_cast<float>(static_cast<std::int32_t>(2 * sums[i]) - query.sum);
        steps[i] = factors[i].step;
        adds[i] = factors[i].add;
        spreads[i] = factors[i].spread;
    }
    std::uint32_t mask = 0;
    LANNER_UNROLL
    for (std::size_t i = 0; i < kSketchRows; i += Lane::kFloats) {
        const typename Lane::Floats shift = Lane::mul(Lane::broadcast(query.scale), load_floats(adds + i));
        const typename Lane::Floats slope = Lane::mul(Lane::broadcast(query.slope), load_floats(products + i));
        const typename Lane::Floats estimate =
            Lane::sub(Lane::add(Lane::broadcast(query.base), shift), Lane::mul(slope, load_floats(steps + i)));
        const typename Lane::Floats value =
            Lane::sub(estimate, Lane::mul(Lane::broadcast(query.margin), load_floats(spreads + i)));
        Lane::store_f32(value, reinterpret_cast<Byte*>(values + i));
        mask |= Lane::less_equal(value, Lane::broadcast(query.limit)) << i;
    }
    return mask;
}

template <SketchWidth kWidth>
LANNER_INLINE void sketch_blocks(const SketchQuery& query, const SketchRows& rows, std::size_t dim, float* values,
                                 std::uint32_t* masks) {
    const Byte* const planes = static_cast<const Byte*>(query.planes);
    const Byte* const page = static_cast<const Byte*>(rows.page);
    const SketchPlanes first_planes = load_planes(planes, 0);
    const std::size_t row_bytes = (dim + 7) / 8;
    const std::size_t fetched = rows.stride < kMostFetched ? rows.stride : kMostFetched;
    const std::size_t known = rows.count + rows.following;
    // Of this block and the next, in turn; beyond the last slot they are those of any row.
    std::uint32_t offsets[2][kSketchRows] = {};
    // Written long before it is read as whole registers, which would wait for it otherwise.
    SketchFactors factors[kSketchRows] = {};
    std::uint32_t sums[kSketchRows] = {};
    sketch_offsets(rows, 0, rows.count < kSketchRows ? rows.count : kSketchRows, offsets[0]);
    for (std::size_t first = 0; first < rows.count; first += kSketchRows, values += kSketchRows) {
        const std::uint32_t* const here = offsets[first / kSketchRows % 2];
        std::uint32_t* const ahead = offsets[(first / kSketchRows + 1) % 2];
        const std::size_t count = rows.count - first < kSketchRows ? rows.count - first : kSketchRows;
        const std::size_t next = first + kSketchRows;
        const std::size_t next_count = known <= next ? 0 : known - next < kSketchRows ? known - next : kSketchRows;
        sketch_offsets(rows, next, next_count, ahead);
        for (std::size_t i = 0; i < count; ++i)
            std::memcpy(factors + i, page + here[i] + rows.stride - sizeof(SketchFactors), sizeof(SketchFactors));
        for (std::size_t i = 0; i < count; i += 4) {
            if constexpr (kWidth != SketchWidth::kSeveral) {
                LANNER_UNROLL
                for (std::size_t j = i; j < i + 4; ++j) LANNER_PREFETCH(page + ahead[j]);
                if (fetched > 64) {
                    LANNER_UNROLL
                    for (std::size_t j = i; j < i + 4; ++j) LANNER_PREFETCH(page + ahead[j] + 64);
                }
            } else {
                for (std::size_t j = i; j < i + 4 && j < next_count; ++j) prefetch_bytes(page + ahead[j], fetched);
            }
            Lane::store(sketch_sums<kWidth>(planes, first_planes, page, here + i, rows.stride, row_bytes), sums + i);
        }
        const std::uint32_t mask = block_values(query, factors, sums, values);
        *masks++ = mask & (0xffffffffU >> (kSketchRows - count));
    }
}

void sketch_values(const SketchQuery& query, const SketchRows& rows, std::size_t dim, float* values,
                   std::uint32_t* masks) noexcept {
    if (Lane::kBytes > 32 && rows.stride < Lane::kBytes) {
        sketch_blocks<SketchWidth::kPart>(query, rows, dim, values, masks);
    } else if (dim <= 8 * Lane::kBytes) {
        sketch_blocks<SketchWidth::kOne>(query, rows, dim, values, masks);
    } else {
        sketch_blocks<SketchWidth::kSeveral>(query, rows, dim, values, masks);
    }
}

}  // namespace
}  // namespace lanner
