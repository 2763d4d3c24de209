// What codes that name entries of tables are worth: the sums of those entries; and tables of 4-bit codes rounded down to bytes,
// as kernels add them up in registers.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lanner {

// Four sums side by side, joined as (0 + 2) + (1 + 3).
template <typename Entry>
float four_sums(std::size_t bytes, const Entry& entry) noexcept {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    std::size_t i = 0;
    for (; i + 4 <= bytes; i += 4) {
        a += entry(i);
        b += entry(i + 1);
        c += entry(i + 2);
        d += entry(i + 3);
    }
    if (i < bytes) a += entry(i);
    if (i + 1 < bytes) b += entry(i + 1);
    if (i + 2 < bytes) c += entry(i + 2);
    return (a + c) + (b + d);
}

inline float byte_sum(const float* table, const std::uint8_t* code, std::size_t bytes) noexcept {
    return four_sums(bytes, [=](std::size_t i) { return table[256 * i + code[i]]; });
}

inline float nibble_sum(const float* table, const std::uint8_t* code, std::size_t bytes) noexcept {
    return four_sums(
        bytes, [=](std::size_t i) { return table[32 * i + (code[i] & 15U)] + table[32 * i + 16 + (code[i] >> 4)]; });
}

struct RoundedTables {
    RoundedTables() = default;
    // Of tables of 16 entries each, filled up with zeros to `tables` of them.
    RoundedTables(const std::vector<float>& table, std::size_t tables);

    // base + step * (the sum of bytes) is never above the true sum, and never more than a step a table below it, but for
    // what float32 loses.
    std::vector<std::uint8_t> bytes;
    double base = 0;
    double step = 1;
    double magnitude = 0;  // greatest that a sum can have
    bool bounded = false;  // whether all of that is finite
};

}  // namespace lanner
