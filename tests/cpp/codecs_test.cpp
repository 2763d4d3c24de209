#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.hpp"
#include "codecs/rotation.hpp"
#include "codecs/scalar_codec.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

double uniform(std::uint64_t seed, std::uint64_t place) {
    return static_cast<double>(random_at(seed, place) >> 11) * 0x1p-53;
}

std::vector<float> normal_vector(std::size_t dim, std::uint64_t seed) {
    std::vector<float> vector(dim);
    for (std::size_t i = 0; i < dim; ++i) {
        const double radius = std::sqrt(-2 * std::log(1 - uniform(seed, 2 * i)));
        vector[i] = static_cast<float>(radius * std::cos(6.283185307179586 * uniform(seed, 2 * i + 1)));
    }
    return vector;
}

double dot(const std::vector<float>& left, const std::vector<float>& right) {
    double sum = 0;
    for (std::size_t i = 0; i < left.size(); ++i) sum += static_cast<double>(left[i]) * static_cast<double>(right[i]);
    return sum;
}

const std::vector<std::size_t> kDims{1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 64, 65, 96, 127, 128, 129, 384, 784, 1000, 1024};

TEST_CASE("a rotation keeps lengths and inner products, and is undone by its inverse") {
    for (const std::size_t dim : kDims) {
        INFO("dim " << dim);
        const Rotation rotation(dim, 5, active_kernels());
        std::vector<float> left = normal_vector(dim, 1);
        std::vector<float> right = normal_vector(dim, 2);
        const std::vector<float> before = left;
        const double length = std::sqrt(dot(left, left) * dot(right, right));
        const double product = dot(left, right);
        rotation.apply(left.data());
        rotation.apply(right.data());
        CHECK(std::fabs(dot(left, right) - product) <= 4e-6 * length);
        CHECK(std::fabs(std::sqrt(dot(left, left) * dot(right, right)) - length) <= 4e-6 * length);
        rotation.invert(left.data());
        for (std::size_t i = 0; i < dim; ++i) {
            CHECK(std::fabs(left[i] - before[i]) <= 4e-6F * static_cast<float>(std::sqrt(dot(before, before))));
        }
    }
}

// A vector with its whole length in one feature is the worst that a step size for all features can meet. A uniformly
// random direction has its largest feature below sqrt(2 ln(2 d / p)) / sqrt(d) with probability 1 - p.
TEST_CASE("a rotation spreads every feature over all of them") {
    for (const std::size_t dim : {64U, 96U, 127U, 129U, 384U, 784U}) {
        INFO("dim " << dim);
        const Rotation rotation(dim, 11, active_kernels());
        const auto features = static_cast<double>(dim);
        const double bound = std::sqrt(2 * std::log(2 * features / 1e-6) / features);
        for (std::size_t hot = 0; hot < dim; ++hot) {
            std::vector<float> vector(dim, 0.0F);
            vector[hot] = 1;
            rotation.apply(vector.data());
            float most = 0;
            for (const float each : vector) most = std::max(most, std::fabs(each));
            CHECK(static_cast<double>(most) <= bound);
        }
    }
}

TEST_CASE("a rotation is the same, bit for bit, on every instruction set") {
    const KernelLevels levels = available_kernels();
    for (const std::size_t dim : kDims) {
        std::vector<float> plain = normal_vector(dim, 4);
        const std::vector<float> before = plain;
        Rotation(dim, 6, *find_kernels("scalar")).apply(plain.data());
        for (std::size_t i = 0; i < levels.count; ++i) {
            std::vector<float> vector = before;
            Rotation(dim, 6, *levels.first[i]).apply(vector.data());
            CHECK_MESSAGE(std::memcmp(vector.data(), plain.data(), dim * sizeof(float)) == 0, levels.first[i]->name);
        }
    }
}

TEST_CASE("a rotation is a function of dim and seed") {
    for (const std::size_t dim : {5U, 64U, 100U}) {
        std::vector<float> first = normal_vector(dim, 3);
        std::vector<float> second = first;
        std::vector<float> other = first;
        Rotation(dim, 9, active_kernels()).apply(first.data());
        Rotation(dim, 9, active_kernels()).apply(second.data());
        Rotation(dim, 10, active_kernels()).apply(other.data());
        CHECK(std::memcmp(first.data(), second.data(), dim * sizeof(float)) == 0);
        CHECK(first != other);
    }
}

constexpr CodeBits kBits[] = {CodeBits::k8, CodeBits::k4};
constexpr Metric kMetrics[] = {Metric::kL2, Metric::kCosine, Metric::kIp, Metric::kSnr, Metric::kSnrItem};

