#include "codecs/product_quantizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/thread_pool.hpp"
#include "codecs/kmeans.hpp"
#include "codecs/product_rotation.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kSteps = 25;
constexpr std::size_t kGroup = 64;

struct Config {
    std::uint64_t dim;
    std::uint64_t parts;
    std::uint32_t bits;
    std::uint32_t rotated;
    std::uint8_t zero[8];
};
static_assert(sizeof(Config) == 32);

void rotate(const float* rows, std::size_t count, std::size_t dim, const std::vector<float>& matrix, float* out) {
    std::fill(out, out + count * dim, 0.0F);
    active_kernels().columns[static_cast<int>(Op::kDot)](rows, dim, count, matrix.data(), dim, dim, dim, out, dim);
}

}  // namespace

void ProductQuantizer::check(const Shape& shape) {
    const auto require = [](bool met, const std::string& message) {
        if (!met) throw Error(ErrorKind::kInvalidArgument, message);
    };
    require(shape.dim >= 1 && shape.dim <= kMaxDim,
            "vectors must have 1 to " + std::to_string(kMaxDim) + " features, got " + std::to_string(shape.dim));
    require(shape.bits == 4 || shape.bits == 8, "bits must be 4 or 8, got " + std::to_string(shape.bits));
    require(shape.parts >= 1 && shape.dim % shape.parts == 0, "m must divide the dimension of the vectors, " +
                                                                  std::to_string(shape.dim) + ", got " +
                                                                  std::to_string(shape.parts));
}

std::unique_ptr<ProductQuantizer> ProductQuantizer::fit(const float* rows, std::size_t count, const Shape& shape,
                                                        const FitOptions& options) {
    check(shape);
    std::unique_ptr<ProductQuantizer> made(new ProductQuantizer(shape));
    const std::size_t dim = shape.dim;
    const std::size_t clusters = made->clusters();
    if (count < clusters) {
        throw Error(ErrorKind::kInvalidArgument, "vectors must have at least " + std::to_string(clusters) +
                                                     " rows to fit codes of " + std::to_string(shape.bits) +
                                                     " bits, got " + std::to_string(count));
    }
    require_norms(rows, count, dim, "vectors");
    std::vector<float> sample = sample_rows(rows, count, dim, most_rows(shape.bits), options.seed);
    const std::size_t sampled = sample.size() / dim;
    FitReport report(options.progress, shape.parts * kSteps + (shape.rotated ? kRotationRounds : 0));
    const Work work{options.threads, report.poller()};
    if (shape.rotated) {
        made->set_rotation(
            learn_rotation({sample.data(), sampled, dim}, {shape.parts, clusters, options.seed}, work, report));
        std::vector<float> turned(sample.size());
        multiply(sample.data(), made->rotation_.data(), sampled, dim, dim, turned.data(), work);
        sample.swap(turned);
    }
    const std::size_t part_dim = made->part_dim();
    made->codebooks_.resize(dim * clusters);
    parallel_for(
        shape.parts, 1, options.threads,
        [&](std::size_t part, std::size_t, std::size_t worker) {
            // A copy without gaps: the steps read it often.
            std::vector<float> rows_of_part(sampled * part_dim);
            for (std::size_t i = 0; i < sampled; ++i)
                std::copy_n(sample.data() + i * dim + part * part_dim, part_dim, rows_of_part.data() + i * part_dim);
            const Points points{rows_of_part.data(), part_dim, sampled, part_dim};
            Clusters found(points, clusters, options.seed + part + 1);
            std::size_t step = 0;
            for (bool changed = true; changed && step < kSteps; ++step) {
                changed = found.step(points);
                report.add(1);
                // A range takes long: the caller, who is worker 0, looks up within it.
                if (worker == 0) report.poll();
            }
            report.add(kSteps - step);
            std::copy(found.columns().begin(), found.columns().end(),
                      made->codebooks_.begin() + static_cast<std::ptrdiff_t>(part * part_dim * clusters));
        },
        work.poll);
    report.finish();
    return made;
}

void ProductQuantizer::set_rotation(std::vector<float> rotation) {
    rotation_ = std::move(rotation);
    inverse_ = transposed(rotation_.data(), shape_.dim, shape_.dim);
}

void ProductQuantizer::encode_group(const float* rows, std::size_t count, std::uint8_t* codes) const {
    const KernelTable& kernels = active_kernels();
    std::vector<float> turned;
    if (shape_.rotated) {
        turned.resize(count * shape_.dim);
        rotate(rows, count, shape_.dim, rotation_, turned.data());
        rows = turned.data();
    }
    std::uint32_t nearest[kGroup];
    float distances[kGroup];
    std::fill(codes, codes + count * code_bytes(), std::uint8_t{0});
    for (std::size_t part = 0; part < shape_.parts; ++part) {
        kernels.nearest_column(rows + part * part_dim(), shape_.dim, count, codebook(part), clusters(), part_dim(),
                               clusters(), nearest, distances);
        std::uint8_t* to = codes + part * shape_.bits / 8;
        const std::uint32_t shift = shape_.bits == 4 ? part % 2 * 4 : 0;
        for (std::size_t i = 0; i < count; ++i, to += code_bytes())
            *to = static_cast<std::uint8_t>(*to | nearest[i] << shift);
    }
}

