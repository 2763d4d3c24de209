// Before a file takes the place of another.
// Threads: any.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/file_lock.hpp"
#include "storage/sink.hpp"

namespace lanner {

// Throws Error where what is at this path has changes that are in its journal alone, or may have, and would lose them; and
// where a writer has it open. Returns the lock that keeps writers away meanwhile, where it has had one.
std::unique_ptr<FileLock> kept_from_writers(const std::string& path);

// Writes a file whole or not at all, and not over one that a writer has. Throws Error.
void replace_file(const std::string& path, const std::function<void(AtomicFile&)>& write);

}  // namespace lanner
