#include "storage/file_lock.hpp"

#include <cerrno>
#include <system_error>

#include "lanner/error.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

// What a lock says: the number of a process, or nothing. False for a file that says anything else, which is left as it is.
bool read_holder(int file, std::string& digits) {
    char text[32];
    const long long size = sys::read_at(file, 0, text, sizeof text);
    digits.clear();
    for (long long i = 0; i < size; ++i) {
        if (text[i] >= '0' && text[i] <= '9') {
            digits += text[i];
        } else if (text[i] != '\n') {
            return false;
        }
    }
    return size >= 0 && size < static_cast<long long>(sizeof text);
}

}  // namespace

FileLock::FileLock(const std::string& path, const std::string& what)
    : file_(sys::open_or_create(path, what)), process_(sys::process_id()) {
    const auto refuse = [&](const std::string& why) {
        if (file_ >= 0) sys::close_file(file_);
        throw Error(ErrorKind::kStorage, why);
    };
    if (file_ < 0) refuse("cannot open " + path + ": " + std::generic_category().message(errno));
    const int taken = sys::try_lock(file_);
    std::string holder;
    const bool plain = read_holder(file_, holder);
    if (taken == 0) {
        refuse(what + " is open with durable=True, or being saved, in " +
               (holder.empty() ? "another process" : "process " + holder) +
               ", and one writer is all there can be; open it without, or close it there");
    }
    if (taken < 0) refuse("cannot lock " + path + ": " + std::generic_category().message(errno));
    const std::string text = std::to_string(process_) + "\n";
    // For the eyes of others alone: the lock holds without it.
    written_ = plain && sys::truncate(file_, 0) && sys::write_at(file_, 0, text.data(), text.size());
}

FileLock::~FileLock() {
    if (process_ == sys::process_id()) {
        if (written_) (void)sys::truncate(file_, 0);
        sys::unlock(file_);
    }
    sys::close_file(file_);
}

}  // namespace lanner
