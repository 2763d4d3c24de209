// Where a file's bytes go: a growing buffer, or a file that replaces another in one step.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lanner {

class Sink {
  public:
    virtual ~Sink() = default;
    virtual void write(const void* bytes, std::size_t size) = 0;
    // Overwrites bytes written before.
    virtual void write_at(std::uint64_t offset, const void* bytes, std::size_t size) = 0;
};

class MemorySink final : public Sink {
  public:
    void write(const void* bytes, std::size_t size) override;
    void write_at(std::uint64_t offset, const void* bytes, std::size_t size) override;
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

// Writes beside the target, and on commit() syncs the file, renames it over the target and syncs the directory: whatever
// happens, the target holds its old bytes or the new ones. Without commit() nothing but the neighbour is touched, and
// that is removed. Throws Error(kStorage).
class AtomicFile final : public Sink {
  public:
    // Those may read it who may read the target or, where there is none, the file `like`; else whom the process lets.
    explicit AtomicFile(const std::string& target, const std::string& like = {});
    ~AtomicFile() override;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(const void* bytes, std::size_t size) override;
    void write_at(std::uint64_t offset, const void* bytes, std::size_t size) override;
    // Everything so far is on the disk, beside the target; nothing may be written any more but by commit().
    void sync();
    void commit();
    // Whether the target is the new file, also where commit() threw afterwards.
    bool replaced() const noexcept { return replaced_; }

  private:
    void flush();
    [[noreturn]] void refuse(const char* what) const;

    std::string target_;
    std::string beside_;
    std::vector<std::byte> buffer_;
    std::uint64_t written_ = 0;
    bool synced_ = false;
    bool replaced_ = false;
    int file_ = -1;
};

// Removes what processes that are no more left beside a target that they were about to replace. Quietly.
void remove_leftovers(const std::string& target);

}  // namespace lanner
