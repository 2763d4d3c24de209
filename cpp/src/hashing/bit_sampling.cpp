#include "hashing/bit_sampling.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "kernels/kernel_table.hpp"

namespace lanner {

BitSampling::BitSampling(std::size_t dim, std::size_t bits, std::uint64_t seed)
    : HashFamily(bits), dim_(dim), seed_(seed), places_(bits) {
    // The high half times dim: uniform up to 2^-32 of dim.
    for (std::size_t bit = 0; bit < bits; ++bit)
        places_[bit] = static_cast<std::uint32_t>((random_at(seed, bit) >> 32) * dim >> 32);
}

void BitSampling::encode(const HashRows& rows, std::uint8_t* codes, const Work& work) const {
    constexpr std::size_t kGroup = 64;
    const std::size_t stride = (dim_ + 7) / 8;
    parallel_for(
        rows.count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) {
                const std::uint8_t* const row = rows.bits + i * stride;
                std::uint8_t* const code = codes + i * code_bytes();
                std::fill_n(code, code_bytes(), std::uint8_t{0});
                for (std::size_t bit = 0; bit < bits(); ++bit) {
                    const unsigned set = (row[places_[bit] / 8] >> (places_[bit] % 8)) & 1U;
                    code[bit / 8] = static_cast<std::uint8_t>(code[bit / 8] | set << (bit % 8));
                }
            }
        },
        work.poll);
}

void BitSampling::save(SectionWriter& writer) const {
    write_config(writer, "bit_sampling.config", {dim_, bits(), seed_, 0});
}

std::unique_ptr<BitSampling> BitSampling::load(const SectionReader& reader) {
    if (!reader.has("bit_sampling.config")) return nullptr;
    const HashConfig config = read_config(reader, "bit_sampling.config", kMaxBits);
    return std::make_unique<BitSampling>(static_cast<std::size_t>(config.dim), static_cast<std::size_t>(config.bits),
                                         config.seed);
}

}  // namespace lanner
