// Records of what was done to a file since it was written, one behind another, each on the disk before the call that it
// belongs to returns; see cpp/FORMAT.md. This floor knows numbers and checksums, and nothing of what a record means.
// Threads: one writer; sync() and the counts from any thread beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>

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

    // Adds a record whose payload is the parts one behind another, each filled up to a multiple of 8 bytes. With `sync`,
    // it is on the disk afterwards. Returns where it begins. Throws Error(kStorage), and the journal is then as before.
    std::uint64_t append(std::uint32_t kind, std::span<const std::span<const std::byte>> parts, bool sync);
    // Undoes the latest append(), which began there.
    void take_back(std::uint64_t position) noexcept;
    // All records are on the disk. Throws Error(kStorage); nothing can be added then until restart().
    void sync();

    // Before the file is replaced by one with this identity, and after: records before this point are part of it. Between
    // the two the journal opens with either file. Both work where nothing could be added before, restart() mends that.
    void expect(const FileIdentity& next);
    void restart(const FileIdentity& file);

    std::uint64_t bytes() const;    // of the file
    std::uint64_t records() const;  // that are not in the file that it continues
    std::uint64_t replayed() const noexcept { return replayed_; }
    std::uint64_t cut_bytes() const noexcept { return cut_; }

  private:
    void create(const FileIdentity& file);
    void copy_with_checkpoint(const FileIdentity& next);
    void replace_by(AtomicFile& fresh, std::uint64_t end, std::uint64_t last, std::uint64_t records);
    void open();
    void close() noexcept;
    [[noreturn]] void refuse(const char* what) const;
    void check_usable() const;
    void drop(std::uint64_t position, bool counted) noexcept;

    std::string path_;
    std::string of_;
    mutable std::mutex mutex_;  // of all below
    std::mutex syncing_;        // held while the file is synced or replaced; before mutex_
    int file_ = -1;
    std::uint64_t end_ = 0;
    std::uint64_t last_ = 0;    // number of the last record
    std::uint64_t synced_ = 0;  // number of the last one known to be on the disk
    std::uint64_t records_ = 0;
    std::uint64_t replayed_ = 0;
    std::uint64_t cut_ = 0;
    bool broken_ = false;  // what is on the disk is not known
};

}  // namespace lanner
