#include "hashing/signed_bits.hpp"

#include <algorithm>
#include <cmath>

namespace lanner {

void SignedBits::encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work&) const {
    std::fill_n(codes, count * code_bytes_, std::uint8_t{0});
    for (std::size_t i = 0; i < count * dim(); ++i) {
        if (rows[i] > 0) codes[i / 8] = static_cast<std::uint8_t>(codes[i / 8] | 1U << (i % 8));
    }
}

void SignedBits::decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work&) const {
    for (std::size_t i = 0; i < count * dim(); ++i) rows[i] = ((codes[i / 8] >> (i % 8)) & 1U) != 0 ? 1.0F : -1.0F;
}

CodeQuery SignedBits::query(const float* query, Match) const {
    CodeQuery made;
    made.table.resize(32 * code_bytes_);
    for (std::size_t part = 0; part < 2 * code_bytes_; ++part) {
        for (unsigned value = 0; value < 16; ++value) {
            float sum = 0;
            for (unsigned i = 0; i < 4; ++i) {
                const float each = query[4 * part + i];
                const bool set = ((value >> i) & 1U) != 0;
                if (set != (each > 0)) sum += std::fabs(each);
            }
            made.table[16 * part + value] = sum;
        }
    }
    return made;
}

void SignedBits::save(SectionWriter&) const {}

}  // namespace lanner
