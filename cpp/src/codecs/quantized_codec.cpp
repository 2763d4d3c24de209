#include "codecs/quantized_codec.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/prefetch.hpp"
#include "codecs/binary_quantizer.hpp"
#include "codecs/code_sums.hpp"
#include "codecs/features.hpp"
#include "codecs/product_quantizer.hpp"
#include "kernels/metric.hpp"

namespace lanner {
namespace {

// Rows a centroid below which codes of other vectors are worse than need be.
constexpr std::size_t kAmpleRows = 39;
// A code that tells less of a row's direction than this is not made longer to make up for it.
constexpr double kLeastCosine = 0.2;

// Rows of whole 16 bytes lie on few more cache lines than they must.
constexpr std::size_t stride_of(std::size_t bytes) noexcept { return (bytes + 15) / 16 * 16; }

ProductQuantizer::Shape product_shape(const QuantizedShape& shape, std::size_t dim) noexcept {
    return {dim, shape.parts, shape.bits, shape.kind == QuantizedShape::Kind::kRotatedProduct};
}

constexpr std::size_t factors_at(std::size_t dim) noexcept { return dim * sizeof(float); }

}  // namespace

QuantizedCodec::QuantizedCodec(const QuantizedShape& shape, Metric metric, std::size_t dim, std::uint64_t seed,
                               const KernelTable& kernels)
    : CodedRows(metric, dim, stride_of(dim * sizeof(float)), kernels),
      shape_(shape),
      seed_(seed),
      bytes_(dim * sizeof(float)) {
    if (product()) {
        ProductQuantizer::check(product_shape(shape, dim));
    } else {
        lay_out(BinaryQuantizer::centred(dim, shape.bits, seed));
    }
}

void QuantizedCodec::lay_out(std::shared_ptr<const Quantizer> quantizer) {
    quantizer_ = std::move(quantizer);
    bytes_ = quantizer_ ? quantizer_->scored_bytes() : dim_ * sizeof(float);
    rows_ = PagedRows(stride_of(bytes_));
}

FitNeeds QuantizedCodec::fit_needs() const noexcept {
    if (!product()) return {};
    const std::size_t clusters = std::size_t{1} << shape_.bits;
    return {FitNeeds{}.least, std::max(FitNeeds{}.ample, kAmpleRows * clusters),
            ProductQuantizer::most_rows(shape_.bits)};
}

void QuantizedCodec::learn(const float* rows, std::size_t count, const Work& work) {
    const FitProgress report = work.poll ? [&work](std::size_t, std::size_t) { work.poll(); } : FitProgress();
    lay_out(ProductQuantizer::fit(rows, count, product_shape(shape_, dim_), {seed_, work.threads, report}));
}

std::unique_ptr<CodedRows> QuantizedCodec::empty_copy() const {
    return std::make_unique<QuantizedCodec>(shape_, metric_, dim_, seed_, *kernels_);
}

void QuantizedCodec::take_fit(const CodedRows& other) {
    if (!other.fitted()) return;
    set_mean(other.mean());
    lay_out(static_cast<const QuantizedCodec&>(other).quantizer_);
}

void QuantizedCodec::swap(CodedRows& other) noexcept {
    auto& same = static_cast<QuantizedCodec&>(other);
    swap_rows(other);
    quantizer_.swap(same.quantizer_);
    std::swap(bytes_, same.bytes_);
}

void QuantizedCodec::reproduce(const std::byte* codes, float step, float* out) const {
    if (quantizer_) {
        quantizer_->reproduce(reinterpret_cast<const std::uint8_t*>(codes), out);
    } else {
        std::memcpy(out, codes, bytes_);
    }
    for (std::size_t i = 0; i < dim_; ++i) out[i] *= step;
}

float QuantizedCodec::encode(float* features, double squares, std::byte* codes) const {
    if (!quantizer_) {
        std::memcpy(codes, features, bytes_);
        return 1.0F;
    }
    std::vector<std::uint8_t> code(quantizer_->code_bytes());
    quantizer_->encode(features, 1, code.data(), {});
    std::memcpy(codes, code.data(), bytes_);
    std::vector<float> decoded(dim_);
    quantizer_->reproduce(code.data(), decoded.data());
    const double product = dot_of(features, decoded.data(), dim_);
    const double length = dot_of(decoded.data(), decoded.data(), dim_);
    if (!(squares > 0) || !(product > 0)) return 0.0F;
    // The square of the cosine between the two.
    const double aligned = product * product / (squares * length);
    const double step = aligned >= kLeastCosine * kLeastCosine ? squares / product : product / length;
    return std::isfinite(static_cast<float>(step)) ? static_cast<float>(step) : 0.0F;
}

std::size_t QuantizedCodec::bytes_a_row() const noexcept {
    return stride_of(product() ? (shape_.parts * shape_.bits + 7) / 8 : bytes_) + factors_bytes();
}

bool QuantizedCodec::sound(Slot slot) const noexcept {
    if (!CodedRows::sound(slot)) return false;
    const std::byte* const row = rows_.row(slot);
    const auto none = [](std::byte byte) { return byte == std::byte{0}; };
    if (!std::all_of(row + bytes_, row + rows_.stride(), none)) return false;
    if (!quantizer_) {
        const auto* const features = rows_.as<float>(slot);
        return std::all_of(features, features + dim_, [](float each) { return std::isfinite(each); });
    }
    if (product()) return shape_.bits == 8 || shape_.parts % 2 == 0 || none(row[bytes_ - 1] & std::byte{0xF0});
    const std::size_t plane = bytes_ / shape_.bits;
    const auto unused = static_cast<std::byte>(dim_ % 8 == 0 ? 0 : 0xFF << dim_ % 8 & 0xFF);
    for (std::size_t at = plane - 1; at < bytes_; at += plane) {
        if (!none(row[at] & unused)) return false;
    }
    return true;
}

bool QuantizedCodec::is_code_of(Slot slot, const float* features) const {
    constexpr double kSlack = 1e-3;
    std::vector<std::byte> codes(rows_.stride());
    RowFactors factors{0, 0};
    RowParts parts{0, 0};
    write_row(features, {codes.data(), &factors, &parts});
    const RowFactors stored = *factors_.as<RowFactors>(slot);
    const RowParts own = this->parts(slot);
    if (std::memcmp(&parts, &own, part_count_ * sizeof(float)) != 0 || factors.add != stored.add) return false;
    if (std::memcmp(codes.data(), rows_.row(slot), codes.size()) == 0)
        return std::fabs(factors.step - stored.step) <= static_cast<float>(kSlack) * factors.step;
    // Another code: as good as this one?
    std::vector<float> placed(features, features + dim_);
    const double squares = space_.place_row(placed.data()).squares;
    const auto error_of = [&](const std::byte* row, float step) {
        std::vector<float> decoded(dim_);
        reproduce(row, step, decoded.data());
        double sum = 0;
        for (std::size_t i = 0; i < dim_; ++i) {
            const double apart = static_cast<double>(placed[i]) - static_cast<double>(decoded[i]);
            sum += apart * apart;
        }
        return sum;
    };
    return std::fabs(error_of(codes.data(), factors.step) - error_of(rows_.row(slot), stored.step)) <= kSlack * squares;
}

void QuantizedCodec::prepare(const Vectors& queries, QueryBlock& block) const {
    block.resize(queries.count, factors_at(dim_) + sizeof(QueryFactors));
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    const auto* from = static_cast<const std::byte*>(queries.data);
    for (std::size_t query = 0; query < queries.count; ++query, from += stride) {
        auto* const row = reinterpret_cast<float*>(block.row(query));
        widen_row(from, queries.type, dim_, *kernels_, row);
        const MetricSpace::Query placed = space_.place_query(row);
        const QueryFactors factors{placed.base, placed.scale, placed.scale, placed.size};
        std::memcpy(block.row(query) + factors_at(dim_), &factors, sizeof factors);
    }
}

void QuantizedCodec::set_table(std::vector<float> table, Bound& bound) const {
    bound.table = std::move(table);
    if (form() == CodeForm::kNibbles) bound.table.resize(bytes_ * 32, 0.0F);
}

void QuantizedCodec::bind_query(const QueryBlock& queries, std::size_t index, Bound& bound) const {
    const auto* const placed = reinterpret_cast<const float*>(queries.row(index));
    set_table(quantizer_ ? quantizer_->query(placed, Match::kDot).table : std::vector<float>(placed, placed + dim_),
              bound);
    std::memcpy(&bound.factors, queries.row(index) + factors_at(dim_), sizeof bound.factors);
    bound.stored = false;
}

void QuantizedCodec::bind_stored(Slot slot, Bound& bound) const {
    const auto* const row = rows_.as<float>(slot);
    set_table(
        quantizer_ ? quantizer_->query_of(rows_.as<std::uint8_t>(slot)).table : std::vector<float>(row, row + dim_),
        bound);
    bound.factors = factors_of_stored(slot);
    bound.stored = true;
}

template <typename SlotAt>
void QuantizedCodec::score(const Bound& bound, const SlotAt& slot_at, std::size_t count, float* out) const noexcept {
    const float* const table = bound.table.data();
    const auto code = [&](std::size_t i) { return rows_.as<std::uint8_t>(slot_at(i)); };
    // Sums are of products with the other sign.
    switch (form()) {
        case CodeForm::kNibbles:
            for (std::size_t i = 0; i < count; ++i) out[i] = -nibble_sum(table, code(i), bytes_);
            break;
        case CodeForm::kBytes:
            for (std::size_t i = 0; i < count; ++i) out[i] = -byte_sum(table, code(i), bytes_);
            break;
        default:
            for (std::size_t i = 0; i < count; ++i) {
                kernels_->block[static_cast<int>(ElementType::kFloat32)][static_cast<int>(Op::kDot)](
                    table, 0, code(i), rows_.stride(), nullptr, 1, dim_, out + i);
            }
    }
    finish(bound.factors, bound.stored, slot_at, count, out);
}

void QuantizedCodec::score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count,
                                 Slot first, std::size_t count, float* out, std::size_t out_stride) const {
    Bound bound;
    for (std::size_t i = 0; i < query_count; ++i) {
        bind_query(queries, query_first + i, bound);
        score(
            bound, [&](std::size_t row) { return static_cast<Slot>(first + row); }, count, out + i * out_stride);
    }
}

