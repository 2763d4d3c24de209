// A whole file as memory. Read-only maps share the system's cache with every other process; private maps may be written
// to, and what is written stays in this process.
// Threads: any, once opened. The file must not be truncated while it is mapped; replacing it by rename is harmless.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace lanner {

struct MappedFile {
    std::span<std::byte> bytes;
    std::shared_ptr<void> owner;  // keeps the bytes
};

// Throws Error(kStorage) with the path and the system's reason.
MappedFile map_file(const std::string& path, bool writable_copy);

// The bytes will be read from the first to the last: has the system read ahead.
void expect_all(std::span<const std::byte> bytes) noexcept;
// Has them read now, and mapped as far as the system offers that.
void preload(std::span<const std::byte> bytes) noexcept;

}  // namespace lanner