std::vector<float> shifted_rows(std::size_t count, std::size_t dim, std::uint64_t seed) {
    std::vector<float> rows;
    const std::vector<float> shift = normal_vector(dim, 99);
    for (std::size_t row = 0; row < count; ++row) {
        const std::vector<float> one = normal_vector(dim, seed + row);
        for (std::size_t i = 0; i < dim; ++i) rows.push_back(one[i] + shift[i]);
    }
    return rows;
}

ScalarCodec codec_over(const std::vector<float>& rows, std::size_t dim, CodeBits bits, Metric metric,
                       const KernelTable& kernels) {
    ScalarCodec codec(bits, metric, dim, 21, kernels);
    const std::size_t count = rows.size() / dim;
    std::vector<double> sums(dim);
    for (std::size_t row = 0; row < count; ++row) {
        std::vector<float> one(rows.begin() + static_cast<std::ptrdiff_t>(row * dim),
                               rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * dim));
        codec.to_space(one.data());
        for (std::size_t i = 0; i < dim; ++i) sums[i] += static_cast<double>(one[i]);
    }
    std::vector<float> mean(dim);
    for (std::size_t i = 0; i < dim; ++i) mean[i] = static_cast<float>(sums[i] / static_cast<double>(count));
    codec.set_mean(mean);
    codec.grow(count);
    for (std::size_t row = 0; row < count; ++row) codec.store(static_cast<Slot>(row), rows.data() + row * dim);
    return codec;
}

std::vector<double> centred(const std::vector<float>& row) {
    double mean = 0;
    for (const float each : row) mean += static_cast<double>(each) / static_cast<double>(row.size());
    std::vector<double> result;
    for (const float each : row) result.push_back(static_cast<double>(each) - mean);
    return result;
}

// The metrics as metric.hpp has them between two stored rows, and as a user has them.
double distance(Metric metric, const std::vector<float>& query, const std::vector<float>& row, bool stored) {
    if (metric == Metric::kIp) return -dot(query, row);
    if (metric == Metric::kCosine) return 1 - dot(query, row) / std::sqrt(dot(query, query) * dot(row, row));
    double squares = 0;
    const bool centres = metric != Metric::kL2;
    const std::vector<double> q = centres ? centred(query) : std::vector<double>(query.begin(), query.end());
    const std::vector<double> x = centres ? centred(row) : std::vector<double>(row.begin(), row.end());
    double q_squares = 0;
    double x_squares = 0;
    for (std::size_t i = 0; i < q.size(); ++i) {
        squares += (q[i] - x[i]) * (q[i] - x[i]);
        q_squares += q[i] * q[i];
        x_squares += x[i] * x[i];
    }
    if (metric == Metric::kSnr) return stored ? squares : squares / q_squares;
    if (metric == Metric::kSnrItem) return stored ? squares / (x_squares * q_squares) : squares / x_squares;
    return squares;
}

TEST_CASE("the step of a code keeps a row's features within half of it, or cuts off few") {
    for (const std::size_t dim : {1U, 2U, 17U, 128U, 300U}) {
        const std::vector<float> rows = shifted_rows(40, dim, 500);
        const ScalarCodec codec = codec_over(rows, dim, CodeBits::k8, Metric::kL2, active_kernels());
        for (std::size_t row = 0; row < 40; ++row) {
            std::vector<float> decoded(dim);
            codec.decode(static_cast<Slot>(row), decoded.data());
            double error = 0;
            double length = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                error += std::pow(static_cast<double>(decoded[i] - rows[row * dim + i]), 2);
                length += std::pow(static_cast<double>(rows[row * dim + i]), 2);
            }
            // The largest of d features is no longer than the row, whose distance from the mean is below 3 lengths here;
            // the step is at most that over 127, and each feature off by half of it, and by a little for the scale.
            const double step = 3 * (std::sqrt(length) + 1) / 127;
            CHECK(std::sqrt(error) <= 0.51 * step * std::sqrt(static_cast<double>(dim)) + 1e-5);
        }
    }
}

