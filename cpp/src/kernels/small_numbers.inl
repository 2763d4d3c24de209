// Rows of small numbers against many queries, four features of a query in the place of one count: what sieves of float
// rows ask first.

namespace lanner {
namespace {

// Rows, and registers of queries, that are added up side by side: as many as the register file holds, with 16-bit sums
// beside the 32-bit ones where products come in pairs.
constexpr int kSmallRows = Lane::kFloats == 16 ? 4 : 3;
constexpr int kSmallGroups = Lane::kByteProducts ? 4 : (Lane::kFloats == 16 ? 3 : 2);
constexpr std::size_t kSmallColumns = Lane::kFloats * static_cast<std::size_t>(kSmallGroups);
// Fours whose pairs of products fit in 16 bits together.
constexpr int kFoursTogether = 4;
static_assert(kSmallColumns <= 64);
static_assert(kFoursTogether * 2 * kMostSmall * kMostSmall < 32768 && kSmallStep == 4 * kFoursTogether);

// Adds kFoursTogether fours of each row and query.
template <class L, int kRows>
LANNER_INLINE void add_fours(const Byte* const* rows, const Byte* panel,
                             typename L::Counts (&sums)[kRows][kSmallGroups]) {
    constexpr std::size_t kRegister = 4 * L::kFloats;
    if constexpr (L::kByteProducts) {
        LANNER_UNROLL
        for (int t = 0; t < kFoursTogether; ++t, panel += 4 * kSmallColumns) {
            typename L::Fours y[kSmallGroups];
            LANNER_UNROLL
            for (int g = 0; g < kSmallGroups; ++g)
                y[g] = L::load_fours(panel + static_cast<std::size_t>(g) * kRegister);
            LANNER_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const typename L::Fours x = L::repeat_four(rows[r] + 4 * t);
                LANNER_UNROLL
                for (int g = 0; g < kSmallGroups; ++g) sums[r][g] = L::add_byte_products(sums[r][g], x, y[g]);
            }
        }
    } else {
        typename L::Words words[kRows][kSmallGroups];
        LANNER_UNROLL
        for (int t = 0; t < kFoursTogether; ++t, panel += 4 * kSmallColumns) {
            LANNER_UNROLL
            for (int r = 0; r < kRows; ++r) {
                const typename L::Fours x = L::repeat_four(rows[r] + 4 * t);
                LANNER_UNROLL
                for (int g = 0; g < kSmallGroups; ++g) {
                    const typename L::Words pairs =
                        L::fours_products(x, L::load_fours(panel + static_cast<std::size_t>(g) * kRegister));
                    words[r][g] = t == 0 ? pairs : L::add_words(words[r][g], pairs);
                    // One after the other: all products at once would not fit in the registers.
                    LANNER_IN_ORDER(words[r][g]);
                }
            }
        }
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) {
            LANNER_UNROLL
            for (int g = 0; g < kSmallGroups; ++g) {
                sums[r][g] = L::add_widened(sums[r][g], words[r][g]);
            }
        }
    }
}

// Those of a register of queries that may be near to a row.
LANNER_INLINE std::uint64_t near_ones(typename Lane::Floats product, const SmallRowTerms& row,
                                      const SmallQueryTerms& queries, std::size_t at) {
    constexpr std::uint32_t kAll = 0xffffffffU >> (32 - Lane::kFloats);
    const auto of = [at](const float* terms) { return Lane::load_f32(reinterpret_cast<const Byte*>(terms + at)); };
    const auto times = [&](float term, const float* terms) { return Lane::mul(Lane::broadcast(term), of(terms)); };
    const typename Lane::Floats about =
        Lane::add(Lane::mul(product, Lane::broadcast(row.step)), times(row.low, queries.sum));
    const typename Lane::Floats margin = Lane::add(times(row.lost, queries.length), times(row.size, queries.loss));
    const typename Lane::Floats value = Lane::add(Lane::add(about, margin), times(row.term, queries.unit));
    return std::uint64_t{~Lane::less_equal(value, of(queries.below)) & kAll} << at;
}