// Scores scattered rows; see Scorer.
class QuantizedScorer final : public Scorer {
  public:
    explicit QuantizedScorer(const QuantizedCodec& codec) : codec_(codec) {}

    void bind_query(const QueryBlock& queries, std::size_t index) override {
        codec_.bind_query(queries, index, bound_);
    }
    void bind_slot(Slot slot) override { codec_.bind_stored(slot, bound_); }

    void score(const Slot* slots, std::size_t count, float* out) override {
        for (std::size_t i = 0; i < count; ++i) {
            prefetch(slots[i]);
            prefetch_far(codec_.factors_.row(slots[i]), sizeof(CodedRows::RowFactors));
        }
        codec_.score(
            bound_, [&](std::size_t i) { return slots[i]; }, count, out);
    }

    void prefetch(Slot slot) const noexcept override { prefetch_row(codec_.rows_.row(slot), codec_.rows_.stride()); }

  private:
    const QuantizedCodec& codec_;
    QuantizedCodec::Bound bound_;
};

std::unique_ptr<Scorer> QuantizedCodec::make_scorer() const { return std::make_unique<QuantizedScorer>(*this); }

// Scans of rows: tables of the queries bound are made once, and 4-bit codes are looked at 32 rows at a time through tables
// rounded down to bytes, which gives distances a bound from below.
class QuantizedSieve final : public Sieve {
  public:
    // The codes of so many rows stay in the second cache while the queries take turns.
    static constexpr SieveShape kShape{1, 128, 1024, 0};
    // Tables of 8-bit codes are sixteen times as large.
    static constexpr SieveShape kShapeOfBytes{1, 16, kShape.rows, 0};

