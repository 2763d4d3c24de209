#include "codecs/plain_codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/prefetch.hpp"
#include "base/random.hpp"
#include "codecs/features.hpp"
#include "codecs/product_sieve.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

[[noreturn]] void refuse_row(std::string_view argument, std::size_t row, std::string_view why) {
    throw Error(ErrorKind::kInvalidArgument,
                std::string(argument) + " row " + std::to_string(row) + " " + std::string(why));
}

template <typename T>
double integer_sum(const void* row, std::size_t dim) noexcept {
    const T* const features = static_cast<const T*>(row);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += features[i];
    return static_cast<double>(sum);
}

template <typename T>
double integer_squares(const void* row, std::size_t dim) noexcept {
    const T* const features = static_cast<const T*>(row);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += std::int64_t{features[i]} * features[i];
    return static_cast<double>(sum);
}

double float_mean(const float* row, std::size_t dim) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += static_cast<double>(row[i]);
    return sum / static_cast<double>(dim);
}

// sum (x - mean)^2
double float_squares(const float* row, std::size_t dim, double mean) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
        const double feature = static_cast<double>(row[i]) - mean;
        sum += feature * feature;
    }
    return sum;
}

// What a metric needs to know of a row beside its features.
struct Moments {
    double offset = 0;   // mean of a float row, sum of an integer one
    double squares = 0;  // sum x^2, or sum (x - mean x)^2 where the metric centres
};

Moments moments_of(const void* row, ElementType type, std::size_t dim, bool centred) noexcept {
    Moments moments;
    if (is_integer(type)) {
        const bool is_signed = type == ElementType::kInt8;
        moments.squares = is_signed ? integer_squares<std::int8_t>(row, dim) : integer_squares<std::uint8_t>(row, dim);
        if (centred) {
            moments.offset = is_signed ? integer_sum<std::int8_t>(row, dim) : integer_sum<std::uint8_t>(row, dim);
            moments.squares -= moments.offset * moments.offset / static_cast<double>(dim);
        }
        return moments;
    }
    const auto* const features = static_cast<const float*>(row);
    if (centred) moments.offset = float_mean(features, dim);
    // The kernel subtracts the mean as float32; so does the variance, else it would not be that of the same vector.
    moments.squares = float_squares(features, dim, static_cast<double>(static_cast<float>(moments.offset)));
    return moments;
}

float inverse_or_infinity(double value) noexcept {
    const auto inverse = static_cast<float>(1.0 / value);
    return value > 0 ? inverse : std::numeric_limits<float>::infinity();
}

// Rows of some size start on a cache line; small ones lie as close as their elements allow.
std::size_t stored_stride(std::size_t row_bytes) noexcept {
    return row_bytes >= 256 ? (row_bytes + 63) / 64 * 64 : row_bytes;
}

}  // namespace

PlainCodec::PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels)
    : PlainCodec(type, metric, dim, kernels, stored_stride(lanner::row_bytes(type, dim))) {}

PlainCodec::PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, const void* rows,
                       std::size_t count)
    : PlainCodec(type, metric, dim, kernels, lanner::row_bytes(type, dim)) {
    // Nothing is ever written through it.
    auto* const begin = static_cast<std::byte*>(const_cast<void*>(rows));
    rows_.adopt(begin, count, nullptr);
    if (traits_.has_offsets) offsets_.grow(count);
    if (traits_.has_row_scales) scales_.grow(count);
    if (!traits_.has_offsets && !traits_.has_row_scales) return;
    std::vector<float> features(dim_);
    for (std::size_t slot = 0; slot < count; ++slot) measure(static_cast<Slot>(slot), features);
}

PlainCodec::PlainCodec(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, std::size_t stride)
    : type_(type),
      metric_(metric),
      traits_(traits(metric)),
      dim_(dim),
      row_bytes_(lanner::row_bytes(type, dim)),
      kernels_(kernels),
      rows_want_offsets_(traits_.has_offsets && !(is_integer(type) && kernels.sums_rows)),
      rows_are_scaled_(metric == Metric::kSnrItem && kernels.item_rows[static_cast<int>(type)] != nullptr),
      rows_kernel_(rows_are_scaled_ ? kernels.item_rows[static_cast<int>(type)]
                                    : kernels.rows[static_cast<int>(type)][static_cast<int>(traits_.op)]),
      block_kernel_(kernels.block[static_cast<int>(type)][static_cast<int>(traits_.op)]),
      tile_kernel_(kernels.tile[static_cast<int>(type)][static_cast<int>(traits_.op)]),
      rows_(stride),
      offsets_(sizeof(float)),
      scales_(sizeof(float)) {}

