#include "codecs/quantizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "codecs/features.hpp"
#include "lanner/error.hpp"

namespace lanner {

Quantizer::Factors Quantizer::factors(const std::uint8_t*, Match) const { return {}; }

CodeQuery Quantizer::query_of(const std::uint8_t* code) const {
    std::vector<float> row(dim());
    reproduce(code, row.data());
    return query(row.data(), Match::kDot);
}

void Quantizer::norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const {
    constexpr std::size_t kGroup = 256;
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> rows((end - begin) * dim());
            decode(codes + begin * code_bytes(), end - begin, rows.data(), {});
            for (std::size_t i = begin; i < end; ++i) {
                const float* const row = rows.data() + (i - begin) * dim();
                double squares = 0;
                for (std::size_t j = 0; j < dim(); ++j)
                    squares += static_cast<double>(row[j]) * static_cast<double>(row[j]);
                out[i] = static_cast<float>(std::sqrt(squares));
            }
        },
        work.poll);
}

void require_finite(const float* rows, std::size_t count, std::size_t dim, std::string_view argument) {
    for (std::size_t i = 0; i < count; ++i) {
        const float* const row = rows + i * dim;
        // Differences of a finite number with itself are zero, of others NaN; the sum shows whether any was.
        float sum = 0;
        for (std::size_t j = 0; j < dim; ++j) sum += row[j] - row[j];
        if (sum == 0) continue;
        throw Error(ErrorKind::kInvalidArgument,
                    std::string(argument) + " must be finite, got NaN or infinity in row " + std::to_string(i));
    }
}

void require_norms(const float* rows, std::size_t count, std::size_t dim, std::string_view argument) {
    require_finite(rows, count, dim, argument);
    for (std::size_t i = 0; i < count; ++i) {
        if (dot_of(rows + i * dim, rows + i * dim, dim) <= kMaxSquaredNorm) continue;
        throw Error(ErrorKind::kInvalidArgument,
                    std::string(argument) +
                        " must have norms of at most 2.3e18, as float32 distances overflow beyond, " +
                        "got a longer one in row " + std::to_string(i));
    }
}

std::vector<float> sample_rows(const float* rows, std::size_t count, std::size_t dim, std::size_t most,
                               std::uint64_t seed) {
    if (count <= most) return {rows, rows + count * dim};
    // Of the rows left, each is taken with the probability that fills the sample exactly (Knuth's algorithm S).
    std::vector<float> sample;
    sample.reserve(most * dim);
    std::size_t taken = 0;
    for (std::size_t i = 0; taken < most; ++i) {
        if (random_at(seed, i) % (count - i) >= most - taken) continue;
        sample.insert(sample.end(), rows + i * dim, rows + (i + 1) * dim);
        ++taken;
    }
    return sample;
}

std::vector<float> read_floats(const SectionReader& reader, std::string_view name, std::size_t count) {
    const std::span<std::byte> bytes = reader.section(name, std::uint64_t{count} * sizeof(float));
    std::vector<float> values(count);
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    if (!std::all_of(values.begin(), values.end(), [](float each) { return std::isfinite(each); }))
        refuse_section(name, "it holds NaN or infinity");
    return values;
}

}  // namespace lanner
