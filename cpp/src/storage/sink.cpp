#include "storage/sink.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "lanner/error.hpp"

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
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace lanner {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

// The few calls that differ between systems.
#if defined(_WIN32)
std::filesystem::path native_path(const std::string& path) {
    return std::filesystem::path(reinterpret_cast<const char8_t*>(path.c_str()));
}
int process_id() { return ::_getpid(); }
int create_new(const std::string& path) {
    return ::_wopen(native_path(path).c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY, _S_IREAD | _S_IWRITE);
}
long long write_some(int file, const std::byte* bytes, std::size_t size) {
    return ::_write(file, bytes, static_cast<unsigned>(std::min<std::size_t>(size, 1U << 30)));
}
bool seek_to(int file, std::uint64_t offset) {
    return ::_lseeki64(file, static_cast<long long>(offset), SEEK_SET) >= 0;
}
bool seek_end(int file) { return ::_lseeki64(file, 0, SEEK_END) >= 0; }
bool sync_file(int file) { return ::_commit(file) == 0; }
void close_file(int file) { ::_close(file); }
bool replace(const std::string& from, const std::string& to) {
    if (::MoveFileExW(native_path(from).c_str(), native_path(to).c_str(),
                      MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) != 0) {
        return true;
    }
    errno = EACCES;
    return false;
}
void sync_directory(const std::string&) {}
void remove_quietly(const std::string& path) { ::_wunlink(native_path(path).c_str()); }
void keep_permissions(int, const std::string&) {}
#else
int process_id() { return static_cast<int>(::getpid()); }
int create_new(const std::string& path) { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }
long long write_some(int file, const std::byte* bytes, std::size_t size) {
    return ::write(file, bytes, std::min<std::size_t>(size, std::size_t{1} << 30));
}
bool seek_to(int file, std::uint64_t offset) { return ::lseek(file, static_cast<off_t>(offset), SEEK_SET) >= 0; }
bool seek_end(int file) { return ::lseek(file, 0, SEEK_END) >= 0; }
bool sync_file(int file) {
#if defined(__APPLE__)
    if (::fcntl(file, F_FULLFSYNC) == 0) return true;
#endif
    return ::fsync(file) == 0;
}
void close_file(int file) { ::close(file); }
bool replace(const std::string& from, const std::string& to) { return ::rename(from.c_str(), to.c_str()) == 0; }
// Some file systems refuse to sync a directory; the rename itself has succeeded by then.
void sync_directory(const std::string& target) {
    const std::filesystem::path parent = std::filesystem::path(target).parent_path();
    const int directory = ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_CLOEXEC);
    if (directory < 0) return;
    ::fsync(directory);
    ::close(directory);
}
void remove_quietly(const std::string& path) { ::unlink(path.c_str()); }
// A file that is replaced keeps its mode.
void keep_permissions(int file, const std::string& target) {
    struct stat status {};
    if (::stat(target.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
        (void)!::fchmod(file, status.st_mode & 07777);
    }
}
#endif

// A link is followed, so that the file it names is replaced and the link stays.
std::string resolve(const std::string& target) {
#if defined(_WIN32)
    return target;
#else
    std::error_code failed;
    if (!std::filesystem::is_symlink(target, failed)) return target;
    const std::filesystem::path real = std::filesystem::weakly_canonical(target, failed);
    return failed ? target : real.string();
#endif
}

}  // namespace

void MemorySink::write(const void* bytes, std::size_t size) {
    if (size == 0) return;
    const auto* begin = static_cast<const std::byte*>(bytes);
    bytes_.insert(bytes_.end(), begin, begin + size);
}

void MemorySink::write_at(std::uint64_t offset, const void* bytes, std::size_t size) {
    std::memcpy(bytes_.data() + offset, bytes, size);
}

AtomicFile::AtomicFile(const std::string& target) : target_(resolve(target)) {
    buffer_.reserve(kBufferBytes);
    // The time tells apart threads, and processes that died and left theirs behind.
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
        beside_ = target_ + ".saving-" + std::to_string(process_id()) + "-" + std::to_string(now);
        file_ = create_new(beside_);
        if (file_ >= 0 || errno != EEXIST) break;
    }
    if (file_ < 0) refuse("create a file beside");
    keep_permissions(file_, target_);
}

AtomicFile::~AtomicFile() {
    if (file_ >= 0) {
        close_file(file_);
        remove_quietly(beside_);
    }
}

void AtomicFile::write(const void* bytes, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(bytes);
    while (size > 0) {
        const std::size_t part = std::min(size, kBufferBytes - buffer_.size());
        buffer_.insert(buffer_.end(), begin, begin + part);
        begin += part;
        size -= part;
        if (buffer_.size() == kBufferBytes) flush();
    }
}

void AtomicFile::write_at(std::uint64_t offset, const void* bytes, std::size_t size) {
    flush();
    if (!seek_to(file_, offset)) refuse("seek in");
    const auto* begin = static_cast<const std::byte*>(bytes);
    buffer_.assign(begin, begin + size);
    flush();
    if (!seek_end(file_)) refuse("seek in");
}

void AtomicFile::flush() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
        const long long written = write_some(file_, buffer_.data() + done, buffer_.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) refuse("write");
        done += static_cast<std::size_t>(written);
    }
    buffer_.clear();
}

void AtomicFile::commit() {
    flush();
    if (!sync_file(file_)) refuse("sync");
#if defined(_WIN32)
    close_file(file_);  // an open file cannot be renamed there
    file_ = -1;
    if (!replace(beside_, target_)) {
        remove_quietly(beside_);
        refuse("replace");
    }
#else
    if (!replace(beside_, target_)) refuse("replace");
    close_file(file_);
    file_ = -1;
#endif
    sync_directory(target_);
}

void AtomicFile::refuse(const char* what) const {
    const int code = errno;
    throw Error(ErrorKind::kStorage,
                std::string("cannot ") + what + " " + target_ + ": " + std::generic_category().message(code));
}

}  // namespace lanner
