#include "codecs/scalar_codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/prefetch.hpp"
#include "base/random.hpp"
#include "codecs/features.hpp"
#include "kernels/metric.hpp"

namespace lanner {
namespace {

// Ranges tried for 4 bits, as parts of the largest feature: cutting off the few largest makes all others finer.
constexpr float kRanges[] = {1.0F, 0.95F, 0.9F, 0.85F, 0.8F, 0.75F, 0.7F, 0.65F};

constexpr std::size_t aligned(std::size_t bytes) noexcept { return (bytes + 3) / 4 * 4; }

// No row lies on more cache lines than it must.
std::size_t stride_of(std::size_t row_bytes) noexcept {
    return row_bytes > 64 ? (row_bytes + 63) / 64 * 64 : std::bit_ceil(row_bytes);
}

struct Nibble {
    std::size_t byte;
    bool high;
};

Nibble nibble_of(std::size_t feature, std::size_t dim) noexcept {
    const std::size_t block = feature / (2 * kCodeBlock);
    const std::size_t place = feature % (2 * kCodeBlock);
    const std::size_t rest = dim - block * 2 * kCodeBlock;
    const std::size_t half = rest < 2 * kCodeBlock ? (rest + 1) / 2 : kCodeBlock;
    return {block * kCodeBlock + place % half, place >= half};
}

// The multiples that nibbles stand for, the low ones of each byte or, shifted by 4, the high ones. Returns their sum.
std::int32_t unpack(const std::uint8_t* bytes, std::size_t count, unsigned shift, std::int8_t* out) noexcept {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int8_t>(2 * ((bytes[i] >> shift) & 15) - 15);
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += out[i];
    return sum;
}

// Moves the last of `dim` bytes to where 4-bit products want them; whole blocks lie right.
void spread_last_block(std::size_t dim, std::int8_t* query) noexcept {
    const std::size_t rest = dim % (2 * kCodeBlock);
    std::int8_t* const block = query + (dim - rest);
    const std::size_t low = (rest + 1) / 2;
    std::memmove(block + kCodeBlock, block + low, rest - low);
    std::memset(block + low, 0, std::min(kCodeBlock, rest) - low);
}

}  // namespace

ScalarCodec::ScalarCodec(CodeBits bits, Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels)
    : CodedRows(metric, dim, stride_of(code_bytes(bits, dim)), kernels),
      bits_(bits),
      rotation_(dim, seed, kernels),
      query_factors_at_(aligned(code_query_bytes(bits, dim))) {}

std::unique_ptr<CodedRows> ScalarCodec::empty_copy() const {
    auto copy = std::make_unique<ScalarCodec>(bits_, metric_, dim_, 0, *kernels_);
    copy->rotation_ = rotation_;
    return copy;
}

void ScalarCodec::take_fit(const CodedRows& other) {
    if (other.fitted()) set_mean(other.mean());
}

void ScalarCodec::swap(CodedRows& other) noexcept { swap_rows(other); }

int ScalarCodec::multiple(const std::byte* row, std::size_t feature) const noexcept {
    if (bits_ == CodeBits::k8) return std::to_integer<int>(row[feature]) - 128;
    const Nibble nibble = nibble_of(feature, dim_);
    const int both = std::to_integer<int>(row[nibble.byte]);
    return 2 * (nibble.high ? both >> 4 : both & 15) - 15;
}

void ScalarCodec::put_code(std::byte* row, std::size_t feature, unsigned code) const noexcept {
    if (bits_ == CodeBits::k8) {
        row[feature] = static_cast<std::byte>(code);
        return;
    }
    const Nibble nibble = nibble_of(feature, dim_);
    row[nibble.byte] |= static_cast<std::byte>(nibble.high ? code << 4 : code);
}

// The step is chosen such that the product of the row with its decoded self is the row's square: estimates are then without
// bias towards or from it.
float ScalarCodec::encode(float* features, double squares, std::byte* codes) const {
    rotation_.apply(features);
    const float* const rotated = features;
    const float most = kernels_->largest(rotated, dim_);
    if (!(most >= kLeastFeature)) {
        for (std::size_t i = 0; i < dim_; ++i) put_code(codes, i, bits_ == CodeBits::k8 ? 128 : 8);
        return 0.0F;
    }
    double product = 0;
    if (bits_ == CodeBits::k8) {
        const float scale = 127.0F / most;
        for (std::size_t i = 0; i < dim_; ++i) {
            const auto code = static_cast<unsigned>(rotated[i] * scale + 128.5F);
            product += static_cast<double>(rotated[i]) * (static_cast<int>(code) - 128);
            put_code(codes, i, code);
        }
        return static_cast<float>(squares / product);
    }
    const auto code_of = [&](std::size_t i, float scale) {
        return static_cast<int>(std::clamp(rotated[i] * scale + 8.0F, 0.0F, 15.0F));
    };
    float best_scale = 0;
    float best = -1;
    for (const float range : kRanges) {
        const float scale = 7.5F / (most * range);
        float along = 0;
        float length = 0;
        for (std::size_t i = 0; i < dim_; ++i) {
            const auto value = static_cast<float>(2 * code_of(i, scale) - 15);
            along += rotated[i] / most * value;
            length += value * value;
        }
        if (along * along / length > best) {
            best = along * along / length;
            best_scale = scale;
        }
    }
    for (std::size_t i = 0; i < dim_; ++i) {
        const int code = code_of(i, best_scale);
        product += static_cast<double>(rotated[i]) * (2 * code - 15);
        put_code(codes, i, static_cast<unsigned>(code));
    }
    return static_cast<float>(squares / product);
}

void ScalarCodec::reproduce(const std::byte* codes, float step, float* out) const {
    for (std::size_t i = 0; i < dim_; ++i) out[i] = step * static_cast<float>(multiple(codes, i));
    rotation_.invert(out);
}

bool ScalarCodec::sound(Slot slot) const noexcept {
    if (!CodedRows::sound(slot)) return false;
    const std::byte* const row = rows_.row(slot);
    if (bits_ == CodeBits::k8 && std::find(row, row + dim_, std::byte{0}) != row + dim_) return false;
    return std::all_of(row + code_bytes(bits_, dim_), row + rows_.stride(),
                       [](std::byte byte) { return byte == std::byte{0}; });
}

bool ScalarCodec::is_code_of(Slot slot, const float* features) const {
    std::vector<std::byte> codes(rows_.stride());
    RowFactors factors{0, 0};
    RowParts parts{0, 0};
    write_row(features, {codes.data(), &factors, &parts});
    const RowParts stored = this->parts(slot);
    return std::memcmp(codes.data(), rows_.row(slot), codes.size()) == 0 &&
           std::memcmp(&factors, factors_.row(slot), sizeof factors) == 0 &&
           std::memcmp(&parts, &stored, part_count_ * sizeof(float)) == 0;
}

void ScalarCodec::prepare(const Vectors& queries, QueryBlock& block) const {
    block.resize(queries.count, query_factors_at_ + sizeof(QueryFactors));
    std::vector<float> work(dim_);
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    const auto* from = static_cast<const std::byte*>(queries.data);
    for (std::size_t query = 0; query < queries.count; ++query, from += stride) {
        widen_row(from, queries.type, dim_, *kernels_, work.data());
        const MetricSpace::Query placed = space_.place_query(work.data());
        QueryFactors factors{placed.base, placed.scale, 0, placed.size};
        rotation_.apply(work.data());

        std::byte* const row = block.row(query);
        std::memset(row, 0, query_factors_at_);
        const float most = kernels_->largest(work.data(), dim_);
        float sum = 0;
        if (most >= kLeastFeature) {
            auto* const codes = reinterpret_cast<std::int8_t*>(row);
            const float scale = 127.0F / most;
            const std::int32_t total = kernels_->to_signed_bytes(work.data(), scale, dim_, codes);
            if (bits_ == CodeBits::k4) spread_last_block(dim_, codes);
            sum = static_cast<float>(total);
            factors.slope = factors.scale / scale;
        }
        std::memcpy(row + query_factors_at_, &factors, sizeof factors);
        block.offsets()[query] = sum;
        block.scales()[query] = 1;
    }
}

void ScalarCodec::bind_stored(Slot slot, std::byte* query, float& code_sum) const noexcept {
    const auto* const row = reinterpret_cast<const std::uint8_t*>(rows_.row(slot));
    std::memset(query, 0, query_factors_at_);
    auto* const codes = reinterpret_cast<std::int8_t*>(query);
    std::int32_t total = 0;
    if (bits_ == CodeBits::k8) {
        for (std::size_t i = 0; i < dim_; ++i) codes[i] = static_cast<std::int8_t>(row[i] - 128);
        for (std::size_t i = 0; i < dim_; ++i) total += codes[i];
    } else {
        // Where 4-bit products want them: of each block the features of low halves first, then those of high ones.
        for (std::size_t first = 0; first < dim_; first += 2 * kCodeBlock) {
            const std::size_t rest = std::min(dim_ - first, 2 * kCodeBlock);
            const std::size_t low = (rest + 1) / 2;
            total += unpack(row + first / 2, low, 0, codes + first);
            total += unpack(row + first / 2, rest - low, 4, codes + first + kCodeBlock);
        }
    }
    code_sum = static_cast<float>(total);
    const QueryFactors bound = factors_of_stored(slot);
    std::memcpy(query + query_factors_at_, &bound, sizeof bound);
}

ScalarCodec::QueryFactors ScalarCodec::factors_of(const std::byte* query) const noexcept {
    QueryFactors factors{};
    std::memcpy(&factors, query + query_factors_at_, sizeof factors);
    return factors;
}

void ScalarCodec::score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                              std::size_t count, float* out, std::size_t out_stride) const {
    const std::byte* const rows = rows_.row(first);
    const int bits = static_cast<int>(bits_);
    if (query_count == 1) {
        kernels_->code_block[bits](queries.row(query_first), queries.offsets()[query_first], rows, rows_.stride(),
                                   nullptr, count, dim_, out);
    } else {
        kernels_->code_tile[bits](queries.row(query_first), queries.stride(), queries.offsets() + query_first,
                                  query_count, rows, rows_.stride(), nullptr, count, dim_, out, out_stride);
    }
    for (std::size_t i = 0; i < query_count; ++i) {
        finish(
            factors_of(queries.row(query_first + i)), false,
            [&](std::size_t row) { return static_cast<Slot>(first + row); }, count, out + i * out_stride);
    }
}

