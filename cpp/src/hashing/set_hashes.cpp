#include "hashing/set_hashes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.hpp"

namespace lanner {

// FNV-1a, mixed at the end (Fowler, Noll, Vo).
std::uint64_t token_item(std::string_view token) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char each : token) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3ULL;
    return mix64(hash);
}

std::uint64_t integer_item(std::int64_t value) noexcept {
    return random_at(0x6c616e6e6572ULL, static_cast<std::uint64_t>(value));
}

void MinHash::symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const {
    std::vector<std::uint64_t> seeds(bits());
    for (std::size_t bit = 0; bit < bits(); ++bit) seeds[bit] = random_at(seed_, bit);
    std::vector<std::uint64_t> least(bits());
    for (std::size_t i = 0; i < count; ++i) {
        std::fill(least.begin(), least.end(), ~std::uint64_t{0});
        for (std::int64_t at = rows.offsets[first + i]; at < rows.offsets[first + i + 1]; ++at) {
            const std::uint64_t item = rows.items[at];
            for (std::size_t bit = 0; bit < bits(); ++bit) least[bit] = std::min(least[bit], mix64(item ^ seeds[bit]));
        }
        // The least number itself; its low half, which says nothing of how small it is.
        for (std::size_t bit = 0; bit < bits(); ++bit) out[i * bits() + bit] = static_cast<std::uint32_t>(least[bit]);
    }
}

void MinHash::save(SectionWriter& writer) const { write_config(writer, "minhash.config", {0, bits(), seed_, 0}); }

std::unique_ptr<MinHash> MinHash::load(const SectionReader& reader) {
    if (!reader.has("minhash.config")) return nullptr;
    const HashConfig config = read_config(reader, "minhash.config", 0);
    return std::make_unique<MinHash>(static_cast<std::size_t>(config.bits), config.seed);
}

void SimHash::value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const {
    std::vector<double> sums(bits());
    for (std::size_t i = 0; i < count; ++i) {
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::int64_t at = rows.offsets[first + i]; at < rows.offsets[first + i + 1]; ++at) {
            const double weight = rows.weights[at];
            const std::uint64_t own = seed_ ^ rows.items[at];
            for (std::size_t base = 0; base < bits(); base += 64) {
                const std::uint64_t signs = random_at(own, base / 64);
                const std::size_t end = std::min<std::size_t>(64, bits() - base);
                for (std::size_t bit = 0; bit < end; ++bit)
                    sums[base + bit] += ((signs >> bit) & 1U) != 0 ? weight : -weight;
            }
        }
        for (std::size_t bit = 0; bit < bits(); ++bit) {
            auto value = static_cast<float>(sums[bit]);
            // Too small for float32, and of a sign all the same.
            if (value == 0 && sums[bit] != 0)
                value = std::copysign(std::numeric_limits<float>::denorm_min(), static_cast<float>(sums[bit]));
            out[i * bits() + bit] = value;
        }
    }
}

void SimHash::save(SectionWriter& writer) const { write_config(writer, "simhash.config", {0, bits(), seed_, 0}); }

std::unique_ptr<SimHash> SimHash::load(const SectionReader& reader) {
    if (!reader.has("simhash.config")) return nullptr;
    const HashConfig config = read_config(reader, "simhash.config", 0);
    return std::make_unique<SimHash>(static_cast<std::size_t>(config.bits), config.seed);
}

}  // namespace lanner
