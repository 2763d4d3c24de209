#include "storage/mapped_file.hpp"

#include <system_error>

#include "lanner/error.hpp"

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>

#include <cstring>
#include <filesystem>

#include "base/page_memory.hpp"
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace lanner {
namespace {

[[noreturn]] void refuse(const std::string& path, int code) {
    throw Error(ErrorKind::kStorage, "cannot open " + path + ": " + std::system_category().message(code));
}

}  // namespace

#if defined(_WIN32)

MappedFile map_file(const std::string& path, bool writable_copy) {
    const std::filesystem::path native(reinterpret_cast<const char8_t*>(path.c_str()));
    const HANDLE file = ::CreateFileW(native.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, nullptr,
                                      OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (file == INVALID_HANDLE_VALUE) refuse(path, static_cast<int>(::GetLastError()));
    const std::unique_ptr<void, int (*)(HANDLE)> close_file(file,
                                                            [](HANDLE handle) { return int{::CloseHandle(handle)}; });
    LARGE_INTEGER size;
    if (::GetFileSizeEx(file, &size) == 0) refuse(path, static_cast<int>(::GetLastError()));
    if (size.QuadPart == 0) return {};
    const auto bytes = static_cast<std::size_t>(size.QuadPart);
    const HANDLE mapping = ::CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    if (mapping == nullptr) refuse(path, static_cast<int>(::GetLastError()));
    void* const view = ::MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    const DWORD code = ::GetLastError();
    ::CloseHandle(mapping);
    if (view == nullptr) refuse(path, static_cast<int>(code));
    std::shared_ptr<void> owner(view, [](void* address) { ::UnmapViewOfFile(address); });
    if (!writable_copy) return {{static_cast<std::byte*>(view), bytes}, std::move(owner)};
    // A file that is mapped cannot be replaced here, and a writable copy is likely to be saved over its own file.
    const auto copy = std::make_shared<PageMemory>(allocate_page(bytes));
    std::memcpy(copy->get(), view, bytes);
    return {{copy->get(), bytes}, copy};
}

void expect_all(std::span<const std::byte>) noexcept {}

#else

void expect_all(std::span<const std::byte> bytes) noexcept {
    if (bytes.empty()) return;
    ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_WILLNEED);
}

MappedFile map_file(const std::string& path, bool writable_copy) {
    // O_NONBLOCK: a pipe must be refused, not waited for.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) refuse(path, errno);
    struct Close {
        int file;
        ~Close() { ::close(file); }
    } const close{file};
    struct stat status {};
    if (::fstat(file, &status) != 0) refuse(path, errno);
    if (S_ISDIR(status.st_mode)) refuse(path, EISDIR);
    if (!S_ISREG(status.st_mode)) refuse(path, EINVAL);
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return {};
    const int protection = writable_copy ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const view = ::mmap(nullptr, size, protection, writable_copy ? MAP_PRIVATE : MAP_SHARED, file, 0);
    if (view == MAP_FAILED) refuse(path, errno);
    std::shared_ptr<void> owner(view, [size](void* address) { ::munmap(address, size); });
    return {{static_cast<std::byte*>(view), size}, std::move(owner)};
}

#endif

void preload(std::span<const std::byte> bytes) noexcept {
    expect_all(bytes);
#if defined(MADV_POPULATE_READ)
    if (!bytes.empty() && ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_POPULATE_READ) == 0)
        return;
#endif
    constexpr std::size_t kLeastPage = 4096;
    // Read through a volatile, so that nobody finds the sum useless.
    for (std::size_t at = 0; at < bytes.size(); at += kLeastPage)
        (void)*static_cast<const volatile std::byte*>(bytes.data() + at);
}

}  // namespace lanner