    explicit QuantizedSieve(const QuantizedCodec& codec)
        : codec_(codec),
          rounds_(codec.form() == CodeForm::kNibbles && codec.metric_ != Metric::kSnrItem),
          products_(kShape.rows) {}

    void bind(const QueryBlock& queries, std::size_t first, std::size_t count) override;
    void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) override;
    void score(std::size_t query, const Slot* slots, std::size_t count, float* out) override;

  private:
    struct Query {
        QuantizedCodec::Bound bound;
        RoundedTables rounded;
    };

    void take_all(std::size_t query, Slot first, std::size_t count, std::vector<Sifted>& out);
    void sift_plain(std::size_t query, Slot first, std::size_t count, float bound, std::vector<Sifted>& out);
    void sift_nibbles(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out);

    const QuantizedCodec& codec_;
    bool rounds_;  // whether tables rounded down tell what is near
    std::vector<Query> queries_;
    std::vector<float> products_;
    std::vector<std::uint8_t> packed_;
    std::vector<float> steps_, adds_;  // of the rows packed
    std::vector<float> values_;
    std::vector<std::uint32_t> masks_;
};

void QuantizedSieve::bind(const QueryBlock& queries, std::size_t first, std::size_t count) {
    queries_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        codec_.bind_query(queries, first + i, queries_[i].bound);
        if (rounds_) queries_[i].rounded = RoundedTables(queries_[i].bound.table, nibble_tables(codec_.bytes_));
    }
}

