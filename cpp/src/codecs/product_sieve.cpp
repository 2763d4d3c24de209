#include "codecs/product_sieve.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/features.hpp"

namespace lanner {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Lengths below this, whose products may vanish in float32, are not judged: what is so short always may be near.
constexpr double kShortest = 1e-15;
// More than what vanishes of a row's length where its features, or what rounding leaves of them, are too small to be squared.
constexpr double kVanished = 1e-16;

float rounded_up(double value) noexcept {
    constexpr double kMost = std::numeric_limits<float>::max();
    if (value > kMost) return kInfinity;
    const auto nearest = static_cast<float>(value);
    return static_cast<double>(nearest) < value ? std::nextafter(nearest, kInfinity) : nearest;
}

// Less than `least`; not a number where nothing is to be.
float below(double least) noexcept {
    constexpr double kMost = std::numeric_limits<float>::max();
    if (!(least >= -kMost)) return std::numeric_limits<float>::quiet_NaN();
    if (least > kMost) return static_cast<float>(kMost);
    const auto nearest = static_cast<float>(least);
    return static_cast<double>(nearest) < least ? nearest : std::nextafter(nearest, -kInfinity);
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
      padded_((dim + kSmallStep - 1) / kSmallStep * kSmallStep),
      kernels_(kernels),
      rows_(rows),
      scales_(scales),
      slack_(static_cast<double>(2 * dim + 64) * 0x1p-24),
      scorer_(std::move(scorer)),
      features_(type == ElementType::kFloat32 ? 0 : dim),
      codes_(kRows * padded_),
      row_terms_(kRows),
      below_(kernels.small_columns),
      near_(kRows) {}

void ProductSieve::bind(const QueryBlock& queries, std::size_t first, std::size_t count) {
    const std::size_t width = kernels_.small_columns;
    queries_ = &queries;
    first_ = first;
    count_ = count;
    panels_.assign((count + width - 1) / width * (width * padded_ / sizeof(Line)), Line{});
    terms_.resize(count);
    for (std::vector<float>* const each : {&sums_, &lengths_, &losses_, &units_})
        each->assign((count + width - 1) / width * width, 0.0F);
    std::vector<std::int8_t> codes(dim_);
    for (std::size_t i = 0; i < count; ++i) {
        const auto* const query = reinterpret_cast<const float*>(queries.row(first + i));
        QueryTerms& terms = terms_[i];
        terms = {dot_of(query, query, dim_), 0, queries.scales()[first + i]};
        if (!(terms.squares >= kShortest * kShortest)) continue;
        const float scale = static_cast<float>(kMostSmall) / kernels_.largest(query, dim_);
        sums_[i] = static_cast<float>(kernels_.to_signed_bytes(query, scale, dim_, codes.data()));
        std::int8_t* const panel = panel_of(i) + i % width * 4;
        const double step = 1.0 / static_cast<double>(scale);
        double lost = 0;
        for (std::size_t j = 0; j < dim_; ++j) {
            panel[j / 4 * (4 * width) + j % 4] = codes[j];
            const double left = static_cast<double>(query[j]) - step * codes[j];
            lost += left * left;
        }
        terms.step = step;
        lengths_[i] = rounded_up(std::sqrt(terms.squares) / step);
        losses_[i] = rounded_up(std::sqrt(lost) / step);
        units_[i] = static_cast<float>(1.0 / step);
    }
}

// That of the queries around one.
std::int8_t* ProductSieve::panel_of(std::size_t query) noexcept {
    const std::size_t width = kernels_.small_columns;
    return reinterpret_cast<std::int8_t*>(panels_.data()) + query / width * width * padded_;
}

// What (inner product) * scale + term of a row must reach, where no row is longer than `longest`.
double ProductSieve::threshold(const QueryTerms& query, float bound, double longest) const noexcept {
    if (query.step == 0 || bound == kInfinity) return -std::numeric_limits<double>::infinity();
    const auto limit = static_cast<double>(bound);
    switch (metric_) {
        case Metric::kL2:
            return (query.squares - limit) / 2 - slack_ * (query.squares + longest * longest) - kShortest * kShortest;
        case Metric::kCosine:
            return (1.0 - limit - 2 * slack_) / static_cast<double>(query.scale);
        default:
            return -limit - slack_ * std::sqrt(query.squares) * longest - kShortest * kShortest;
    }
}

// Returns at least the length of the longest row.
double ProductSieve::make_rows(Slot first, std::size_t count) {
    double longest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const auto slot = static_cast<Slot>(first + i);
        const float* row = rows_.as<float>(slot);
        if (type_ != ElementType::kFloat32) {
            widen_row(rows_.row(slot), type_, dim_, kernels_, features_.data());
            row = features_.data();
        }
        float squares = 0;
        kernels_.block[static_cast<int>(ElementType::kFloat32)][static_cast<int>(Op::kDot)](
            row, 0.0F, row, dim_ * sizeof(float), nullptr, 1, dim_, &squares);
        const SmallRow small = kernels_.to_small(row, dim_, codes_.data() + i * padded_);
        const double length = std::sqrt(static_cast<double>(squares) * (1 + slack_)) + kVanished;
        const double lost = std::sqrt(static_cast<double>(small.lost)) * (1 + slack_) + slack_ * length + kVanished;
        longest = std::max(longest, length);
        SmallRowTerms& terms = row_terms_[i];
        terms = {small.step, small.low, rounded_up(lost), rounded_up(length + lost), 0.0F};
        if (metric_ == Metric::kL2) terms.term = -squares / 2;
        if (metric_ != Metric::kCosine) continue;
        const float scale = *scales_.as<float>(slot);
        if (static_cast<double>(scale) < 1.0 / kShortest) {
            terms = {small.step * scale, small.low * scale, rounded_up(lost * static_cast<double>(scale)),
                     rounded_up((length + lost) * static_cast<double>(scale)), 0.0F};
        } else {
            terms = {0, 0, 0, 0, kInfinity};
        }
    }
    return longest + kShortest;
}

void ProductSieve::sift_part(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) {
    const double longest = make_rows(first, count);
    const std::size_t width = kernels_.small_columns;
    for (std::size_t begin = 0; begin < count_; begin += width) {
        const std::size_t queries = std::min(width, count_ - begin);
        for (std::size_t query = 0; query < queries; ++query) {
            const QueryTerms& terms = terms_[begin + query];
            const double least = threshold(terms, bounds[begin + query], longest);
            below_[query] = below(terms.step == 0 ? least : least / terms.step);
        }
        const SmallQueryTerms query_terms{sums_.data() + begin, lengths_.data() + begin, losses_.data() + begin,
                                          units_.data() + begin, below_.data()};
        kernels_.small_near(codes_.data(), padded_, row_terms_.data(), count, panel_of(begin), query_terms, padded_,
                            near_.data());
        const std::uint64_t asked = ~std::uint64_t{0} >> (64 - queries);
        for (std::size_t i = 0; i < count; ++i) {
            for (std::uint64_t near = near_[i] & asked; near != 0; near &= near - 1) {
                const std::size_t query = begin + static_cast<std::size_t>(std::countr_zero(near));
                out.push_back({static_cast<std::uint32_t>(query), static_cast<Slot>(first + i)});
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
