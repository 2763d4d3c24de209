#include "storage/system_file.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#if defined(_WIN32)
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <sys/stat.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace lanner::sys {
namespace {

// Paths are UTF-8 on every system.
std::filesystem::path native_path(const std::string& path) {
#if defined(_WIN32)
    return {std::u8string(path.begin(), path.end())};
#else
    return {path};
#endif
}

}  // namespace

std::string resolve(const std::string& target) {
    namespace fs = std::filesystem;
    std::error_code failed;
    fs::path path = fs::absolute(native_path(target), failed);
    if (failed) return target;
    // Those that lead to nothing yet as well, which weakly_canonical() takes for files of their own.
    constexpr int kMostLinks = 40;
    for (int links = 0; links < kMostLinks && fs::is_symlink(path, failed); ++links) {
        const fs::path next = fs::read_symlink(path, failed);
        if (failed) return target;
        path = path.parent_path() / next;
    }
    const fs::path real = fs::weakly_canonical(path, failed);
    if (failed) return target;
    const std::u8string text = real.u8string();
    return {text.begin(), text.end()};
}

bool same_file(const std::string& left, const std::string& right) {
    namespace fs = std::filesystem;
    const std::string one = resolve(left);
    const std::string other = resolve(right);
    if (one == other) return true;
    // Two names of a file are one where case does not count, and two where a hard link is to keep what it has.
    std::error_code failed;
    const bool same = fs::equivalent(native_path(one), native_path(other), failed) && !failed;
    return same && fs::hard_link_count(native_path(one), failed) == 1 && !failed;
}

#if defined(_WIN32)

namespace {

// Locks exclude readers there, so what is locked lies far beyond what anybody reads.
constexpr DWORD kLockHigh = 1;

}  // namespace

bool exists(const std::string& path) { return ::_waccess(native_path(path).c_str(), 0) == 0; }

int process_id() noexcept { return ::_getpid(); }
bool is_running(int process) noexcept {
    const HANDLE handle = ::OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(process));
    if (handle == nullptr) return ::GetLastError() != ERROR_INVALID_PARAMETER;
    const bool running = ::WaitForSingleObject(handle, 0) == WAIT_TIMEOUT;
    ::CloseHandle(handle);
    return running;
}
int create_new(const std::string& path, const std::string&) {
    return ::_wopen(native_path(path).c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT,
                    _S_IREAD | _S_IWRITE);
}
int open_to_change(const std::string& path) {
    return ::_wopen(native_path(path).c_str(), _O_RDWR | _O_BINARY | _O_NOINHERIT);
}
int open_or_create(const std::string& path, const std::string&) {
    return ::_wopen(native_path(path).c_str(), _O_RDWR | _O_CREAT | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}
void close_file(int file) noexcept { ::_close(file); }
bool write_at(int file, std::uint64_t offset, const void* bytes, std::size_t size) noexcept {
    if (::_lseeki64(file, static_cast<long long>(offset), SEEK_SET) < 0) return false;
    const auto* from = static_cast<const std::byte*>(bytes);
    while (size > 0) {
        const int done = ::_write(file, from, static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30)));
        if (done <= 0) return false;
        from += done;
        size -= static_cast<std::size_t>(done);
    }
    return true;
}
long long read_at(int file, std::uint64_t offset, void* bytes, std::size_t size) noexcept {
    if (::_lseeki64(file, static_cast<long long>(offset), SEEK_SET) < 0) return -1;
    return ::_read(file, bytes, static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30)));
}
bool truncate(int file, std::uint64_t size) noexcept { return ::_chsize_s(file, static_cast<long long>(size)) == 0; }
bool sync_file(int file) noexcept { return ::_commit(file) == 0; }
bool replace(const std::string& from, const std::string& to) {
    if (::MoveFileExW(native_path(from).c_str(), native_path(to).c_str(),
                      MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0) {
        return true;
    }
    errno = EACCES;
    return false;
}
bool sync_directory(const std::string&) { return true; }
void remove_quietly(const std::string& path) { ::_wunlink(native_path(path).c_str()); }
void unlock(int file) noexcept {
    OVERLAPPED place{};
    place.OffsetHigh = kLockHigh;
    ::UnlockFileEx(reinterpret_cast<HANDLE>(::_get_osfhandle(file)), 0, 1, 0, &place);
}
int try_lock(int file) noexcept {
    OVERLAPPED place{};
    place.OffsetHigh = kLockHigh;
    const HANDLE handle = reinterpret_cast<HANDLE>(::_get_osfhandle(file));
    if (::LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &place) != 0) return 1;
    return ::GetLastError() == ERROR_LOCK_VIOLATION ? 0 : -1;
}

