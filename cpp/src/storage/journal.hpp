// Records of what was done to a file since it was written, one behind another; see cpp/FORMAT.md. This floor knows numbers
// and checksums, and nothing of what a record means.
// Threads: one writer; wait_for(), sync() and the counts from any thread beside it. Threads that wait share a sync: while one
// syncs, the records of others gather behind it, and the next sync is for all of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "storage/sections.hpp"

namespace lanner {

class AtomicFile;

class Journal {
  public:
    // Of kinds above 0; the payload is 8-byte aligned. `done` of `total` bytes of the journal lie before it.
    struct Record {
        std::uint32_t kind = 0;
        std::span<const std::byte> payload;
        std::uint64_t done = 0;
        std::uint64_t total = 0;
    };
    using Replay = std::function<void(const Record&)>;

    // Goes through the journal at `path` that continues the file with this identity, calling `replay` for every record
    // that the file does not hold yet, cuts a torn one off its end, and gets ready for more. Where there is no journal, an
    // empty one is made, which those may read who may read the file `of`. Throws Error(kFileFormat) for a journal of another
    // file or with damage in its middle.
    Journal(std::string path, const std::string& of, const FileIdentity& file, const Replay& replay);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    struct Appended {
        std::uint64_t begin = 0;   // where the record lies
        std::uint64_t ticket = 0;  // for wait_for(); never 0, and never given twice
    };
    // Adds a record whose payload is the parts one behind another, each filled up to a multiple of 8 bytes; it is with the
    // system, and not known to be on the disk. Throws Error(kStorage), and the journal is then as before.
    Appended append(std::uint32_t kind, std::span<const std::span<const std::byte>> parts);
    // Undoes the latest append(), which began there.
    void take_back(std::uint64_t position) noexcept;
    // The record is on the disk. Throws Error(kStorage) where the sync that it was in failed, whoever called for that.
    void wait_for(std::uint64_t ticket);
    // All records are on the disk. Throws Error(kStorage); nothing can be added then until restart().
    void sync();

    // Whether a failure has left records of which it is not known that they are on the disk. Their tickets fail.
    bool has_lost() const;
    // Those records were never written: the journal ends with the last one known to be on the disk.
    void forget_lost();
    // Calls `replay` for every record known to be on the disk that the file with this identity does not hold. For the writer.
    void repeat(const FileIdentity& file, const Replay& replay) const;

    // Before the file is replaced by one with this identity, and after: records before this point are part of it. Between
    // the two the journal opens with either file. Both work where nothing could be added before, restart() mends that.
    // Without `with_lost`, expect() does nothing and returns false where has_lost(): such records may be in that file.
    bool expect(const FileIdentity& next, bool with_lost);
    void restart(const FileIdentity& file);

    // In a forked child, before the end of its copy: it has none of the threads that may be waiting.
    void abandon() noexcept { static_cast<void>(turn_over_.release()); }

    std::uint64_t bytes() const;    // of the file
    std::uint64_t records() const;  // that are not in the file that it continues
    std::uint64_t replayed() const noexcept { return replayed_; }
    std::uint64_t cut_bytes() const noexcept { return cut_; }

  private:
    void create(const FileIdentity& file);
    void copy_with_checkpoint(const FileIdentity& next);
    void replace_by(AtomicFile& fresh, std::uint64_t end, std::uint64_t last, std::uint64_t records);
    void begins_again(std::uint64_t end, std::uint64_t last, std::uint64_t records) noexcept;
    void open();
    void close() noexcept;
    [[noreturn]] void refuse(const char* what) const;
    void check_usable() const;
    void drop(std::uint64_t position, bool counted) noexcept;
    // In turn.
    void sync_all();
    // With mutex_ held.
    void fail_waiting(const std::string& why);

    std::string path_;
    std::string of_;
    // Held while the file is synced or replaced, which takes too long for a mutex: those for whom a sync was done too need
    // not wait for the next. Before mutex_.
    class Turn;
    mutable std::mutex mutex_;  // of all below
    std::unique_ptr<std::condition_variable> turn_over_ = std::make_unique<std::condition_variable>();
    bool taken_ = false;  // the turn
    int file_ = -1;
    std::uint64_t end_ = 0;
    std::uint64_t last_ = 0;  // number of the last record
    std::uint64_t records_ = 0;
    // The same three of what is known to be on the disk.
    std::uint64_t synced_end_ = 0;
    std::uint64_t synced_ = 0;
    std::uint64_t synced_records_ = 0;
    std::uint64_t tickets_ = 0;  // given out
    std::uint64_t settled_ = 0;  // of these, the first so many are on the disk or have failed
    struct Failure {
        std::uint64_t first;  // ticket
        std::uint64_t last;
        std::string why;
    };
    std::vector<Failure> failures_;
    std::uint64_t replayed_ = 0;
    std::uint64_t cut_ = 0;
    bool broken_ = false;  // what is on the disk is not known
};

}  // namespace lanner
