// Blocks of memory for pages: zeroed, 64-byte aligned, and on huge pages where they are large and the system offers it.
// Threads: any.
#pragma once

#include <cstddef>
#include <memory>

namespace lanner {

struct PageFree {
    std::size_t bytes = 0;
    bool mapped = false;
    void operator()(std::byte* block) const noexcept;
};
using PageMemory = std::unique_ptr<std::byte[], PageFree>;

// Throws std::bad_alloc. Memory never written to costs no residence where the system allocates lazily.
PageMemory allocate_page(std::size_t bytes);

}  // namespace lanner