template <class L, int kRows>
LANNER_INLINE void small_tile(const Byte* const* rows, const SmallRowTerms* row_terms, const Byte* panel,
                              const SmallQueryTerms& query_terms, std::size_t dim, std::uint64_t* near) {
    typename L::Counts sums[kRows][kSmallGroups];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        LANNER_UNROLL
        for (int g = 0; g < kSmallGroups; ++g) sums[r][g] = L::zero_counts();
    }
    const Byte* x[kRows];
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) x[r] = rows[r];
    for (std::size_t j = 0; j < dim; j += kSmallStep, panel += kSmallStep * kSmallColumns) {
        add_fours<L, kRows>(x, panel, sums);
        LANNER_UNROLL
        for (int r = 0; r < kRows; ++r) x[r] += kSmallStep;
    }
    LANNER_UNROLL
    for (int r = 0; r < kRows; ++r) {
        near[r] = 0;
        LANNER_UNROLL
        for (int g = 0; g < kSmallGroups; ++g) {
            near[r] |= near_ones(L::floats_of(sums[r][g]), row_terms[r], query_terms,
                                 static_cast<std::size_t>(g) * L::kFloats);
        }
    }
}

template <class L>
LANNER_INLINE void small_rows(const Byte* rows, std::size_t stride, const SmallRowTerms* row_terms, std::size_t count,
                              const Byte* panel, const SmallQueryTerms& query_terms, std::size_t dim,
                              std::uint64_t* near) {
    if constexpr (L::kFours) {
        std::size_t i = 0;
        for (; i + kSmallRows <= count; i += kSmallRows) {
            const Byte* x[kSmallRows];
            for (int r = 0; r < kSmallRows; ++r) x[r] = rows + (i + static_cast<std::size_t>(r)) * stride;
            small_tile<L, kSmallRows>(x, row_terms + i, panel, query_terms, dim, near + i);
        }
        for (; i < count; ++i) {
            const Byte* const x = rows + i * stride;
            small_tile<L, 1>(&x, row_terms + i, panel, query_terms, dim, near + i);
        }
    } else {
        for (std::size_t i = 0; i < count; ++i, rows += stride) {
            std::int32_t sums[kSmallColumns] = {};
            for (std::size_t j = 0; j < dim; ++j) {
                const Byte* const fours = panel + j / 4 * (4 * kSmallColumns) + j % 4;
                for (std::size_t c = 0; c < kSmallColumns; ++c)
                    sums[c] += int{rows[j]} * static_cast<signed char>(fours[4 * c]);
            }
            Byte products[kSmallColumns * 4];
            for (std::size_t c = 0; c < kSmallColumns; ++c) {
                const auto product = static_cast<float>(sums[c]);
                std::memcpy(products + 4 * c, &product, 4);
            }
            near[i] = 0;
            for (std::size_t c = 0; c < kSmallColumns; c += L::kFloats)
                near[i] |= near_ones(L::load_f32(products + 4 * c), row_terms[i], query_terms, c);
        }
    }
}

void small_near(const std::uint8_t* rows, std::size_t row_stride, const SmallRowTerms* row_terms, std::size_t row_count,
                const std::int8_t* panel, const SmallQueryTerms& query_terms, std::size_t dim,
                std::uint64_t* near) noexcept {
    small_rows<Lane>(rows, row_stride, row_terms, row_count, reinterpret_cast<const Byte*>(panel), query_terms, dim,
                     near);
}

// Registers of features that are taken side by side, and what is left of a row, filled up with its first feature.
constexpr std::size_t kSide = 4 * Lane::kFloats;
constexpr std::size_t kSideBytes = kSide * 4;

