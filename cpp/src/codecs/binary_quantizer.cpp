#include "codecs/binary_quantizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/kernel_table.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kGroup = 64;

struct Config {
    std::uint64_t dim;
    std::uint64_t seed;
    std::uint32_t bits;
    std::uint8_t zero[12];
};
static_assert(sizeof(Config) == 32);

// The two floats behind the bits.
struct Tail {
    float scale;    // f
    float squares;  // |r|^2
};

Tail tail_of(const std::uint8_t* code, std::size_t at) noexcept {
    Tail tail{};
    std::memcpy(&tail, code + at, sizeof tail);
    return tail;
}

double dot(const float* left, const float* right, std::size_t count) noexcept {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
    return sum;
}

// <v, a> / |v| for the levels v = min(floor(a * scale), top) + 1/2 of magnitudes a.
double cosine_at(const std::vector<float>& magnitudes, float scale, float top) noexcept {
    float products[4] = {};
    float squares[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= magnitudes.size(); i += 4) {
        for (std::size_t j = 0; j < 4; ++j) {
            const float wanted = magnitudes[i + j] * scale;
            const float level = static_cast<float>(static_cast<int>(wanted < top ? wanted : top)) + 0.5F;
            products[j] += level * magnitudes[i + j];
            squares[j] += level * level;
        }
    }
    for (; i < magnitudes.size(); ++i) {
        const float level = static_cast<float>(static_cast<int>(std::min(magnitudes[i] * scale, top))) + 0.5F;
        products[0] += level * magnitudes[i];
        squares[0] += level * level;
    }
    const float product = (products[0] + products[1]) + (products[2] + products[3]);
    const float square = (squares[0] + squares[1]) + (squares[2] + squares[3]);
    return static_cast<double>(product) / std::sqrt(static_cast<double>(square));
}

// The scale of the levels that brings them nearest to the direction of `magnitudes`, whose root mean square is `spread`:
// a geometric grid around the step that suits normal numbers (Max: Quantizing for Minimum Distortion, 1960), and a finer
// one around the best of it.
float best_scale(const std::vector<float>& magnitudes, float spread, unsigned bits) noexcept {
    constexpr double kSteps[] = {1.5958, 0.9957, 0.5860, 0.3352};
    constexpr int kCoarse = 12;
    constexpr int kFine = 4;
    constexpr double kRatio = 1.12;
    const auto top = static_cast<float>((1U << (bits - 1)) - 1U);
    const double middle = 1 / (kSteps[bits - 1] * static_cast<double>(spread));
    double best = middle;
    double most = -1;
    const auto look = [&](double scale) {
        const double cosine = cosine_at(magnitudes, static_cast<float>(scale), top);
        if (cosine <= most) return;
        most = cosine;
        best = scale;
    };
    for (int i = -kCoarse; i <= kCoarse; ++i) look(middle * std::pow(kRatio, i / 2.0));
    const double around = best;
    for (int i = -kFine; i <= kFine; ++i) {
        if (i != 0) look(around * std::pow(kRatio, i / (2.0 * (kFine + 1))));
    }
    return static_cast<float>(best);
}

}  // namespace

BinaryQuantizer::BinaryQuantizer(std::vector<float> centroid, unsigned bits, std::uint64_t seed)
    : centroid_(std::move(centroid)), bits_(bits), seed_(seed), rotation_(centroid_.size(), seed, active_kernels()) {}

std::unique_ptr<BinaryQuantizer> BinaryQuantizer::fit(const float* rows, std::size_t count, std::size_t dim,
                                                      unsigned bits, const FitOptions& options) {
    if (bits < 1 || bits > 4)
        throw Error(ErrorKind::kInvalidArgument, "bits must be 1 to 4, got " + std::to_string(bits));
    if (dim < 1 || dim > kMaxDim)
        throw Error(ErrorKind::kInvalidArgument,
                    "vectors must have 1 to " + std::to_string(kMaxDim) + " features, got " + std::to_string(dim));
    if (count == 0) throw Error(ErrorKind::kInvalidArgument, "vectors must have at least 1 row, got 0");
    require_norms(rows, count, dim, "vectors");
    std::vector<double> sums(dim, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < dim; ++j) sums[j] += static_cast<double>(rows[i * dim + j]);
    }
    std::vector<float> centroid(dim);
    for (std::size_t j = 0; j < dim; ++j) centroid[j] = static_cast<float>(sums[j] / static_cast<double>(count));
    FitReport(options.progress, 1).finish();
    return std::unique_ptr<BinaryQuantizer>(new BinaryQuantizer(std::move(centroid), bits, options.seed));
}