void PlainCodec::check_rows(const Vectors& vectors, std::string_view argument,
                            const std::function<void()>& poll) const {
    if (is_float(type_) != is_float(vectors.type) || (!is_float(type_) && type_ != vectors.type)) {
        throw Error(ErrorKind::kWrongType, std::string(argument) + " must have elements of type " +
                                               std::string(element_name(type_)) + ", got " +
                                               std::string(element_name(vectors.type)));
    }
    if (is_integer(type_)) return;
    const std::size_t stride = lanner::row_bytes(vectors.type, dim_);
    const auto* row = static_cast<const std::byte*>(vectors.data);
    if (type_ == ElementType::kBits) {
        if (dim_ % 8 == 0) return;
        for (std::size_t i = 0; i < vectors.count; ++i, row += stride) {
            if ((std::to_integer<unsigned>(row[stride - 1]) >> (dim_ % 8)) != 0) {
                refuse_row(argument, i, "has bits set beyond dim=" + std::to_string(dim_));
            }
        }
        return;
    }
    std::vector<float> features(dim_);
    std::vector<std::uint16_t> narrow(type_ == ElementType::kFloat32 ? 0 : dim_);
    for (std::size_t i = 0; i < vectors.count; ++i, row += stride) {
        const float* given = reinterpret_cast<const float*>(row);
        if (vectors.type != ElementType::kFloat32) {
            widen_row(row, vectors.type, dim_, kernels_, features.data());
            given = features.data();
        }
        if (type_ == ElementType::kFloat32) {
            // Nearly every row is told to be sound by a float32 sum.
            float sum = 0;
            kernels_.block[static_cast<int>(type_)][static_cast<int>(Op::kDot)](given, 0, given, row_bytes_, nullptr, 1,
                                                                                dim_, &sum);
            if (static_cast<double>(sum) <= kMaxSquaredNorm / 2) {
                if (poll) poll();
                continue;
            }
        }
        // A sum of squares in double is finite exactly when every feature is.
        double squares = dot_of(given, given, dim_);
        if (!std::isfinite(squares)) {
            const bool nan = std::any_of(given, given + dim_, [](float x) { return std::isnan(x); });
            refuse_row(argument, i, nan ? "holds NaN" : "holds an infinite value");
        }
        if (type_ != vectors.type && type_ != ElementType::kFloat32) {
            // As it will be stored.
            narrow_row(given, type_, dim_, kernels_, narrow.data());
            widen_row(narrow.data(), type_, dim_, kernels_, features.data());
            squares = dot_of(features.data(), features.data(), dim_);
            if (type_ == ElementType::kFloat16 && !std::isfinite(squares)) {
                refuse_row(argument, i, "holds a value beyond the range of float16 (65504)");
            }
        }
        if (!(squares <= kMaxSquaredNorm)) {
            refuse_row(argument, i, "is too long: its norm exceeds 2.3e18, where float32 distances overflow");
        }
        if (poll) poll();
    }
}

void PlainCodec::check_queries(const Vectors& queries, std::string_view argument) const {
    check_rows(queries, argument);
    if (metric_ != Metric::kSnr) return;
    std::vector<float> features(dim_);
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    const auto* row = static_cast<const std::byte*>(queries.data);
    for (std::size_t i = 0; i < queries.count; ++i, row += stride) {
        const void* exact = row;
        if (is_float(type_)) {
            widen_row(row, queries.type, dim_, kernels_, features.data());
            exact = features.data();
        }
        const double squares = moments_of(exact, type_, dim_, true).squares;
        if (!std::isfinite(inverse_or_infinity(squares))) {
            refuse_row(argument, i, "has zero variance, so its signal-to-noise ratio to anything is undefined");
        }
    }
}