#else

bool exists(const std::string& path) {
    // A file that cannot be asked about may well be there.
    return ::access(path.c_str(), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}
int process_id() noexcept { return static_cast<int>(::getpid()); }
bool is_running(int process) noexcept { return ::kill(process, 0) == 0 || errno != ESRCH; }
int create_new(const std::string& path, const std::string& like) {
    struct stat status {};
    const bool model = !like.empty() && ::stat(like.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    // Nobody may open it who may not see it in the end. The umask is for modes that nobody asked for.
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, model ? 0600 : 0666);
    if (file >= 0 && model) (void)!::fchmod(file, status.st_mode & 07777);
    return file;
}
int open_to_change(const std::string& path) { return ::open(path.c_str(), O_RDWR | O_CLOEXEC); }
int open_or_create(const std::string& path, const std::string& like) {
    const auto open_there = [&] {
        const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        struct stat status {};
        if (file < 0 || (::fstat(file, &status) == 0 && S_ISREG(status.st_mode))) return file;
        ::close(file);
        errno = EINVAL;
        return -1;
    };
    const int there = open_there();
    if (there >= 0 || errno != ENOENT) return there;
    const int made = create_new(path, like);
    if (made < 0 && errno != EEXIST) return made;
    if (made >= 0) {
        struct stat status {};
        if (::fstat(made, &status) == 0) (void)!::fchmod(made, (status.st_mode & 07777) | 0600);
        ::close(made);
    }
    return open_there();
}
void close_file(int file) noexcept { ::close(file); }
bool write_at(int file, std::uint64_t offset, const void* bytes, std::size_t size) noexcept {
    const auto* from = static_cast<const std::byte*>(bytes);
    while (size > 0) {
        const auto done =
            ::pwrite(file, from, std::min<std::size_t>(size, std::size_t{1} << 30), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) continue;
        if (done == 0) errno = ENOSPC;
        if (done <= 0) return false;
        from += done;
        offset += static_cast<std::uint64_t>(done);
        size -= static_cast<std::size_t>(done);
    }
    return true;
}
long long read_at(int file, std::uint64_t offset, void* bytes, std::size_t size) noexcept {
    return ::pread(file, bytes, size, static_cast<off_t>(offset));
}
bool truncate(int file, std::uint64_t size) noexcept {
    int status = 0;
    do {
        status = ::ftruncate(file, static_cast<off_t>(size));
    } while (status != 0 && errno == EINTR);
    return status == 0;
}
bool sync_file(int file) noexcept {
#if defined(__APPLE__)
    if (::fcntl(file, F_FULLFSYNC) == 0) return true;
    return ::fsync(file) == 0;
#else
    int status = 0;
    do {
        status = ::fdatasync(file);
    } while (status != 0 && errno == EINTR);
    return status == 0;
#endif
}
bool replace(const std::string& from, const std::string& to) { return ::rename(from.c_str(), to.c_str()) == 0; }
bool sync_directory(const std::string& path) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    const int directory = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_CLOEXEC);
    if (directory < 0) return errno == EACCES;  // a folder to write to, and not to list
    const bool done = ::fsync(directory) == 0 || errno == EINVAL || errno == ENOTSUP;
    const int code = errno;
    ::close(directory);
    errno = code;
    return done;
}
void remove_quietly(const std::string& path) { ::unlink(path.c_str()); }
void unlock(int file) noexcept { (void)::flock(file, LOCK_UN); }
int try_lock(int file) noexcept {
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) return 1;
    return errno == EWOULDBLOCK ? 0 : -1;
}

#endif

}  // namespace lanner::sys
