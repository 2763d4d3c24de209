// Near-duplicates among codes: all pairs within a Hamming radius, or the groups that such pairs tie together.
// Equal codes are one first, so that a thousand copies of a code are looked for once.
// Threads: any; the work is spread inside. Results do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codecs/fit_report.hpp"
#include "codecs/matrix.hpp"

namespace lanner {

struct CodePair {
    std::uint32_t first;  // less than second
    std::uint32_t second;
    std::uint32_t distance;
};

struct DuplicateOptions {
    std::size_t radius = 0;
    std::size_t threads = 1;
    FitProgress progress = nullptr;  // of different codes looked for
};

// By first, then by second. Memory is that of the pairs: of c equal codes there are c (c - 1) / 2.
std::vector<CodePair> duplicate_pairs(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes,
                                      const DuplicateOptions& options);

// For each code the first code of its group: itself, where it stands alone or comes first. Two codes are of one group where
// a chain of codes leads from one to the other, each within the radius of the next.
std::vector<std::uint32_t> duplicate_groups(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes,
                                            const DuplicateOptions& options);

}  // namespace lanner
