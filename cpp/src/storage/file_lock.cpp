#include "storage/file_lock.hpp"

#include <cerrno>
#include <system_error>

#include "lanner/error.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

std::string holder_of(int file) {
    char text[32];
    const long long size = sys::read_at(file, 0, text, sizeof text);
    std::string digits;
    for (long long i = 0; i < size && text[i] >= '0' && text[i] <= '9'; ++i) digits += text[i];
    return digits.empty() ? "another process" : "process " + digits;
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
    if (taken == 0) {
        refuse(what + " is open with durable=True in " + holder_of(file_) +
               ", and one writer is all there can be; open it without, or close it there");
    }
    if (taken < 0) refuse("cannot lock " + path + ": " + std::generic_category().message(errno));
    const std::string text = std::to_string(process_) + "\n";
    // For the eyes of others alone: the lock holds without it.
    if (sys::truncate(file_, 0)) (void)sys::write_at(file_, 0, text.data(), text.size());
}

FileLock::~FileLock() {
    if (process_ == sys::process_id()) (void)sys::truncate(file_, 0);
    sys::close_file(file_);
}

}  // namespace lanner