// Quantising normal numbers with 16 evenly spaced levels leaves 0.01154 of their variance at best (Max, Quantizing for
// Minimum Distortion, 1960); 255 levels over the largest of 1024, near 3.4 deviations, (3.4 / 127)^2 / 12 = 0.00006.
TEST_CASE("codes lose what theory says they lose") {
    constexpr std::size_t kDim = 1024;
    constexpr std::size_t kRows = 60;
    std::vector<float> rows;
    for (std::size_t row = 0; row < kRows; ++row) {
        const std::vector<float> one = normal_vector(kDim, 900 + row);
        rows.insert(rows.end(), one.begin(), one.end());
    }
    for (const CodeBits bits : kBits) {
        ScalarCodec codec(bits, Metric::kL2, kDim, 2, active_kernels());
        codec.grow(kRows);
        double lost = 0;
        double all = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
            codec.store(static_cast<Slot>(row), rows.data() + row * kDim);
            std::vector<float> decoded(kDim);
            codec.decode(static_cast<Slot>(row), decoded.data());
            for (std::size_t i = 0; i < kDim; ++i) {
                lost += std::pow(static_cast<double>(decoded[i] - rows[row * kDim + i]), 2);
                all += std::pow(static_cast<double>(rows[row * kDim + i]), 2);
            }
        }
        CHECK(lost / all >= (bits == CodeBits::k8 ? 0.00003 : 0.0110));
        CHECK(lost / all <= (bits == CodeBits::k8 ? 0.00009 : 0.0130));
    }
}

// Between stored rows an estimate has errors of two codes, each about 0.007 or 0.11 of what is coded (see above); of a
// query, one of a code and one of 8 bits. The inner product of such an error with a vector of d features is smaller than
// the product of their lengths by sqrt(d).
TEST_CASE("estimates agree with the metric, within the errors of codes and without bias") {
    constexpr std::size_t kDim = 200;
    constexpr std::size_t kRows = 120;
    const std::vector<float> rows = shifted_rows(kRows, kDim, 40);
    const auto row_of = [&](std::size_t row) {
        return std::vector<float>(rows.begin() + static_cast<std::ptrdiff_t>(row * kDim),
                                  rows.begin() + static_cast<std::ptrdiff_t>((row + 1) * kDim));
    };
    std::vector<Slot> slots(kRows);
    for (std::size_t i = 0; i < kRows; ++i) slots[i] = static_cast<Slot>(i);
    for (const CodeBits bits : kBits) {
        for (const Metric metric : kMetrics) {
            INFO("bits " << static_cast<int>(bits) << ", metric " << static_cast<int>(metric));
            const ScalarCodec codec = codec_over(rows, kDim, bits, metric, active_kernels());
            const auto scorer = codec.make_scorer();
            QueryBlock block;
            codec.prepare({rows.data(), kRows, ElementType::kFloat32}, block);
            for (const bool stored : {true, false}) {
                double squares = 0;
                double bias = 0;
                double spread = 0;
                for (std::size_t query = 0; query < 20; ++query) {
                    std::vector<float> found(kRows);
                    if (stored) {
                        scorer->bind_slot(static_cast<Slot>(query));
                    } else {
                        scorer->bind_query(block, query);
                    }
                    scorer->score(slots.data(), kRows, found.data());
                    // Under ip it is the deviation from the mean product that the codes hold.
                    double mean = 0;
                    if (metric == Metric::kIp) {
                        for (std::size_t row = 0; row < kRows; ++row)
                            mean += distance(metric, row_of(query), row_of(row), stored) / kRows;
                    }
                    for (std::size_t row = 0; row < kRows; ++row) {
                        const double truth = distance(metric, row_of(query), row_of(row), stored);
                        const double error = static_cast<double>(found[row]) - truth;
                        squares += error * error;
                        bias += error;
                        spread += (truth - mean) * (truth - mean);
                    }
                }
                // Of l2, 2 <q', x'> errs by 2 |q'| |x'| e / sqrt(d) where the distance is |q'|^2 + |x'|^2 or so.
                const double e = bits == CodeBits::k8 ? 0.012 : 0.16;
                const double allowed = metric == Metric::kIp ? 2.5 * e : 2 * e / std::sqrt(200.0);
                CHECK(std::sqrt(squares / spread) <= allowed);
                CHECK(std::fabs(bias) / (20 * kRows) <= 0.2 * allowed * std::sqrt(spread / (20 * kRows)));
            }
        }
    }
}