// Scores scattered rows; see Scorer.
class ScalarScorer final : public Scorer {
  public:
    explicit ScalarScorer(const ScalarCodec& codec) : codec_(codec) {
        own_.resize(1, codec.query_factors_at_ + sizeof(ScalarCodec::QueryFactors));
    }

    void bind_query(const QueryBlock& queries, std::size_t index) override {
        query_ = queries.row(index);
        code_sum_ = queries.offsets()[index];
        stored_ = false;
    }

    void bind_slot(Slot slot) override {
        codec_.bind_stored(slot, own_.row(0), code_sum_);
        query_ = own_.row(0);
        stored_ = true;
    }

    void score(const Slot* slots, std::size_t count, float* out) override {
        while (count > 0) {
            const std::size_t part = std::min(count, kPart);
            score_part(slots, part, out);
            slots += part;
            out += part;
            count -= part;
        }
    }

    void prefetch(Slot slot) const noexcept override { prefetch_row(codec_.rows_.row(slot), codec_.rows_.stride()); }

  private:
    static constexpr std::size_t kPart = 256;

    void score_part(const Slot* slots, std::size_t count, float* out) {
        for (std::size_t i = 0; i < count; ++i) {
            rows_[i] = codec_.rows_.row(slots[i]);
            prefetch_far(codec_.factors_.row(slots[i]), sizeof(ScalarCodec::RowFactors));
        }
        codec_.kernels_->code_rows[static_cast<int>(codec_.bits_)](query_, code_sum_, rows_.data(), nullptr, count,
                                                                   codec_.dim_, out);
        codec_.finish(
            codec_.factors_of(query_), stored_, [&](std::size_t i) { return slots[i]; }, count, out);
    }

    const ScalarCodec& codec_;
    const std::byte* query_ = nullptr;
    float code_sum_ = 0;
    bool stored_ = false;
    std::array<const void*, kPart> rows_{};
    QueryBlock own_;  // a bound row
};

std::unique_ptr<Scorer> ScalarCodec::make_scorer() const { return std::make_unique<ScalarScorer>(*this); }

}  // namespace lanner
