#include "codecs/sketch_codec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "base/prefetch.hpp"
#include "codecs/features.hpp"
#include "kernels/metric.hpp"

namespace lanner {
namespace {

// Rows that are scored at a time.
constexpr std::size_t kPart = 8 * kSketchRows;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Without a branch, which would be guessed wrong every other time.
void put_bit(std::byte* bits, std::size_t at, bool bit) noexcept { bits[at / 8] |= std::byte{bit} << (at % 8); }

// How many slots in front lie on the page of the first one.
std::size_t run_length(std::span<const Slot> slots, std::size_t mask) noexcept {
    constexpr std::size_t kStep = 32;
    std::size_t count = 0;
    const Slot first = slots.front();
    for (; count + kStep <= slots.size(); count += kStep) {
        Slot apart = 0;
        for (std::size_t i = 0; i < kStep; ++i) apart |= slots[count + i] ^ first;
        if (apart > mask) break;
    }
    while (count < slots.size() && (slots[count] ^ first) <= mask) ++count;
    return count;
}

}  // namespace

SketchCodec::SketchCodec(Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels)
    : metric_(metric),
      dim_(dim),
      kernels_(&kernels),
      space_(metric, dim),
      rotation_(dim, seed, kernels),
      query_factors_at_(sketch_query_bytes(dim)),
      rows_(sketch_stride(dim)) {}

SketchCodec SketchCodec::empty_copy() const {
    SketchCodec copy(metric_, dim_, 0, *kernels_);
    copy.rotation_ = rotation_;
    return copy;
}

const SketchFactors& SketchCodec::factors(Slot slot) const noexcept {
    return *reinterpret_cast<const SketchFactors*>(rows_.row(slot) + rows_.stride() - sizeof(SketchFactors));
}

// With r = sum |x'_i| / (sqrt(dim) |x'|), the cosine between x' and its signs, an estimate's standard deviation is
// |q'| |x'| sqrt((1 - r^2) / r^2 / (dim - 1)), of the part of q' across x', here taken as all of q'.
void SketchCodec::write_row(const float* features, std::byte* row) const {
    std::vector<float> work(features, features + dim_);
    const MetricSpace::Row placed = space_.place_row(work.data());
    rotation_.apply(work.data());
    std::memset(row, 0, rows_.stride());
    double sum = 0;
    for (std::size_t i = 0; i < dim_; ++i) {
        sum += static_cast<double>(std::fabs(work[i]));
        put_bit(row, i, !std::signbit(work[i]));
    }
    SketchFactors factors{0, placed.add, 0, metric_ == Metric::kSnrItem ? placed.parts.size : 0.0F};
    if (sum >= static_cast<double>(kLeastFeature)) {
        const double step = placed.squares / sum;
        const double across = std::max(0.0, static_cast<double>(dim_) * step * step - placed.squares);
        factors.step = static_cast<float>(step);
        factors.spread =
            static_cast<float>(std::sqrt(across / static_cast<double>(std::max<std::size_t>(dim_, 2) - 1)));
    }
    std::memcpy(row + rows_.stride() - sizeof factors, &factors, sizeof factors);
}

void SketchCodec::grow(std::size_t rows) { rows_.grow(rows); }

void SketchCodec::store(Slot slot, const float* features) { write_row(features, rows_.row(slot)); }

void SketchCodec::erase(Slot slot) noexcept { std::memset(rows_.row(slot), 0, rows_.stride()); }

bool SketchCodec::sound(Slot slot) const noexcept {
    const SketchFactors row = factors(slot);
    if (!(row.step >= 0 && std::isfinite(row.step)) || !std::isfinite(row.add)) return false;
    if (!(row.spread >= 0 && std::isfinite(row.spread))) return false;
    if (!(metric_ == Metric::kSnrItem ? row.size > 0 : row.size == 0)) return false;
    const std::byte* const bits = rows_.row(slot);
    const std::byte* const end = bits + rows_.stride() - sizeof(SketchFactors);
    if (dim_ % 8 != 0 && std::to_integer<unsigned>(bits[dim_ / 8]) >> (dim_ % 8) != 0) return false;
    return std::all_of(bits + (dim_ + 7) / 8, end, [](std::byte byte) { return byte == std::byte{0}; });
}

bool SketchCodec::is_sketch_of(Slot slot, const float* features) const {
    std::vector<std::byte> row(rows_.stride());
    write_row(features, row.data());
    return std::memcmp(row.data(), rows_.row(slot), row.size()) == 0;
}

void SketchCodec::prepare(const Vectors& queries, QueryBlock& block) const {
    block.resize(queries.count, query_factors_at_ + sizeof(QueryFactors));
    std::vector<float> work(dim_);
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    const auto* from = static_cast<const std::byte*>(queries.data);
    for (std::size_t query = 0; query < queries.count; ++query, from += stride) {
        widen_row(from, queries.type, dim_, *kernels_, work.data());
        const MetricSpace::Query placed = space_.place_query(work.data());
        rotation_.apply(work.data());
        std::byte* const row = block.row(query);
        std::memset(row, 0, query_factors_at_);
        QueryFactors factors{0, placed.base, placed.scale, 0, 0, placed.size};
        float most = 0;
        for (const float feature : work) most = std::max(most, std::fabs(feature));
        if (most >= kLeastFeature) {
            const float scale = 7.5F / most;
            double along = 0;
            double code_squares = 0;
            for (std::size_t i = 0; i < dim_; ++i) {
                const int code = std::min(7, static_cast<int>(work[i] * scale + 8.5F) - 8);
                factors.sum += code;
                along += static_cast<double>(work[i]) * code;
                code_squares += code * code;
                std::byte* const planes = row + i / 512 * (64 * kSketchPlanes) + i % 512 / 8;
                for (std::size_t p = 0; p < kSketchPlanes; ++p)
                    put_bit(planes + p * 64, i % 8, (static_cast<unsigned>(code) >> p & 1U) != 0);
            }
            // As with rows: the product of the query with its codes is its square. What the codes lack of it meets the
            // signs at random, undiminished by the part of them that lies along the row.
            const double step = placed.squares / along;
            const double lost = std::max(0.0, step * step * code_squares - placed.squares);
            factors.slope = placed.scale * static_cast<float>(step);
            factors.spread = std::fabs(placed.scale) *
                             static_cast<float>(std::sqrt(placed.squares + lost / (1 - 2 * std::numbers::inv_pi)));
        }
        std::memcpy(row + query_factors_at_, &factors, sizeof factors);
    }
}

SketchCodec::QueryFactors SketchCodec::query_factors(const QueryBlock& queries, std::size_t query) const noexcept {
    QueryFactors factors{};
    std::memcpy(&factors, queries.row(query) + query_factors_at_, sizeof factors);
    return factors;
}

std::size_t SketchCodec::lower_bounds(const QueryBlock& queries, std::size_t query, float width, float limit,
                                      std::span<const Slot> slots, std::size_t count, float* values,
                                      std::uint32_t* masks) const {
    const QueryFactors bound = query_factors(queries, query);
    const bool of_items = metric_ == Metric::kSnrItem;
    const std::size_t mask = rows_.run(0) - 1;
    const auto first = static_cast<Slot>(slots.front() & ~mask);
    const std::size_t known = run_length(slots.first(std::min(slots.size(), count + kSketchRows)), mask);
    count = std::min(count, known);
    const SketchQuery sketch{queries.row(query),
                             bound.sum,
                             bound.base,
                             bound.scale,
                             bound.slope,
                             of_items ? 0.0F : width * bound.spread,
                             limit};
    kernels_->sketch_values(sketch, {rows_.row(first), rows_.stride(), mask, slots.data(), count, known - count}, dim_,
                            values, masks);
    if (!of_items) return count;
    std::fill_n(masks, (count + kSketchRows - 1) / kSketchRows, 0U);
    for (std::size_t i = 0; i < count; ++i) {
        const SketchFactors& row = factors(slots[i]);
        const float estimate = MetricSpace::item_distance(row.size, bound.size, row.size * bound.size - 1, values[i]);
        const float margin = width * error_of(bound, row);
        values[i] = std::isfinite(estimate) && std::isfinite(margin) ? estimate - margin : estimate;
        masks[i / kSketchRows] |= static_cast<std::uint32_t>(values[i] <= limit) << (i % kSketchRows);
    }
    return count;
}

void SketchCodec::prefetch(std::span<const Slot> slots) const noexcept {
    for (const Slot slot : slots) prefetch_row(rows_.row(slot), rows_.stride());
}

void SketchCodec::score(const QueryBlock& queries, std::size_t query, std::span<const Slot> slots, float* out) const {
    std::array<float, kPart> values;
    std::array<std::uint32_t, kPart / kSketchRows> masks;
    while (!slots.empty()) {
        const std::size_t count = lower_bounds(queries, query, 0, kInfinity, slots, std::min(kPart, slots.size()),
                                               values.data(), masks.data());
        out = std::copy_n(values.data(), count, out);
        slots = slots.subspan(count);
    }
}

float SketchCodec::error_of(const QueryFactors& query, const SketchFactors& row) const noexcept {
    const float error = query.spread * row.spread;
    if (metric_ != Metric::kSnrItem) return error;
    const float size = row.size * query.size;
    return size == kInfinity ? 0.0F : size * error;
}

float SketchCodec::error(const QueryBlock& queries, std::size_t query, Slot slot) const noexcept {
    return error_of(query_factors(queries, query), factors(slot));
}

void SketchCodec::save(SectionWriter& writer, std::size_t rows) const {
    if (fitted()) writer.write_section("sketches.mean", space_.mean().data(), dim_ * sizeof(float));
    writer.write_rows("sketches", rows_, rows);
}

void SketchCodec::load(const SectionReader& reader, std::size_t rows, bool fitted) {
    if (fitted) set_mean(read_mean(reader, "sketches.mean", dim_));
    reader.read_rows("sketches", rows, rows_);
}

}  // namespace lanner
