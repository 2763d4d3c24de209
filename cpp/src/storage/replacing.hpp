// A file that takes the place of another.
// Threads: one at a time.
#pragma once

#include <memory>
#include <string>

#include "storage/file_lock.hpp"
#include "storage/sink.hpp"

namespace lanner {

// Written whole or not at all, and not over one that a writer has open, or that has changes in its journal alone, or may have.
class Replacement {
  public:
    // Keeps writers away from here on, where the file has had one. Throws Error.
    explicit Replacement(const std::string& path);

    AtomicFile& file() noexcept { return file_; }
    // Throws Error where a writer has come since.
    void commit();

  private:
    std::string path_;
    std::unique_ptr<FileLock> lock_;
    AtomicFile file_;
};

}  // namespace lanner
