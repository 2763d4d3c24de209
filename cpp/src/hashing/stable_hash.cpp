#include "hashing/stable_hash.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/thread_pool.hpp"
#include "codecs/quantizer.hpp"
#include "hashing/normal.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kSlab = 64;
constexpr std::size_t kGroup = 32;

// The number of a cell, with a sign, read without one. Cells beyond 32 bits are the outermost; positions that are no number,
// which vectors of astronomic length have, are in the last.
std::uint32_t cell_of(float position) noexcept {
    // The greatest float below 2^31, and the least number of 32 bits.
    constexpr float kMost = 2147483520.0F;
    constexpr float kLeast = -2147483648.0F;
    const float cell = std::floor(position);
    const float kept = cell == cell ? std::min(std::max(cell, kLeast), kMost) : kMost;
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(kept));
}

}  // namespace

StableHash::StableHash(std::size_t dim, std::size_t bits, double width, std::uint64_t seed)
    : HashFamily(bits), dim_(dim), width_(width), seed_(seed), columns_(dim * bits), starts_(bits) {
    // No normal number is as large as that, and what becomes of them is float32.
    constexpr double kLargestNormal = 64;
    if (!(width > 0) || !std::isfinite(width) || !std::isfinite(static_cast<float>(kLargestNormal / width)))
        throw Error(ErrorKind::kInvalidArgument,
                    "width must be a finite number above 0, and not below 2e-37, got " + std::to_string(width));
    for (std::size_t bit = 0; bit < bits; ++bit)
        starts_[bit] = static_cast<float>(uniform_at(seed, (std::uint64_t{1} << 40) + bit));
    for (std::size_t j = 0; j < dim; ++j) {
        for (std::size_t bit = 0; bit < bits; ++bit)
            columns_[j * bits + bit] = static_cast<float>(normal_at(seed, bit * kMaxDim + j) / width);
    }
}

void StableHash::position_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const {
    for (std::size_t i = 0; i < count; ++i) std::copy(starts_.begin(), starts_.end(), out + i * bits());
    const ColumnsKernel add = active_kernels().columns[static_cast<int>(Op::kDot)];
    for (std::size_t j = 0; j < dim_; j += kSlab) {
        add(rows.vectors + first * dim_ + j, dim_, count, columns_.data() + j * bits(), bits(),
            std::min(kSlab, dim_ - j), bits(), out, bits());
    }
}

void StableHash::positions(const HashRows& rows, float* out, const Work& work) const {
    parallel_for(
        rows.count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            position_rows(rows, begin, end - begin, out + begin * bits());
        },
        work.poll);
}

void StableHash::symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const {
    std::vector<float> positions(count * bits());
    position_rows(rows, first, count, positions.data());
    for (std::size_t i = 0; i < positions.size(); ++i) out[i] = cell_of(positions[i]);
}

void StableHash::probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const {
    std::vector<float> positions(bits());
    position_rows(rows, row, 1, positions.data());
    for (std::size_t place = 0; place < bits(); ++place) {
        HashProbe* const to = out + place * most;
        const std::uint32_t own = cell_of(positions[place]);
        const float above = positions[place] - std::floor(positions[place]);
        const float below = above * above;
        const float over = (1 - above) * (1 - above);
        const HashProbe next[3] = {{own, 0},
                                   below <= over ? HashProbe{own - 1, below} : HashProbe{own + 1, over},
                                   below <= over ? HashProbe{own + 1, over} : HashProbe{own - 1, below}};
        for (std::size_t i = 0; i < most; ++i) {
            to[i] = i < 3 ? next[i] : HashProbe{own, std::numeric_limits<float>::infinity()};
            if (to[i].cost != to[i].cost) to[i].cost = std::numeric_limits<float>::infinity();
        }
    }
}

void StableHash::save(SectionWriter& writer) const {
    write_config(writer, "e2lsh.config", {dim_, bits(), seed_, width_});
    // Numbers of the normal distribution may differ in their last place from machine to machine; codes must not.
    writer.write_section("e2lsh.columns", columns_.data(), columns_.size() * sizeof(float));
}

std::unique_ptr<StableHash> StableHash::load(const SectionReader& reader) {
    if (!reader.has("e2lsh.config")) return nullptr;
    const HashConfig config = read_config(reader, "e2lsh.config", kMaxDim);
    if (!(config.width > 0) || !std::isfinite(1 / config.width))
        refuse_section("e2lsh.config", "its cells have no width");
    const auto dim = static_cast<std::size_t>(config.dim);
    const auto bits = static_cast<std::size_t>(config.bits);
    std::vector<float> columns = read_floats(reader, "e2lsh.columns", dim * bits);
    auto made = std::make_unique<StableHash>(dim, bits, config.width, config.seed);
    made->columns_ = std::move(columns);
    return made;
}

}  // namespace lanner
