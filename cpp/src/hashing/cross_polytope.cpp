#include "hashing/cross_polytope.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "base/random.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {

CrossPolytope::CrossPolytope(std::size_t dim, std::size_t bits, std::uint64_t seed)
    : HashFamily(bits), dim_(dim), seed_(seed) {
    if (dim > kMost / bits)
        throw Error(ErrorKind::kInvalidArgument, "bits times dim must be at most " + std::to_string(kMost) +
                                                     " for a cross-polytope hash, got " + std::to_string(bits) + " * " +
                                                     std::to_string(dim));
    rotations_.reserve(bits);
    for (std::size_t i = 0; i < bits; ++i) rotations_.emplace_back(dim, random_at(seed, i), active_kernels());
}

void CrossPolytope::symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const {
    std::vector<float> turned(dim_);
    for (std::size_t bit = 0; bit < bits(); ++bit) {
        for (std::size_t i = 0; i < count; ++i) {
            const float* const row = rows.vectors + (first + i) * dim_;
            std::copy(row, row + dim_, turned.begin());
            rotations_[bit].apply(turned.data());
            std::size_t best = 0;
            float most = std::fabs(turned[0]);
            for (std::size_t j = 1; j < dim_; ++j) {
                const float size = std::fabs(turned[j]);
                best = size > most ? j : best;
                most = size > most ? size : most;
            }
            out[i * bits() + bit] = static_cast<std::uint32_t>(2 * best + (turned[best] < 0 ? 1 : 0));
        }
    }
}

void CrossPolytope::probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const {
    const float* const from = rows.vectors + row * dim_;
    double squares = 0;
    for (std::size_t j = 0; j < dim_; ++j) squares += static_cast<double>(from[j]) * static_cast<double>(from[j]);
    const auto inverse =
        static_cast<float>(squares > 0 && std::isfinite(1 / std::sqrt(squares)) ? 1 / std::sqrt(squares) : 1.0);
    std::vector<float> turned(dim_);
    std::vector<std::uint32_t> order(dim_);
    for (std::size_t bit = 0; bit < bits(); ++bit) {
        std::copy(from, from + dim_, turned.begin());
        rotations_[bit].apply(turned.data());
        std::iota(order.begin(), order.end(), 0U);
        const std::size_t known = std::min(most, dim_);
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(known), order.end(),
                          [&](std::uint32_t left, std::uint32_t right) {
                              const float a = std::fabs(turned[left]);
                              const float b = std::fabs(turned[right]);
                              return a != b ? a > b : left < right;
                          });
        const float greatest = std::fabs(turned[order[0]]) * inverse;
        for (std::size_t i = 0; i < most; ++i) {
            const std::uint32_t place = order[std::min(i, known - 1)];
            const float behind = greatest - std::fabs(turned[place]) * inverse;
            out[bit * most + i] = {2 * place + (turned[place] < 0 ? 1 : 0),
                                   i < known ? behind * behind : std::numeric_limits<float>::infinity()};
        }
    }
}

void CrossPolytope::save(SectionWriter& writer) const {
    write_config(writer, "cross_polytope.config", {dim_, bits(), seed_, 0});
}

std::unique_ptr<CrossPolytope> CrossPolytope::load(const SectionReader& reader) {
    if (!reader.has("cross_polytope.config")) return nullptr;
    const HashConfig config = read_config(reader, "cross_polytope.config", kMaxDim);
    if (config.dim > kMost / config.bits) refuse_section("cross_polytope.config", "it describes no hash");
    return std::make_unique<CrossPolytope>(static_cast<std::size_t>(config.dim), static_cast<std::size_t>(config.bits),
                                           config.seed);
}

}  // namespace lanner