void QuantizedSieve::score(std::size_t query, const Slot* slots, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) prefetch_near(codec_.rows_.row(slots[i]), codec_.bytes_);
    codec_.score(
        queries_[query].bound, [&](std::size_t i) { return slots[i]; }, count, out);
}

void QuantizedSieve::sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) {
    for (std::size_t done = 0; done < count; done += kShape.rows) {
        const auto from = static_cast<Slot>(first + done);
        const std::size_t rows = std::min(kShape.rows, count - done);
        if (rounds_) {
            sift_nibbles(from, rows, bounds, out);
        } else {
            for (std::size_t query = 0; query < queries_.size(); ++query)
                sift_plain(query, from, rows, bounds[query], out);
        }
    }
}

void QuantizedSieve::take_all(std::size_t query, Slot first, std::size_t count, std::vector<Sifted>& out) {
    for (std::size_t i = 0; i < count; ++i)
        out.push_back({static_cast<std::uint32_t>(query), static_cast<Slot>(first + i)});
}

void QuantizedSieve::sift_plain(std::size_t query, Slot first, std::size_t count, float bound,
                                std::vector<Sifted>& out) {
    if (bound == std::numeric_limits<float>::infinity()) return take_all(query, first, count, out);
    codec_.score(
        queries_[query].bound, [&](std::size_t i) { return static_cast<Slot>(first + i); }, count, products_.data());
    for (std::size_t i = 0; i < count; ++i) {
        if (products_[i] <= bound) out.push_back({static_cast<std::uint32_t>(query), static_cast<Slot>(first + i)});
    }
}