// Rounds kSide features: (value - low) * scale is added to 2^23, whose last bit is one, so that what it comes to is rounded
// and its lowest byte is the code. Adds the squares of what rounding leaves out.
LANNER_INLINE void round_side(const Byte* values, typename Lane::Floats low, typename Lane::Floats step,
                              typename Lane::Floats scale, typename Lane::Floats (&lost)[2], Byte* out) {
    const typename Lane::Floats whole = Lane::broadcast(8388608.0F);
    Byte rounded[kSideBytes];
    LANNER_UNROLL
    for (std::size_t r = 0; r < 4; ++r) {
        const typename Lane::Floats value = Lane::load_f32(values + r * Lane::kFloats * 4);
        const typename Lane::Floats sum = Lane::add(Lane::mul(Lane::sub(value, low), scale), whole);
        const typename Lane::Floats stands = Lane::add(low, Lane::mul(Lane::sub(sum, whole), step));
        const typename Lane::Floats left = Lane::sub(value, stands);
        lost[r % 2] = Lane::add(lost[r % 2], Lane::mul(left, left));
        Lane::store_f32(sum, rounded + r * Lane::kFloats * 4);
    }
    for (std::size_t i = 0; i < kSide; ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, rounded + 4 * i, sizeof bits);
        out[i] = static_cast<Byte>(bits);
    }
}

LANNER_INLINE float least_of(typename Lane::Floats a) {
    Byte all[Lane::kFloats * 4];
    Lane::store_f32(a, all);
    float least = float_at(all);
    for (std::size_t i = 1; i < Lane::kFloats; ++i)
        least = float_at(all + 4 * i) < least ? float_at(all + 4 * i) : least;
    return least;
}

SmallRow to_small(const float* values, std::size_t count, std::uint8_t* out) noexcept {
    const Byte* const from = reinterpret_cast<const Byte*>(values);
    const std::size_t whole = count / kSide * kSide;
    Byte rest[kSideBytes];
    for (std::size_t i = 0; i < kSide; ++i) std::memcpy(rest + 4 * i, values + (whole + i < count ? whole + i : 0), 4);

    const typename Lane::Floats zero = Lane::zero_floats();
    typename Lane::Floats least[2], most[2];  // of the negated features
    LANNER_UNROLL
    for (int r = 0; r < 2; ++r) {
        least[r] = Lane::load_f32(rest);
        most[r] = Lane::sub(zero, least[r]);
    }
    for (std::size_t i = 0; i <= whole; i += kSide) {
        const Byte* const side = i < whole ? from + 4 * i : rest;
        LANNER_UNROLL
        for (std::size_t r = 0; r < 4; ++r) {
            const typename Lane::Floats value = Lane::load_f32(side + r * Lane::kFloats * 4);
            least[r % 2] = Lane::min(least[r % 2], value);
            most[r % 2] = Lane::min(most[r % 2], Lane::sub(zero, value));
        }
    }
    const float low = least_of(Lane::min(least[0], least[1]));
    const float high = 0.0F - least_of(Lane::min(most[0], most[1]));

    const float range = high - low;
    const bool spread = range >= 1e-30F && range <= 3e38F;
    const float step = spread ? range / static_cast<float>(kMostSmall) : 0.0F;
    const float scale = spread ? static_cast<float>(kMostSmall) / range : 0.0F;
    typename Lane::Floats lost[2] = {zero, zero};
    const typename Lane::Floats lows = Lane::broadcast(low);
    for (std::size_t i = 0; i < whole; i += kSide)
        round_side(from + 4 * i, lows, Lane::broadcast(step), Lane::broadcast(scale), lost, out + i);
    // Behind the last feature the least one, which rounding leaves as it is.
    for (std::size_t i = count - whole; i < kSide; ++i) std::memcpy(rest + 4 * i, &low, 4);
    Byte codes[kSide];
    round_side(rest, lows, Lane::broadcast(step), Lane::broadcast(scale), lost, codes);
    for (std::size_t i = 0; whole + i < count; ++i) out[whole + i] = codes[i];
    Byte sums[Lane::kFloats * 4];
    Lane::store_f32(Lane::add(lost[0], lost[1]), sums);
    float all = 0;
    for (std::size_t i = 0; i < Lane::kFloats; ++i) all += float_at(sums + 4 * i);
    return {low, step, all};
}

}  // namespace
}  // namespace lanner
