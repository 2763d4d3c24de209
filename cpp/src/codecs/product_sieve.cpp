#include "codecs/product_sieve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/features.hpp"

namespace lanner {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Lengths below this, whose products may vanish in float32, are not judged: what is so short always may be near.
constexpr double kShortest = 1e-15;

float rounded_down(double value) noexcept {
    constexpr double kMost = std::numeric_limits<float>::max();
    if (value < -kMost) return -kInfinity;
    if (value > kMost) return static_cast<float>(kMost);
    const auto nearest = static_cast<float>(value);
    return static_cast<double>(nearest) > value ? std::nextafter(nearest, -kInfinity) : nearest;
}

}  // namespace

bool ProductSieve::serves(ElementType type, Metric metric) noexcept {
    return is_float(type) && (metric == Metric::kL2 || metric == Metric::kCosine || metric == Metric::kIp);
}

ProductSieve::ProductSieve(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels,
                           const PagedRows& rows, const PagedRows& scales, std::unique_ptr<Scorer> scorer)
    : type_(type),
      metric_(metric),
      dim_(dim),
      kernels_(kernels),
      rows_(rows),
      scales_(scales),
      slack_(static_cast<double>(2 * dim + 64) * 0x1p-24),
      scorer_(std::move(scorer)),
      features_(type == ElementType::kFloat32 ? 0 : kRows * dim),
      products_(kRows * kernels.columns_at_once),
      row_scales_(kRows, 1.0F),
      row_terms_(kRows, 0.0F),
      least_(kernels.columns_at_once) {}

void ProductSieve::bind(const QueryBlock& queries, std::size_t first, std::size_t count) {
    const std::size_t width = kernels_.columns_at_once;
    queries_ = &queries;
    first_ = first;
    count_ = count;
    panels_.assign((count + width - 1) / width * width * dim_, 0.0F);
    squares_.resize(count);
    scales_of_queries_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto* const query = reinterpret_cast<const float*>(queries.row(first + i));
        float* const column = panels_.data() + i / width * width * dim_ + i % width;
        for (std::size_t j = 0; j < dim_; ++j) column[j * width] = query[j];
        squares_[i] = dot_of(query, query, dim_);
        scales_of_queries_[i] = queries.scales()[first + i];
    }
}

// What (inner product) * scale + term of a row must reach, where no row is longer than `longest`.
double ProductSieve::threshold(std::size_t query, float bound, double longest) const noexcept {
    const double squares = squares_[query];
    if (squares < kShortest * kShortest || bound == kInfinity) return -std::numeric_limits<double>::infinity();
    const auto limit = static_cast<double>(bound);
    switch (metric_) {
        case Metric::kL2:
            return (squares - limit) / 2 - slack_ * (squares + longest * longest) - kShortest * kShortest;
        case Metric::kCosine:
            return (1.0 - limit - 2 * slack_) / static_cast<double>(scales_of_queries_[query]);
        default:
            return -limit - slack_ * std::sqrt(squares) * longest - kShortest * kShortest;
    }
}

const float* ProductSieve::features_of(Slot first, std::size_t count, std::size_t& stride) {
    if (type_ == ElementType::kFloat32) {
        stride = rows_.stride() / sizeof(float);
        return rows_.as<float>(first);
    }
    stride = dim_;
    for (std::size_t i = 0; i < count; ++i) {
        widen_row(rows_.row(first + i), type_, dim_, kernels_, features_.data() + i * dim_);
    }
    return features_.data();
}

void ProductSieve::sift_part(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) {
    std::size_t stride = 0;
    const float* const features = features_of(first, count, stride);
    double longest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (metric_ == Metric::kCosine) {
            const float scale = scales_.as<float>(first)[i];
            const bool judged = static_cast<double>(scale) < 1.0 / kShortest;
            row_scales_[i] = judged ? scale : 0.0F;
            row_terms_[i] = judged ? 0.0F : kInfinity;
            continue;
        }
        const float* const row = features + i * stride;
        float squares = 0;
        kernels_.block[static_cast<int>(ElementType::kFloat32)][static_cast<int>(Op::kDot)](
            row, 0.0F, row, stride * sizeof(float), nullptr, 1, dim_, &squares);
        longest = std::max(longest, static_cast<double>(squares));
        if (metric_ == Metric::kL2) row_terms_[i] = -squares / 2;
    }
    longest = std::sqrt(longest * (1 + slack_)) + kShortest;

    const std::size_t width = kernels_.columns_at_once;
    for (std::size_t begin = 0; begin < count_; begin += width) {
        const std::size_t queries = std::min(width, count_ - begin);
        std::fill_n(products_.begin(), static_cast<std::ptrdiff_t>(count * width), 0.0F);
        kernels_.columns[static_cast<int>(Op::kDot)](features, stride, count, panels_.data() + begin * dim_, width,
                                                     dim_, queries, products_.data(), width);
        for (std::size_t query = 0; query < queries; ++query) {
            least_[query] = rounded_down(threshold(begin + query, bounds[begin + query], longest));
        }
        for (std::size_t i = 0; i < count; ++i) {
            const float* const products = products_.data() + i * width;
            const float scale = row_scales_[i];
            const float term = row_terms_[i];
            // Without a branch a query: most rows are near to none. What is not a number is not judged.
            unsigned near = 0;
            for (std::size_t query = 0; query < queries; ++query) {
                near |= products[query] * scale + term < least_[query] ? 0U : 1U;
            }
            for (std::size_t query = 0; near != 0 && query < queries; ++query) {
                if (!(products[query] * scale + term < least_[query])) {
                    out.push_back({static_cast<std::uint32_t>(begin + query), static_cast<Slot>(first + i)});
                }
            }
        }
    }
}

void ProductSieve::score(std::size_t query, const Slot* slots, std::size_t count, float* out) {
    scorer_->bind_query(*queries_, first_ + query);
    scorer_->score(slots, count, out);
}

void ProductSieve::sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) {
    for (std::size_t done = 0; done < count; done += kRows) {
        sift_part(static_cast<Slot>(first + done), std::min(kRows, count - done), bounds, out);
    }
}

}  // namespace lanner
