#include "base/page_memory.hpp"

#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace lanner {
namespace {

constexpr std::align_val_t kAlignment{64};
#if defined(__linux__)
constexpr std::size_t kHugePage = std::size_t{2} << 20;
#endif

}  // namespace

void PageFree::operator()(std::byte* block) const noexcept {
#if defined(__linux__)
    if (mapped) {
        ::munmap(block, bytes);
        return;
    }
#endif
    ::operator delete[](block, kAlignment);
}

PageMemory allocate_page(std::size_t bytes) {
#if defined(__linux__)
    // Random rows of a large page cost a miss in the address translation each; 2 MiB pages all but remove it.
    if (bytes >= kHugePage) {
        const std::size_t wanted = bytes + kHugePage;
        void* const raw = ::mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (raw == MAP_FAILED) throw std::bad_alloc();
        auto* const begin = static_cast<std::byte*>(raw);
        const std::size_t misfit = reinterpret_cast<std::size_t>(begin) % kHugePage;
        const std::size_t head = misfit == 0 ? 0 : kHugePage - misfit;
        const auto small_page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t kept = (bytes + small_page - 1) / small_page * small_page;
        if (head > 0) ::munmap(begin, head);
        if (wanted - head > kept) ::munmap(begin + head + kept, wanted - head - kept);
        ::madvise(begin + head, kept, MADV_HUGEPAGE);
        return PageMemory(begin + head, PageFree{kept, true});
    }
#endif
    auto* const block = static_cast<std::byte*>(::operator new[](bytes, kAlignment));
    std::memset(block, 0, bytes);
    return PageMemory(block, PageFree{bytes, false});
}

}  // namespace lanner