// With the sum of table entries between base + step * s and so much more, s from the tables rounded down.
void QuantizedSieve::sift_nibbles(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) {
    const std::size_t tables = nibble_tables(codec_.bytes_);
    const std::size_t blocks = (count + kNibbleRows - 1) / kNibbleRows;
    packed_.resize(blocks * tables * 16);
    codec_.kernels_->pack_nibbles(codec_.rows_.as<std::uint8_t>(first), codec_.rows_.stride(), count, codec_.bytes_,
                                  packed_.data());
    steps_.assign(blocks * kNibbleRows, 0.0F);
    adds_.assign(blocks * kNibbleRows, 0.0F);
    double most_step = 0;
    double most_add = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const CodedRows::RowFactors row = *codec_.factors_.as<CodedRows::RowFactors>(first + i);
        steps_[i] = row.step;
        adds_[i] = row.add;
        most_step = std::max(most_step, static_cast<double>(row.step));
        most_add = std::max(most_add, std::fabs(static_cast<double>(row.add)));
    }
    masks_.resize(2 * blocks);
    values_.resize(2 * blocks * kNibbleRows);
    NibbleQuery asked[2];
    std::size_t of[2] = {0, 0};
    std::size_t ready = 0;
    const auto look = [&] {
        codec_.kernels_->nibble_values(asked, ready, tables, packed_.data(), blocks, {steps_.data(), adds_.data()});
        for (std::size_t q = 0; q < ready; ++q) {
            for (std::size_t block = 0; block < blocks; ++block) {
                for (std::uint32_t mask = asked[q].masks[block]; mask != 0; mask &= mask - 1) {
                    const std::size_t at = block * kNibbleRows + static_cast<std::size_t>(std::countr_zero(mask));
                    if (at >= count) break;
                    out.push_back({static_cast<std::uint32_t>(of[q]), static_cast<Slot>(first + at)});
                }
            }
        }
        ready = 0;
    };
    for (std::size_t query = 0; query < queries_.size(); ++query) {
        if (bounds[query] == std::numeric_limits<float>::infinity()) {
            take_all(query, first, count, out);
            continue;
        }
        const Query& each = queries_[query];
        const auto slope = static_cast<double>(each.bound.factors.slope);
        const auto scale = static_cast<double>(each.bound.factors.scale);
        const auto base = static_cast<double>(each.bound.factors.base);
        const double magnitude = slope * each.rounded.magnitude * most_step + scale * most_add + std::fabs(base);
        // Of denormal numbers any rounding may be worth as much as they are.
        const double margin = magnitude * static_cast<double>(codec_.bytes_ + 32) * 0x1p-23 + 1e-30;
        const double limit = static_cast<double>(bounds[query]) - base + margin;
        // What float32 cannot hold is not judged.
        constexpr double kMost = static_cast<double>(std::numeric_limits<float>::max()) / 4;
        if (!each.rounded.bounded || !(magnitude < kMost) || !(std::fabs(limit) < kMost)) {
            sift_plain(query, first, count, bounds[query], out);
            continue;
        }
        of[ready] = query;
        asked[ready] = {each.rounded.bytes.data(),
                        static_cast<float>(slope * each.rounded.base),
                        static_cast<float>(slope * each.rounded.step),
                        each.bound.factors.scale,
                        static_cast<float>(limit),
                        values_.data() + ready * blocks * kNibbleRows,
                        masks_.data() + ready * blocks};
        if (++ready == 2) look();
    }
    if (ready > 0) look();
}

const SieveShape* QuantizedCodec::sieve_shape() const noexcept {
    if (!quantizer_) return nullptr;
    return form() == CodeForm::kBytes ? &QuantizedSieve::kShapeOfBytes : &QuantizedSieve::kShape;
}

std::unique_ptr<Sieve> QuantizedCodec::make_sieve() const {
    if (!quantizer_) return nullptr;
    return std::make_unique<QuantizedSieve>(*this);
}

void QuantizedCodec::save(SectionWriter& writer, std::size_t rows) const {
    CodedRows::save(writer, rows);
    if (product() && quantizer_) quantizer_->save(writer);
}

void QuantizedCodec::load(const SectionReader& reader, std::size_t rows, bool fitted) {
    if (product() && fitted) {
        std::unique_ptr<ProductQuantizer> quantizer = ProductQuantizer::load(reader);
        if (quantizer->shape() != product_shape(shape_, dim_))
            refuse_section("pq.config", "it describes other codes than the index has");
        lay_out(std::move(quantizer));
    }
    CodedRows::load(reader, rows, fitted);
}

}  // namespace lanner