// The query side: float32 for float rows, the rows' own type else; `stored` asks for the scale of a stored row.
void PlainCodec::prepare_row(const void* row, ElementType type, std::byte* out, float& offset, float& scale,
                             bool stored) const {
    offset = 0.0F;
    scale = 1.0F;
    if (is_float(type_)) {
        widen_row(row, type, dim_, kernels_, reinterpret_cast<float*>(out));
    } else {
        std::memcpy(out, row, row_bytes_);
        if (type_ == ElementType::kBits) return;
    }
    if (!traits_.has_offsets && !traits_.has_row_scales) return;
    if (metric_ == Metric::kCosine && is_float(type_)) {
        const auto* const features = reinterpret_cast<const float*>(out);
        scale = row_scale(dot_of(features, features, dim_));
        return;
    }
    const Moments moments = moments_of(out, type_, dim_, traits_.has_offsets);
    if (traits_.has_offsets) {
        offset = static_cast<float>(moments.offset);
        if (is_float(type_)) {
            auto* const features = reinterpret_cast<float*>(out);
            for (std::size_t i = 0; i < dim_; ++i) features[i] -= offset;
        }
    }
    if (stored || metric_ == Metric::kCosine) {
        scale = row_scale(moments.squares);
    } else if (metric_ == Metric::kSnr) {
        scale = inverse_or_infinity(moments.squares);
    }
}

float PlainCodec::row_scale(double squared_norm) const noexcept {
    switch (metric_) {
        case Metric::kCosine:
            // Kept finite, so that a zero vector's inner product of 0 makes a distance of 1.
            return squared_norm > 0
                       ? static_cast<float>(std::min(1.0 / std::sqrt(squared_norm),
                                                     static_cast<double>(std::numeric_limits<float>::max())))
                       : 0.0F;
        case Metric::kSnrItem:
            return inverse_or_infinity(squared_norm);
        default:
            return 1.0F;
    }
}

void PlainCodec::prepare(const Vectors& queries, QueryBlock& block) const {
    block.resize(queries.count, is_float(type_) ? dim_ * sizeof(float) : row_bytes_);
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    const auto* row = static_cast<const std::byte*>(queries.data);
    for (std::size_t i = 0; i < queries.count; ++i, row += stride) {
        prepare_row(row, queries.type, block.row(i), block.offsets()[i], block.scales()[i], false);
    }
}

void PlainCodec::grow(std::size_t rows) {
    rows_.grow(rows);
    if (traits_.has_offsets) offsets_.grow(rows);
    if (traits_.has_row_scales) scales_.grow(rows);
}

void PlainCodec::store(Slot slot, const Vectors& vectors, std::size_t row) {
    const auto* const from = static_cast<const std::byte*>(vectors.data) + row * lanner::row_bytes(vectors.type, dim_);
    std::byte* const to = rows_.row(slot);
    if (type_ == vectors.type) {
        std::memcpy(to, from, row_bytes_);
    } else {
        std::vector<float> features(dim_);
        widen_row(from, vectors.type, dim_, kernels_, features.data());
        if (type_ == ElementType::kFloat32) {
            std::memcpy(to, features.data(), row_bytes_);
        } else {
            narrow_row(features.data(), type_, dim_, kernels_, to);
        }
    }
    if (!traits_.has_offsets && !traits_.has_row_scales) return;
    std::vector<float> features(dim_);
    measure(slot, features);
}

void PlainCodec::measure(Slot slot, std::vector<float>& features) {
    const void* row = rows_.row(slot);
    if (is_float(type_)) {
        widen_row(row, type_, dim_, kernels_, features.data());
        row = features.data();
    }
    const Moments moments = moments_of(row, type_, dim_, traits_.has_offsets);
    if (traits_.has_offsets) *offsets_.as<float>(slot) = static_cast<float>(moments.offset);
    if (traits_.has_row_scales) *scales_.as<float>(slot) = row_scale(moments.squares);
}

void PlainCodec::erase(Slot slot) noexcept {
    std::memset(rows_.row(slot), 0, rows_.stride());
    if (traits_.has_offsets) *offsets_.as<float>(slot) = 0.0F;
    if (traits_.has_row_scales) *scales_.as<float>(slot) = row_scale(0.0);
}

void PlainCodec::swap_rows(PlainCodec& other) noexcept {
    std::swap(rows_, other.rows_);
    std::swap(offsets_, other.offsets_);
    std::swap(scales_, other.scales_);
}

void PlainCodec::fetch(Slot slot, void* out) const noexcept { std::memcpy(out, rows_.row(slot), row_bytes_); }

bool PlainCodec::measured(Slot slot) const {
    if (!traits_.has_offsets && !traits_.has_row_scales) return true;
    PlainCodec one(type_, metric_, dim_, kernels_, rows_.row(slot), 1);
    const auto equal = [](const PagedRows& left, std::size_t left_row, const PagedRows& right) {
        return std::memcmp(left.row(left_row), right.row(0), sizeof(float)) == 0;
    };
    return (!traits_.has_offsets || equal(offsets_, slot, one.offsets_)) &&
           (!traits_.has_row_scales || equal(scales_, slot, one.scales_));
}

