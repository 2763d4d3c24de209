// One holder of a name among all processes, for as long as the process lives.
// Threads: any. The system takes the lock back when the process is gone, however it went; where a forked child has a copy of
// it, when that is gone too. The file stays; it holds the number of the process that holds the lock, or nothing.
#pragma once

#include <string>

namespace lanner {

class FileLock {
  public:
    // Of the file `what`, whose mode a new file of the lock takes. Throws Error(kStorage) naming that file, and the process
    // that holds the lock where another does.
    FileLock(const std::string& path, const std::string& what);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

  private:
    int file_ = -1;
    int process_ = 0;
    bool written_ = false;
};

}  // namespace lanner