std::unique_ptr<BinaryQuantizer> BinaryQuantizer::centred(std::size_t dim, unsigned bits, std::uint64_t seed) {
    return std::unique_ptr<BinaryQuantizer>(new BinaryQuantizer(std::vector<float>(dim, 0.0F), bits, seed));
}

void BinaryQuantizer::encode_row(const float* row, std::uint8_t* code, std::vector<float>& scratch) const {
    std::vector<float>& r = scratch;
    r.resize(dim());
    for (std::size_t j = 0; j < dim(); ++j) r[j] = row[j] - centroid_[j];
    rotation_.apply(r.data());
    std::fill(code, code + code_bytes(), std::uint8_t{0});
    const double squares = dot(r.data(), r.data(), dim());
    if (!(squares > 0)) return;
    float scale = 0;
    if (bits_ > 1) {
        std::vector<float> magnitudes(dim());
        for (std::size_t j = 0; j < dim(); ++j) magnitudes[j] = std::fabs(r[j]);
        scale = best_scale(magnitudes, static_cast<float>(std::sqrt(squares / static_cast<double>(dim()))), bits_);
    }
    const unsigned half = 1U << (bits_ - 1);
    const auto top = static_cast<float>(half - 1);
    double product = 0;
    for (std::size_t j = 0; j < dim(); ++j) {
        const auto level = static_cast<unsigned>(static_cast<int>(std::min(std::fabs(r[j]) * scale, top)));
        const unsigned u = r[j] < 0 ? half - 1 - level : half + level;
        product += (static_cast<double>(level) + 0.5) * std::fabs(static_cast<double>(r[j]));
        for (unsigned plane = 0; plane < bits_; ++plane) {
            std::uint8_t& to = code[plane * plane_bytes() + j / 8];
            to = static_cast<std::uint8_t>(to | ((u >> (bits_ - 1 - plane)) & 1U) << (j % 8));
        }
    }
    const Tail tail{static_cast<float>(squares / product), static_cast<float>(squares)};
    std::memcpy(code + scored_bytes(), &tail, sizeof tail);
}

void BinaryQuantizer::encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const {
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> scratch;
            for (std::size_t i = begin; i < end; ++i) encode_row(rows + i * dim(), codes + i * code_bytes(), scratch);
        },
        work.poll);
}

double BinaryQuantizer::levels(const std::uint8_t* code, float* out) const noexcept {
    const float middle = static_cast<float>((1U << bits_) - 1U) / 2;
    double squares = 0;
    for (std::size_t j = 0; j < dim(); ++j) {
        unsigned u = 0;
        for (unsigned plane = 0; plane < bits_; ++plane)
            u = u << 1 | ((code[plane * plane_bytes() + j / 8] >> (j % 8)) & 1U);
        out[j] = static_cast<float>(u) - middle;
        squares += static_cast<double>(out[j]) * static_cast<double>(out[j]);
    }
    return squares;
}

// The point of the line along v that is nearest to x: s v with s = <v, r> / |v|^2.
void BinaryQuantizer::decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const {
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) {
                const std::uint8_t* const code = codes + i * code_bytes();
                float* const row = rows + i * dim();
                const double squares = levels(code, row);
                const Tail tail = tail_of(code, scored_bytes());
                const double scale = tail.scale > 0
                                         ? static_cast<double>(tail.squares) / static_cast<double>(tail.scale) / squares
                                         : 0.0;
                for (std::size_t j = 0; j < dim(); ++j) row[j] *= static_cast<float>(scale);
                rotation_.invert(row);
                for (std::size_t j = 0; j < dim(); ++j) row[j] += centroid_[j];
            }
        },
        work.poll);
}

void BinaryQuantizer::reproduce(const std::uint8_t* code, float* row) const {
    levels(code, row);
    rotation_.invert(row);
}

CodeQuery BinaryQuantizer::query(const float* query, Match match) const {
    CodeQuery made;
    std::vector<float> turned(plane_bytes() * 8, 0.0F);
    const bool l2 = match == Match::kL2;
    for (std::size_t j = 0; j < dim(); ++j) turned[j] = l2 ? query[j] - centroid_[j] : query[j];
    made.constant =
        static_cast<float>(l2 ? dot(turned.data(), turned.data(), dim()) : -dot(query, centroid_.data(), dim()));
    rotation_.apply(turned.data());
    made.table = tables(turned, l2 ? -1.0F : -0.5F);
    return made;
}