bool PlainCodec::same(Slot left, Slot right) const noexcept {
    return std::memcmp(rows_.row(left), rows_.row(right), row_bytes_) == 0;
}

std::uint64_t PlainCodec::fingerprint(Slot slot) const noexcept {
    const std::byte* const row = rows_.row(slot);
    std::uint64_t mixed = 0;
    for (std::size_t at = 0; at < row_bytes_; at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, row + at, std::min(sizeof word, row_bytes_ - at));
        mixed = mix64(mixed ^ word);
    }
    return mixed;
}

PlainCodec::Finish PlainCodec::query_finish(Metric metric) noexcept {
    switch (metric) {
        case Metric::kCosine:
            return Finish::kCosine;
        case Metric::kIp:
            return Finish::kNegate;
        case Metric::kSnr:
            return Finish::kScaleQuery;
        case Metric::kSnrItem:
            return Finish::kScaleRow;
        default:
            return Finish::kNone;
    }
}

PlainCodec::Finish PlainCodec::stored_finish(Metric metric) noexcept {
    switch (metric) {
        case Metric::kCosine:
            return Finish::kCosine;
        case Metric::kIp:
            return Finish::kNegate;
        case Metric::kSnrItem:
            return Finish::kScaleBoth;
        default:
            return Finish::kNone;
    }
}

void PlainCodec::finish(Finish how, float query_scale, const float* row_scales, std::size_t count,
                        float* values) const noexcept {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    switch (how) {
        case Finish::kNone:
            return;
        case Finish::kCosine:
            for (std::size_t i = 0; i < count; ++i) values[i] = 1.0F - values[i] * query_scale * row_scales[i];
            return;
        case Finish::kNegate:
            for (std::size_t i = 0; i < count; ++i) values[i] = -values[i];
            return;
        case Finish::kScaleQuery:
            for (std::size_t i = 0; i < count; ++i) values[i] *= query_scale;
            return;
        case Finish::kScaleRow:
            // A constant row has an infinite scale and stays at infinity, also from a constant query.
            for (std::size_t i = 0; i < count; ++i)
                values[i] = row_scales[i] == kInfinity ? kInfinity : values[i] * row_scales[i];
            return;
        case Finish::kScaleBoth:
            for (std::size_t i = 0; i < count; ++i) {
                const bool constant = row_scales[i] == kInfinity || query_scale == kInfinity;
                values[i] = constant ? kInfinity : values[i] * row_scales[i] * query_scale;
            }
            return;
    }
}

std::size_t PlainCodec::run(Slot first) const noexcept {
    std::size_t rows = rows_.run(first);
    if (traits_.has_offsets) rows = std::min(rows, offsets_.run(first));
    if (traits_.has_row_scales) rows = std::min(rows, scales_.run(first));
    return rows;
}

void PlainCodec::score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                             std::size_t count, float* out, std::size_t out_stride) const {
    const float* const offsets = traits_.has_offsets ? offsets_.as<float>(first) : nullptr;
    const float* const scales = traits_.has_row_scales ? scales_.as<float>(first) : nullptr;
    if (query_count == 1) {
        block_kernel_(queries.row(query_first), queries.offsets()[query_first], rows_.row(first), rows_.stride(),
                      offsets, count, dim_, out);
    } else {
        tile_kernel_(queries.row(query_first), queries.stride(), queries.offsets() + query_first, query_count,
                     rows_.row(first), rows_.stride(), offsets, count, dim_, out, out_stride);
    }
    const Finish how = query_finish(metric_);
    for (std::size_t i = 0; i < query_count; ++i) {
        finish(how, queries.scales()[query_first + i], scales, count, out + i * out_stride);
    }
}

// Scores scattered rows; see Scorer.
class PlainScorer final : public Scorer {
  public:
    explicit PlainScorer(const PlainCodec& codec) : codec_(codec) { own_.resize(1, codec.dim_ * sizeof(float)); }

    void bind_query(const QueryBlock& queries, std::size_t index) override {
        query_ = queries.row(index);
        offset_ = queries.offsets()[index];
        scale_ = queries.scales()[index];
        how_ = codec_.rows_are_scaled_ ? PlainCodec::Finish::kNone : PlainCodec::query_finish(codec_.metric_);
        read_scales_ = how_ == PlainCodec::Finish::kCosine || how_ == PlainCodec::Finish::kScaleRow;
    }

