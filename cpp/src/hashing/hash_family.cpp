#include "hashing/hash_family.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kGroup = 32;

[[noreturn]] void refuse(std::string_view kind, const char* what) {
    throw Error(ErrorKind::kWrongType, "a hash of kind " + std::string(kind) + " has no " + what);
}

// Of a random function of the symbol, another for each place.
bool symbol_bit(std::uint32_t symbol, std::size_t place) noexcept { return (random_at(symbol, place) >> 63) != 0; }

template <typename Bit>
void pack_row(std::size_t bytes, std::uint8_t* code, const Bit& bit) {
    for (std::size_t byte = 0; byte < bytes; ++byte) {
        unsigned packed = 0;
        for (std::size_t i = 0; i < 8; ++i) packed |= static_cast<unsigned>(bit(8 * byte + i)) << i;
        code[byte] = static_cast<std::uint8_t>(packed);
    }
}

}  // namespace

HashFamily::HashFamily(std::size_t bits) : bits_(bits) {
    if (bits < 8 || bits > kMaxHashBits || bits % 8 != 0)
        throw Error(ErrorKind::kInvalidArgument, "bits must be a multiple of 8 from 8 to " +
                                                     std::to_string(kMaxHashBits) + ", got " + std::to_string(bits));
}

void HashFamily::encode(const HashRows& rows, std::uint8_t* codes, const Work& work) const {
    parallel_for(
        rows.count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            const std::size_t count = end - begin;
            std::vector<float> values(has_values() ? count * bits_ : 0);
            std::vector<std::uint32_t> symbols(has_values() ? 0 : count * bits_);
            if (has_values()) {
                value_rows(rows, begin, count, values.data());
            } else {
                symbol_rows(rows, begin, count, symbols.data());
            }
            for (std::size_t i = 0; i < count; ++i) {
                std::uint8_t* const code = codes + (begin + i) * code_bytes();
                if (has_values()) {
                    const float* const row = values.data() + i * bits_;
                    pack_row(code_bytes(), code, [&](std::size_t at) { return row[at] > 0; });
                } else {
                    const std::uint32_t* const row = symbols.data() + i * bits_;
                    pack_row(code_bytes(), code, [&](std::size_t at) { return symbol_bit(row[at], at); });
                }
            }
        },
        work.poll);
}

void HashFamily::values(const HashRows& rows, float* out, const Work& work) const {
    if (!has_values()) refuse(kind(), "values");
    parallel_for(
        rows.count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            value_rows(rows, begin, end - begin, out + begin * bits_);
        },
        work.poll);
}

void HashFamily::symbols(const HashRows& rows, std::uint32_t* out, const Work& work) const {
    if (!has_symbols()) refuse(kind(), "symbols");
    parallel_for(
        rows.count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            symbol_rows(rows, begin, end - begin, out + begin * bits_);
        },
        work.poll);
}

void HashFamily::probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const {
    std::vector<std::uint32_t> own(bits_);
    symbol_rows(rows, row, 1, own.data());
    for (std::size_t place = 0; place < bits_; ++place) {
        for (std::size_t i = 0; i < most; ++i)
            out[place * most + i] = {own[place], i == 0 ? 0 : std::numeric_limits<float>::infinity()};
    }
}

void HashFamily::value_rows(const HashRows&, std::size_t, std::size_t, float*) const { refuse(kind(), "values"); }

void HashFamily::symbol_rows(const HashRows&, std::size_t, std::size_t, std::uint32_t*) const {
    refuse(kind(), "symbols");
}

void write_config(SectionWriter& writer, std::string_view name, const HashConfig& config) {
    writer.write_section(name, &config, sizeof config);
}

HashConfig read_config(const SectionReader& reader, std::string_view name, std::size_t most_dim) {
    HashConfig config{};
    std::memcpy(&config, reader.section(name, sizeof config).data(), sizeof config);
    const bool bits = config.bits >= 8 && config.bits <= kMaxHashBits && config.bits % 8 == 0;
    const bool dim = most_dim == 0 ? config.dim == 0 : config.dim >= 1 && config.dim <= most_dim;
    if (!bits || !dim || !std::isfinite(config.width)) refuse_section(name, "it describes no hash");
    return config;
}

}  // namespace lanner