void ProductQuantizer::encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const {
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            encode_group(rows + begin * shape_.dim, end - begin, codes + begin * code_bytes());
        },
        work.poll);
}

void ProductQuantizer::centroids(const std::uint8_t* code, float* row) const noexcept {
    for (std::size_t part = 0; part < shape_.parts; ++part) {
        const float* const column = codebook(part) + number(code, part);
        for (std::size_t j = 0; j < part_dim(); ++j) *row++ = column[j * clusters()];
    }
}

void ProductQuantizer::decode_group(const std::uint8_t* codes, std::size_t count, float* rows) const {
    std::vector<float> turned;
    float* const to = shape_.rotated ? (turned.resize(count * shape_.dim), turned.data()) : rows;
    for (std::size_t i = 0; i < count; ++i) centroids(codes + i * code_bytes(), to + i * shape_.dim);
    if (shape_.rotated) rotate(to, count, shape_.dim, inverse_, rows);
}

void ProductQuantizer::decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const {
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            decode_group(codes + begin * code_bytes(), end - begin, rows + begin * shape_.dim);
        },
        work.poll);
}

CodeQuery ProductQuantizer::query(const float* query, Match match) const {
    std::vector<float> features(query, query + shape_.dim);
    if (shape_.rotated) rotate(query, 1, shape_.dim, rotation_, features.data());
    if (match == Match::kDot) {
        for (float& each : features) each = -each;
    }
    return tables(features.data(), match == Match::kDot ? Op::kDot : Op::kL2);
}

CodeQuery ProductQuantizer::query_of(const std::uint8_t* code) const {
    std::vector<float> features(shape_.dim);
    centroids(code, features.data());
    for (float& each : features) each = -each;
    return tables(features.data(), Op::kDot);
}

CodeQuery ProductQuantizer::tables(const float* features, Op op) const {
    const ColumnsKernel columns = active_kernels().columns[static_cast<int>(op)];
    CodeQuery made;
    made.table.resize(shape_.parts * clusters());
    for (std::size_t part = 0; part < shape_.parts; ++part) {
        columns(features + part * part_dim(), shape_.dim, 1, codebook(part), clusters(), part_dim(), clusters(),
                made.table.data() + part * clusters(), clusters());
    }
    return made;
}

void ProductQuantizer::norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const {
    std::vector<double> squares(shape_.parts * clusters(), 0.0);
    for (std::size_t part = 0; part < shape_.parts; ++part) {
        for (std::size_t i = 0; i < part_dim() * clusters(); ++i) {
            const auto value = static_cast<double>(codebook(part)[i]);
            squares[part * clusters() + i % clusters()] += value * value;
        }
    }
    parallel_for(
        count, 4096, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) {
                double sum = 0;
                for (std::size_t part = 0; part < shape_.parts; ++part)
                    sum += squares[part * clusters() + number(codes + i * code_bytes(), part)];
                out[i] = static_cast<float>(std::sqrt(sum));
            }
        },
        work.poll);
}

void ProductQuantizer::save(SectionWriter& writer) const {
    Config config{};
    config.dim = shape_.dim;
    config.parts = shape_.parts;
    config.bits = shape_.bits;
    config.rotated = shape_.rotated ? 1 : 0;
    writer.write_section("pq.config", &config, sizeof config);
    writer.write_section("pq.codebooks", codebooks_.data(), codebooks_.size() * sizeof(float));
    if (shape_.rotated) writer.write_section("pq.rotation", rotation_.data(), rotation_.size() * sizeof(float));
}

std::unique_ptr<ProductQuantizer> ProductQuantizer::load(const SectionReader& reader) {
    Config config{};
    std::memcpy(&config, reader.section("pq.config", sizeof config).data(), sizeof config);
    const bool sound = config.dim >= 1 && config.dim <= kMaxDim && config.parts >= 1 && config.parts <= config.dim &&
                       config.dim % config.parts == 0 && (config.bits == 4 || config.bits == 8) && config.rotated <= 1;
    if (!sound) refuse_section("pq.config", "it describes no product quantizer");
    const Shape shape{static_cast<std::size_t>(config.dim), static_cast<std::size_t>(config.parts), config.bits,
                      config.rotated != 0};
    std::unique_ptr<ProductQuantizer> made(new ProductQuantizer(shape));
    made->codebooks_ = read_floats(reader, "pq.codebooks", shape.dim * made->clusters());
    if (shape.rotated) made->set_rotation(read_floats(reader, "pq.rotation", shape.dim * shape.dim));
    return made;
}

}  // namespace lanner