    void bind_slot(Slot slot) override {
        const std::byte* const row = codec_.rows_.row(slot);
        offset_ = codec_.traits_.has_offsets ? *codec_.offsets_.as<float>(slot) : 0.0F;
        scale_ = codec_.traits_.has_row_scales ? *codec_.scales_.as<float>(slot) : 1.0F;
        how_ = codec_.rows_are_scaled_ ? PlainCodec::Finish::kScaleQuery : PlainCodec::stored_finish(codec_.metric_);
        read_scales_ = codec_.traits_.has_row_scales && !codec_.rows_are_scaled_;
        query_ = row;
        if (!is_float(codec_.type_) || (codec_.type_ == ElementType::kFloat32 && !codec_.traits_.has_offsets)) return;
        auto* const features = reinterpret_cast<float*>(own_.row(0));
        widen_row(row, codec_.type_, codec_.dim_, codec_.kernels_, features);
        if (codec_.traits_.has_offsets) {
            for (std::size_t i = 0; i < codec_.dim_; ++i) features[i] -= offset_;
        }
        query_ = own_.row(0);
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

    void prefetch(Slot slot) const noexcept override {
        prefetch_row(codec_.rows_.row(slot), codec_.row_bytes_);
        if (codec_.rows_want_offsets_) prefetch_line(codec_.offsets_.row(slot));
        if (read_scales_) prefetch_line(codec_.scales_.row(slot));
    }

  private:
    static constexpr std::size_t kPart = 256;

    void score_part(const Slot* slots, std::size_t count, float* out) {
        if (count == 0) return;  // never so, which compilers want to be told
        const void* rows[kPart];
        float offsets[kPart];
        float scales[kPart];
        for (std::size_t i = 0; i < count; ++i) rows[i] = codec_.rows_.row(slots[i]);
        const bool want_offsets = codec_.rows_want_offsets_;
        if (want_offsets) {
            for (std::size_t i = 0; i < count; ++i) offsets[i] = *codec_.offsets_.as<float>(slots[i]);
        }
        if (read_scales_) {
            for (std::size_t i = 0; i < count; ++i) prefetch_far(codec_.scales_.row(slots[i]), sizeof(float));
        }
        codec_.rows_kernel_(query_, offset_, static_cast<const void* const*>(rows), want_offsets ? offsets : nullptr,
                            count, codec_.dim_, out);
        if (read_scales_) {
            for (std::size_t i = 0; i < count; ++i) scales[i] = *codec_.scales_.as<float>(slots[i]);
        }
        codec_.finish(how_, scale_, static_cast<const float*>(scales), count, out);
    }

    const PlainCodec& codec_;
    const void* query_ = nullptr;
    float offset_ = 0.0F;
    float scale_ = 1.0F;
    PlainCodec::Finish how_ = PlainCodec::Finish::kNone;
    bool read_scales_ = false;
    QueryBlock own_;  // a bound row, where the kernels take another form of it
};

std::unique_ptr<Scorer> PlainCodec::make_scorer() const { return std::make_unique<PlainScorer>(*this); }

const SieveShape* PlainCodec::sieve_shape() const noexcept {
    return ProductSieve::serves(type_, metric_) ? &ProductSieve::kShape : nullptr;
}

std::unique_ptr<Sieve> PlainCodec::make_sieve() const {
    if (!ProductSieve::serves(type_, metric_)) return nullptr;
    return std::make_unique<ProductSieve>(type_, metric_, dim_, kernels_, rows_, scales_, make_scorer());
}

std::size_t PlainCodec::bytes_a_row() const noexcept {
    return rows_.stride() + (traits_.has_offsets ? sizeof(float) : 0) + (traits_.has_row_scales ? sizeof(float) : 0);
}

std::size_t PlainCodec::memory_bytes() const noexcept {
    return rows_.allocated_bytes() + rows_.adopted_bytes() + offsets_.allocated_bytes() + offsets_.adopted_bytes() +
           scales_.allocated_bytes() + scales_.adopted_bytes();
}

void PlainCodec::save(SectionWriter& writer, std::size_t rows) const {
    writer.write_rows("vectors", rows_, rows);
    if (traits_.has_offsets) writer.write_rows("offsets", offsets_, rows);
    if (traits_.has_row_scales) writer.write_rows("scales", scales_, rows);
}

void PlainCodec::load(const SectionReader& reader, std::size_t rows) {
    reader.read_rows("vectors", rows, rows_);
    if (traits_.has_offsets) reader.read_rows("offsets", rows, offsets_);
    if (traits_.has_row_scales) reader.read_rows("scales", rows, scales_);
}

}  // namespace lanner
