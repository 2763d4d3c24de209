#include "hashing/linear_hash.hpp"

#include <algorithm>
#include <cstring>

#include "codecs/quantizer.hpp"
#include "hashing/normal.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Rows of the matrix that are used together, so that they stay in the caches.
constexpr std::size_t kSlab = 64;

struct Config {
    std::uint64_t dim;
    std::uint64_t bits;
    std::uint32_t kind;
    std::uint8_t zero[12];
};
static_assert(sizeof(Config) == 32);

}  // namespace

LinearHash::LinearHash(std::string_view kind, LinearPlanes planes)
    : HashFamily(planes.offsets.size()), kind_(kind), planes_(std::move(planes)) {}

void LinearHash::value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const {
    const std::size_t dim = this->dim();
    std::vector<float> centred(rows.vectors + first * dim, rows.vectors + (first + count) * dim);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < dim; ++j) centred[i * dim + j] -= planes_.mean[j];
        std::copy(planes_.offsets.begin(), planes_.offsets.end(), out + i * bits());
    }
    const ColumnsKernel add = active_kernels().columns[static_cast<int>(Op::kDot)];
    for (std::size_t j = 0; j < dim; j += kSlab) {
        add(centred.data() + j, dim, count, planes_.columns.data() + j * bits(), bits(), std::min(kSlab, dim - j),
            bits(), out, bits());
    }
}

void LinearHash::save(SectionWriter& writer) const {
    Config config{};
    config.dim = dim();
    config.bits = bits();
    config.kind = static_cast<std::uint32_t>(std::find(std::begin(kLinearKinds), std::end(kLinearKinds), kind_) -
                                             std::begin(kLinearKinds));
    writer.write_section("planes.config", &config, sizeof config);
    writer.write_section("planes.mean", planes_.mean.data(), planes_.mean.size() * sizeof(float));
    writer.write_section("planes.columns", planes_.columns.data(), planes_.columns.size() * sizeof(float));
    writer.write_section("planes.offsets", planes_.offsets.data(), planes_.offsets.size() * sizeof(float));
}

std::unique_ptr<LinearHash> LinearHash::load(const SectionReader& reader) {
    if (!reader.has("planes.config")) return nullptr;
    Config config{};
    std::memcpy(&config, reader.section("planes.config", sizeof config).data(), sizeof config);
    if (config.dim < 1 || config.dim > kMaxDim || config.bits < 8 || config.bits > kMaxHashBits ||
        config.bits % 8 != 0 || config.kind >= std::size(kLinearKinds))
        refuse_section("planes.config", "it describes no hash");
    const auto dim = static_cast<std::size_t>(config.dim);
    const auto bits = static_cast<std::size_t>(config.bits);
    return std::make_unique<LinearHash>(
        kLinearKinds[config.kind],
        LinearPlanes{read_floats(reader, "planes.mean", dim), read_floats(reader, "planes.columns", dim * bits),
                     read_floats(reader, "planes.offsets", bits)});
}

std::unique_ptr<LinearHash> random_hyperplanes(std::size_t dim, std::size_t bits, std::uint64_t seed) {
    LinearPlanes planes{std::vector<float>(dim, 0.0F), std::vector<float>(dim * bits), std::vector<float>(bits, 0.0F)};
    // By plane: the first planes of a seed are the same for any number of bits.
    for (std::size_t j = 0; j < dim; ++j) {
        for (std::size_t bit = 0; bit < bits; ++bit)
            planes.columns[j * bits + bit] = static_cast<float>(normal_at(seed, bit * kMaxDim + j));
    }
    return std::make_unique<LinearHash>("hyperplanes", std::move(planes));
}

}  // namespace lanner
