#include "base/checksum.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace lanner {
namespace {

constexpr std::size_t kSlices = 16;
using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// Table k advances a byte's remainder over k further zero bytes (Kounavis and Berry, slicing-by-N).
constexpr Tables make_tables() noexcept {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1U) != 0 ? 0xedb88320U : 0U);
        tables[0][byte] = rest;
    }
    for (std::size_t slice = 1; slice < kSlices; ++slice) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xffU];
        }
    }
    return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t load_little(const unsigned char* bytes) noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    if constexpr (std::endian::native == std::endian::big) {
        word = (word >> 24) | ((word >> 8) & 0xff00U) | ((word << 8) & 0xff0000U) | (word << 24);
    }
    return word;
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, const void* bytes, std::size_t size) noexcept {
    const auto* next = static_cast<const unsigned char*>(bytes);
    crc = ~crc;
    while (size >= kSlices) {
        std::uint32_t folded = 0;
        for (std::size_t word = 0; word < kSlices / 4; ++word) {
            std::uint32_t value = load_little(next + 4 * word);
            if (word == 0) value ^= crc;
            const std::size_t slice = kSlices - 1 - 4 * word;
            folded ^= kTables[slice][value & 0xffU] ^ kTables[slice - 1][(value >> 8) & 0xffU] ^
                      kTables[slice - 2][(value >> 16) & 0xffU] ^ kTables[slice - 3][value >> 24];
        }
        crc = folded;
        next += kSlices;
        size -= kSlices;
    }
    for (; size > 0; --size, ++next) crc = (crc >> 8) ^ kTables[0][(crc ^ *next) & 0xffU];
    return ~crc;
}

}  // namespace lanner