TEST_CASE("an estimate is the same, bit for bit, in every shape and on every instruction set") {
    constexpr std::size_t kRows = 37;
    const KernelLevels levels = available_kernels();
    for (const std::size_t dim : {1U, 5U, 64U, 100U, 129U, 384U}) {
        const std::vector<float> rows = shifted_rows(kRows, dim, 70);
        std::vector<Slot> backwards;
        for (std::size_t row = kRows; row-- > 0;) backwards.push_back(static_cast<Slot>(row));
        for (const CodeBits bits : kBits) {
            for (const Metric metric : kMetrics) {
                std::vector<float> first;
                for (std::size_t level = 0; level < levels.count; ++level) {
                    INFO("level " << levels.first[level]->name << ", dim " << dim);
                    const ScalarCodec codec = codec_over(rows, dim, bits, metric, *levels.first[level]);
                    QueryBlock block;
                    codec.prepare({rows.data(), 9, ElementType::kFloat32}, block);
                    std::vector<float> tile(9 * kRows);
                    codec.score_block(block, 0, 9, 0, kRows, tile.data(), kRows);
                    const auto scorer = codec.make_scorer();
                    for (std::size_t query = 0; query < 9; ++query) {
                        std::vector<float> one(kRows);
                        codec.score_block(block, query, 1, 0, kRows, one.data(), kRows);
                        std::vector<float> scattered(kRows);
                        scorer->bind_query(block, query);
                        scorer->score(backwards.data(), kRows, scattered.data());
                        std::reverse(scattered.begin(), scattered.end());
                        CHECK(std::memcmp(one.data(), tile.data() + query * kRows, kRows * sizeof(float)) == 0);
                        CHECK(std::memcmp(one.data(), scattered.data(), kRows * sizeof(float)) == 0);
                    }
                    if (first.empty()) first = tile;
                    CHECK(std::memcmp(first.data(), tile.data(), tile.size() * sizeof(float)) == 0);
                }
            }
        }
    }
}

TEST_CASE("a code that store() makes is sound and that of its row; another row's is not") {
    constexpr std::size_t kDim = 70;
    const std::vector<float> rows = shifted_rows(10, kDim, 8);
    for (const CodeBits bits : kBits) {
        for (const Metric metric : kMetrics) {
            ScalarCodec codec = codec_over(rows, kDim, bits, metric, active_kernels());
            for (Slot slot = 0; slot < 10; ++slot) {
                CHECK(codec.sound(slot));
                CHECK(codec.is_code_of(slot, rows.data() + slot * kDim));
                CHECK(!codec.is_code_of(slot, rows.data() + (slot + 1) % 10 * kDim));
                CHECK(!codec.same(slot, (slot + 1) % 10));
            }
            const std::vector<float> constant(kDim, 2.0F);
            const std::vector<float> zero(kDim, 0.0F);
            codec.store(1, constant.data());
            codec.store(2, zero.data());
            CHECK(codec.sound(1));
            CHECK(codec.sound(2));
            std::vector<float> decoded(kDim);
            codec.decode(1, decoded.data());
            for (const float each : decoded) CHECK(std::fabs(each - 2) < (bits == CodeBits::k8 ? 0.08F : 1.2F));
        }
    }
}

// 127 over the largest feature of such a row is beyond float32.
TEST_CASE("rows and queries of hardly any length make finite codes and estimates") {
    for (const std::size_t dim : {2U, 70U}) {
        for (const float size : {1e-45F, 1.2e-38F, 2e-38F, 1e-37F, 1e-36F, 1e-30F}) {
            for (const CodeBits bits : kBits) {
                for (const Metric metric : kMetrics) {
                    INFO("dim " << dim << ", size " << size);
                    std::vector<float> row(dim, 0.0F);
                    row[1] = size;
                    const std::vector<float> even(dim, size);
                    ScalarCodec codec(bits, metric, dim, 21, active_kernels());
                    codec.grow(2);
                    codec.store(0, row.data());
                    codec.store(1, even.data());
                    std::vector<float> decoded(dim);
                    for (const Slot slot : {0U, 1U}) {
                        CHECK(codec.sound(slot));
                        codec.decode(slot, decoded.data());
                        for (const float each : decoded)
                            CHECK(std::fabs(each) <= (metric == Metric::kSnrItem ? 1e-20F : 2 * size));
                    }
                    if (metric == Metric::kSnr || metric == Metric::kSnrItem) continue;
                    QueryBlock block;
                    codec.prepare({row.data(), 1, ElementType::kFloat32}, block);
                    const Slot slots[] = {0, 1};
                    float out[2];
                    const auto scorer = codec.make_scorer();
                    scorer->bind_query(block, 0);
                    scorer->score(slots, 2, out);
                    CHECK(std::isfinite(out[0]));
                    CHECK(std::isfinite(out[1]));
                }
            }
        }
    }
}

}  // namespace
}  // namespace lanner
