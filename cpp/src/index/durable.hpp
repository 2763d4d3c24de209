// What makes changes to an index outlive the process: the lock of the one writer, the journal, and a thread that syncs it
// and has the file written anew once the journal has outgrown it.
// Threads: records are written by whoever holds the writer's lock of the index; counts from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "index/change_record.hpp"
#include "lanner/index.hpp"
#include "storage/file_lock.hpp"
#include "storage/journal.hpp"

namespace lanner {

class Durable {
  public:
    // Takes the lock of the file at `path`. Throws Error(kStorage) where another holds it.
    Durable(const std::string& path, const OpenOptions& options);
    ~Durable();
    Durable(const Durable&) = delete;
    Durable& operator=(const Durable&) = delete;

    const std::string& path() const noexcept { return path_; }
    // Opens the journal that continues the file; see Journal. Before the calls below.
    void replay(const FileIdentity& file, const Journal::Replay& replay);
    // `checkpoint` is called from a thread of its own whenever the file should be written anew.
    void start(std::function<void()> checkpoint);
    // Waits for what that thread is doing. The journal can still be written to.
    void stop() noexcept;

    // False in a process that was forked after the file was opened.
    bool is_mine() const noexcept;
    // Throws Error(kStorage) in a process that was forked after the file was opened.
    void require_own_process() const;
    // Writes the record of a change that is ready to be made.
    Journal::Appended write(const Change& change);
    void take_back(std::uint64_t position) noexcept { journal_->take_back(position); }
    // The record is where changes are to be before their calls return; without the writer's lock, so that others change the
    // index meanwhile, and their records are synced together. Throws Error(kStorage).
    void wait_for(std::uint64_t ticket);
    // Whether changes have been made whose calls fail, since their records were never synced.
    bool has_lost() const { return sync_ == Sync::kAlways && journal_->has_lost(); }
    // From a time at which nobody ends this, until the end of the call.
    void enter() noexcept;
    void leave() noexcept;
    // Nobody is between the two.
    void wait_until_left();
    Journal& journal() noexcept { return *journal_; }
    // Before the file is replaced by one with this identity; false, and nothing done, where that may hold what is lost.
    bool expect(const FileIdentity& next) { return journal_->expect(next, sync_ != Sync::kAlways); }
    // Changes whose calls wait are on the disk, or lost.
    void hurry();
    // The file has been written anew.
    void checkpointed(const FileIdentity& file);
    DurableState state() const;

  private:
    void run(const std::function<void()>& checkpoint);

    std::string path_;
    Sync sync_;
    std::uint64_t most_bytes_;  // of a journal; 0: as many as the file has, and some
    FileLock lock_;
    int process_;
    std::unique_ptr<Journal> journal_;
    std::atomic<std::uint64_t> limit_{0};
    std::atomic<std::uint64_t> checkpoints_{0};

    struct Signals {
        std::mutex mutex;
        std::condition_variable wake;
        std::mutex stopping;
        std::condition_variable left;
        std::size_t inside = 0;  // calls between enter() and leave()
    };
    std::unique_ptr<Signals> signals_ = std::make_unique<Signals>();
    bool stopping_ = false;
    bool unsynced_ = false;
    bool too_long_ = false;
    std::string failure_;
    // Not a thread by value: a forked child has none, and must not wait for one.
    std::thread* thread_ = nullptr;
};

// The record of one change, taken back at the end of the scope unless keep() was called. Nothing where there is no journal.
class ChangeEntry {
  public:
    explicit ChangeEntry(Durable* durable) : durable_(durable) {}
    ~ChangeEntry() {
        if (written_) durable_->take_back(record_.begin);
    }
    ChangeEntry(const ChangeEntry&) = delete;
    ChangeEntry& operator=(const ChangeEntry&) = delete;

    void write(const Change& change) {
        if (durable_ == nullptr) return;
        record_ = durable_->write(change);
        written_ = true;
    }
    void keep() noexcept {
        kept_ = written_;
        written_ = false;
    }
    // Of a record that was kept; 0: there is none.
    std::uint64_t ticket() const noexcept { return kept_ ? record_.ticket : 0; }

  private:
    Durable* durable_;
    Journal::Appended record_;
    bool written_ = false;
    bool kept_ = false;
};

}  // namespace lanner
