#include "base/utf8.hpp"

#include <cstddef>

namespace lanner {

bool is_utf8(std::string_view text) noexcept {
    constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};  // by number of continuation bytes
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at++]);
        if (lead < 0x80) continue;
        const std::size_t more = lead >= 0xf8 ? 0 : lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
        if (more == 0 || text.size() - at < more) return false;
        std::uint32_t point = lead & (0x3fU >> more);
        for (std::size_t i = 0; i < more; ++i) {
            const auto next = static_cast<unsigned char>(text[at++]);
            if ((next & 0xc0) != 0x80) return false;
            point = (point << 6) | (next & 0x3fU);
        }
        const bool surrogate = point >= 0xd800 && point <= 0xdfff;
        if (point < kLeast[more] || point > 0x10ffff || surrogate) return false;
    }
    return true;
}

}  // namespace lanner
