#include "storage/sink.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "lanner/error.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

// Of `target` alone: a rename would say no more than that something is in the way.
void require_file_name(const std::string& target) {
    namespace fs = std::filesystem;
    const std::string wanted = "the name of a file is wanted";
    if (target.empty()) throw Error(ErrorKind::kStorage, "cannot save to an empty path: " + wanted);
    const fs::path path(std::u8string(target.begin(), target.end()));
    std::error_code failed;
    if (path.has_filename() && !fs::is_directory(path, failed)) return;
    std::u8string example = (path / "index.lanner").lexically_normal().u8string();
    throw Error(ErrorKind::kStorage, "cannot save to " + target + ": it names a directory, and " + wanted +
                                         ", such as " + std::string(example.begin(), example.end()));
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

AtomicFile::AtomicFile(const std::string& target, const std::string& like) : target_(sys::resolve(target)) {
    require_file_name(target);
    buffer_.reserve(kBufferBytes);
    const std::string& model = sys::exists(target_) ? target_ : like;
    // The time tells apart threads, and processes that died and left theirs behind.
    for (int attempt = 0; attempt < 100; ++attempt) {
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
        beside_ = target_ + ".saving-" + std::to_string(sys::process_id()) + "-" + std::to_string(now);
        file_ = sys::create_new(beside_, model);
        if (file_ >= 0 || errno != EEXIST) break;
    }
    if (file_ < 0) refuse("create a file beside");
}

void remove_leftovers(const std::string& target) {
    namespace fs = std::filesystem;
    const std::u8string text(target.begin(), target.end());
    const fs::path path(text);
    const std::u8string begin = path.filename().u8string() + u8".saving-";
    std::error_code failed;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    for (fs::directory_iterator each(folder, failed), end; !failed && each != end; each.increment(failed)) {
        const std::u8string name = each->path().filename().u8string();
        if (name.compare(0, begin.size(), begin) != 0) continue;
        std::size_t at = begin.size();
        long long process = 0;
        for (; at < name.size() && name[at] >= u8'0' && name[at] <= u8'9' && process < (1LL << 31); ++at)
            process = process * 10 + (name[at] - u8'0');
        if (at == begin.size() || at >= name.size() || name[at] != u8'-' || process >= (1LL << 31)) continue;
        std::error_code ignored;
        if (!sys::is_running(static_cast<int>(process))) fs::remove(each->path(), ignored);
    }
}

AtomicFile::~AtomicFile() {
    if (file_ >= 0) {
        sys::close_file(file_);
        sys::remove_quietly(beside_);
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
    if (!sys::write_at(file_, offset, bytes, size)) refuse("write");
}

void AtomicFile::flush() {
    if (!sys::write_at(file_, written_, buffer_.data(), buffer_.size())) refuse("write");
    written_ += buffer_.size();
    buffer_.clear();
}

void AtomicFile::sync() {
    flush();
    if (!sys::sync_file(file_)) refuse("sync");
    synced_ = true;
}

void AtomicFile::commit() {
    if (!synced_) sync();
    // An open file cannot be renamed everywhere.
    sys::close_file(file_);
    file_ = -1;
    if (!sys::replace(beside_, target_)) {
        const int code = errno;
        sys::remove_quietly(beside_);
        errno = code;
        refuse("replace");
    }
    replaced_ = true;
    if (!sys::sync_directory(target_)) refuse("sync the directory of");
}

void AtomicFile::refuse(const char* what) const {
    const int code = errno;
    throw Error(ErrorKind::kStorage,
                std::string("cannot ") + what + " " + target_ + ": " + std::generic_category().message(code));
}

}  // namespace lanner
