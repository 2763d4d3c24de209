// CRC-32 as in zlib, PNG and Ethernet (polynomial 0xEDB88320, reflected), so that any language can check a file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lanner {

// Continues `crc`, which is 0 at the start: crc32(crc32(0, a), b) is the checksum of a followed by b.
std::uint32_t crc32(std::uint32_t crc, const void* bytes, std::size_t size) noexcept;

}  // namespace lanner
