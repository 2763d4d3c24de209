#include "codecs/coded_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.hpp"

namespace lanner {
namespace {

std::size_t part_count_of(Metric metric) noexcept {
    if (metric == Metric::kSnrItem) return 2;
    return metric == Metric::kCosine || metric == Metric::kSnr ? 1 : 0;
}

}  // namespace

CodedRows::CodedRows(Metric metric, std::size_t dim, std::size_t stride, const KernelTable& kernels)
    : metric_(metric),
      dim_(dim),
      space_(metric, dim),
      kernels_(&kernels),
      rows_(stride),
      factors_(sizeof(RowFactors)),
      part_count_(part_count_of(metric)),
      parts_(std::max<std::size_t>(1, part_count_) * sizeof(float)) {}

void CodedRows::swap_rows(CodedRows& other) noexcept {
    std::swap(space_, other.space_);
    std::swap(rows_, other.rows_);
    std::swap(factors_, other.factors_);
    std::swap(parts_, other.parts_);
}

void CodedRows::grow(std::size_t rows) {
    rows_.grow(rows);
    factors_.grow(rows);
    if (part_count_ > 0) parts_.grow(rows);
}

void CodedRows::write_row(const float* features, const Coded& row) const {
    std::vector<float> work(features, features + dim_);
    const MetricSpace::Row placed = space_.place_row(work.data());
    std::memset(row.codes, 0, rows_.stride());
    *row.factors = {encode(work.data(), placed.squares, row.codes), placed.add};
    if (part_count_ > 0) std::memcpy(row.parts, &placed.parts, part_count_ * sizeof(float));
}

void CodedRows::store(Slot slot, const float* features) {
    write_row(features, {rows_.row(slot), factors_.as<RowFactors>(slot), part_count_ > 0 ? parts_.row(slot) : nullptr});
}

void CodedRows::copy(Slot slot, const CodedRows& other, Slot from) noexcept {
    std::memcpy(rows_.row(slot), other.rows_.row(from), rows_.stride());
    std::memcpy(factors_.row(slot), other.factors_.row(from), factors_.stride());
    if (part_count_ > 0) std::memcpy(parts_.row(slot), other.parts_.row(from), parts_.stride());
}

void CodedRows::erase(Slot slot) noexcept {
    std::memset(rows_.row(slot), 0, rows_.stride());
    *factors_.as<RowFactors>(slot) = {0, 0};
    if (part_count_ > 0) std::memset(parts_.row(slot), 0, parts_.stride());
}

CodedRows::RowParts CodedRows::parts(Slot slot) const noexcept {
    RowParts parts{0, 0};
    if (part_count_ > 0) std::memcpy(&parts, parts_.row(slot), part_count_ * sizeof(float));
    return parts;
}

void CodedRows::decode(Slot slot, float* out) const {
    const float step = factors_.as<RowFactors>(slot)->step;
    const RowParts parts = this->parts(slot);
    reproduce(rows_.row(slot), step, out);
    const float scale = metric_ == Metric::kCosine    ? parts.size
                        : metric_ == Metric::kSnrItem ? 1.0F / parts.size
                                                      : 1.0F;
    const float shift = metric_ == Metric::kSnr ? parts.size : metric_ == Metric::kSnrItem ? parts.mean : 0.0F;
    for (std::size_t i = 0; i < dim_; ++i) out[i] = (out[i] + (fitted() ? space_.mean()[i] : 0.0F)) * scale + shift;
}

bool CodedRows::sound(Slot slot) const noexcept {
    const RowFactors factors = *factors_.as<RowFactors>(slot);
    const RowParts parts = this->parts(slot);
    if (!std::isfinite(factors.step) || factors.step < 0 || !std::isfinite(factors.add)) return false;
    if (metric_ == Metric::kCosine && !(parts.size >= 0 && std::isfinite(parts.size))) return false;
    if (metric_ == Metric::kSnr && !std::isfinite(parts.size)) return false;
    return metric_ != Metric::kSnrItem || (parts.size > 0 && std::isfinite(parts.mean));
}

bool CodedRows::same(Slot left, Slot right) const noexcept {
    return std::memcmp(rows_.row(left), rows_.row(right), rows_.stride()) == 0 &&
           std::memcmp(factors_.row(left), factors_.row(right), factors_.stride()) == 0 &&
           (part_count_ == 0 || std::memcmp(parts_.row(left), parts_.row(right), parts_.stride()) == 0);
}

std::uint64_t CodedRows::fingerprint(Slot slot) const noexcept {
    const std::byte* const row = rows_.row(slot);
    std::uint64_t mixed = 0;
    for (std::size_t at = 0; at < rows_.stride(); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, row + at, std::min(sizeof word, rows_.stride() - at));
        mixed = mix64(mixed ^ word);
    }
    return mixed;
}

CodedRows::QueryFactors CodedRows::factors_of_stored(Slot slot) const noexcept {
    const RowFactors own = *factors_.as<RowFactors>(slot);
    const float size = parts(slot).size;
    const bool halved = metric_ == Metric::kCosine || metric_ == Metric::kIp;
    if (!halved) return {2 * own.add, 2, 2 * own.step, size};
    QueryFactors bound{own.add, 1, own.step, size};
    if (metric_ == Metric::kIp) bound.base -= space_.mean_squares();
    return bound;
}

std::size_t CodedRows::memory_bytes() const noexcept {
    return rows_.allocated_bytes() + rows_.adopted_bytes() + factors_.allocated_bytes() + factors_.adopted_bytes() +
           parts_.allocated_bytes() + parts_.adopted_bytes();
}

void CodedRows::save(SectionWriter& writer, std::size_t rows) const {
    if (fitted()) writer.write_section("codes.mean", space_.mean().data(), dim_ * sizeof(float));
    writer.write_rows("codes", rows_, rows);
    writer.write_rows("codes.factors", factors_, rows);
    if (part_count_ > 0) writer.write_rows("codes.parts", parts_, rows);
}

void CodedRows::load(const SectionReader& reader, std::size_t rows, bool fitted) {
    if (fitted) set_mean(read_mean(reader, "codes.mean", dim_));
    reader.read_rows("codes", rows, rows_);
    reader.read_rows("codes.factors", rows, factors_);
    if (part_count_ > 0) reader.read_rows("codes.parts", rows, parts_);
}

}  // namespace lanner