CodeQuery BinaryQuantizer::query_of(const std::uint8_t* code) const {
    CodeQuery made;
    std::vector<float> turned(plane_bytes() * 8, 0.0F);
    levels(code, turned.data());
    made.table = tables(turned, -0.5F);
    return made;
}

// A bit of plane p says whether 2^p / 2 is to be added to v or taken away; four of them share a table.
std::vector<float> BinaryQuantizer::tables(const std::vector<float>& turned, float factor) const {
    const std::size_t plane_tables = plane_bytes() * 2;
    std::vector<float> made(bits_ * plane_tables * 16);
    for (unsigned plane = 0; plane < bits_; ++plane) {
        const float weight = factor * static_cast<float>(1U << (bits_ - 1 - plane));
        for (std::size_t t = 0; t < plane_tables; ++t) {
            float* const table = made.data() + (plane * plane_tables + t) * 16;
            const float* const four = turned.data() + 4 * t;
            table[0] = -weight * ((four[0] + four[1]) + (four[2] + four[3]));
            for (std::size_t bit = 0; bit < 4; ++bit) {
                const float step = 2 * weight * four[bit];
                for (std::size_t i = 0; i < std::size_t{1} << bit; ++i)
                    table[(std::size_t{1} << bit) + i] = table[i] + step;
            }
        }
    }
    return made;
}

Quantizer::Factors BinaryQuantizer::factors(const std::uint8_t* code, Match match) const {
    const Tail tail = tail_of(code, scored_bytes());
    return {tail.scale, match == Match::kL2 ? tail.squares : 0.0F};
}

void BinaryQuantizer::norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const {
    std::vector<float> turned = centroid_;
    const double own = dot(turned.data(), turned.data(), dim());
    rotation_.apply(turned.data());
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> v(dim());
            for (std::size_t i = begin; i < end; ++i) {
                const std::uint8_t* const code = codes + i * code_bytes();
                levels(code, v.data());
                const Tail tail = tail_of(code, scored_bytes());
                const double along = dot(v.data(), turned.data(), dim());
                const double squares =
                    static_cast<double>(tail.squares) + 2 * static_cast<double>(tail.scale) * along + own;
                out[i] = static_cast<float>(std::sqrt(std::max(squares, 0.0)));
            }
        },
        work.poll);
}

void BinaryQuantizer::errors(const float* queries, std::size_t query_count, const std::uint8_t* codes,
                             std::size_t count, float epsilon, float* out, const Work& work) const {
    std::vector<double> lengths(query_count, 0.0);  // of queries from the centroid
    for (std::size_t i = 0; i < query_count; ++i) {
        for (std::size_t j = 0; j < dim(); ++j) {
            const double feature = static_cast<double>(queries[i * dim() + j]) - static_cast<double>(centroid_[j]);
            lengths[i] += feature * feature;
        }
        lengths[i] = std::sqrt(lengths[i]);
    }
    const double share =
        2 * static_cast<double>(epsilon) / std::sqrt(static_cast<double>(std::max<std::size_t>(dim(), 2) - 1));
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> v(dim());
            for (std::size_t j = begin; j < end; ++j) {
                const std::uint8_t* const code = codes + j * code_bytes();
                const double squares = levels(code, v.data());
                const Tail tail = tail_of(code, scored_bytes());
                const auto f = static_cast<double>(tail.scale);
                // |r|^2 (1 - c^2) / c^2 = f^2 |v|^2 - |r|^2
                const double rest = std::sqrt(std::max(0.0, f * f * squares - static_cast<double>(tail.squares)));
                for (std::size_t i = 0; i < query_count; ++i)
                    out[i * count + j] = static_cast<float>(share * lengths[i] * rest);
            }
        },
        work.poll);
}

void BinaryQuantizer::save(SectionWriter& writer) const {
    Config config{};
    config.dim = dim();
    config.seed = seed_;
    config.bits = bits_;
    writer.write_section("binary.config", &config, sizeof config);
    writer.write_section("binary.centroid", centroid_.data(), centroid_.size() * sizeof(float));
}

std::unique_ptr<BinaryQuantizer> BinaryQuantizer::load(const SectionReader& reader) {
    Config config{};
    std::memcpy(&config, reader.section("binary.config", sizeof config).data(), sizeof config);
    if (config.dim < 1 || config.dim > kMaxDim || config.bits < 1 || config.bits > 4)
        refuse_section("binary.config", "it describes no binary quantizer");
    return std::unique_ptr<BinaryQuantizer>(new BinaryQuantizer(
        read_floats(reader, "binary.centroid", static_cast<std::size_t>(config.dim)), config.bits, config.seed));
}

}  // namespace lanner
