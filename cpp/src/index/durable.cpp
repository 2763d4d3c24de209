#include "index/durable.hpp"

#include <algorithm>

#include "lanner/error.hpp"
#include "storage/sink.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

// How long a change may wait for the disk with Sync::kBatch.
constexpr std::chrono::milliseconds kBatchTime{50};
// A journal shorter than this is replayed in no time, however small the file.
constexpr std::uint64_t kLeastLimit = std::uint64_t{64} << 20;

}  // namespace

Durable::Durable(const std::string& path, const OpenOptions& options)
    : path_(sys::resolve(path)),
      sync_(options.sync),
      most_bytes_(options.journal_bytes),
      lock_(path_ + ".lock", path_),
      process_(sys::process_id()) {
    remove_leftovers(path_);
    remove_leftovers(path_ + ".journal");
}

Durable::~Durable() {
    stop();
    // To a forked child the thread that waits for these is there for ever, and whoever destroys them waits for it.
    if (!is_mine()) {
        static_cast<void>(signals_.release());
        if (journal_) journal_->abandon();
    }
    if (!journal_ || !is_mine()) return;
    try {
        journal_->sync();
    } catch (const std::exception&) {
        // The changes are with the system, and what it makes of them is out of our hands.
    }
}

void Durable::stop() noexcept {
    if (!is_mine()) return;
    const std::lock_guard once(signals_->stopping);
    if (thread_ == nullptr) return;
    {
        const std::lock_guard lock(signals_->mutex);
        stopping_ = true;
    }
    signals_->wake.notify_all();
    thread_->join();
    delete thread_;
    thread_ = nullptr;
}

bool Durable::is_mine() const noexcept { return process_ == sys::process_id(); }

void Durable::replay(const FileIdentity& file, const Journal::Replay& replay) {
    journal_ = std::make_unique<Journal>(path_ + ".journal", path_, file, replay);
    limit_ = most_bytes_ != 0 ? most_bytes_ : std::max(kLeastLimit, file.length);
}

void Durable::start(std::function<void()> checkpoint) {
    too_long_ = journal_->bytes() > limit_;
    thread_ = new std::thread([this, checkpoint = std::move(checkpoint)] { run(checkpoint); });
}

void Durable::require_own_process() const {
    if (!is_mine()) {
        throw Error(ErrorKind::kStorage, path_ +
                                             " was opened with durable=True before this process was forked; open it "
                                             "anew where it is to be changed");
    }
}

Journal::Appended Durable::write(const Change& change) {
    require_own_process();
    const WrittenChange written(change);
    const Journal::Appended record = journal_->append(static_cast<std::uint32_t>(change.kind), written.parts());
    const bool too_long = journal_->bytes() > limit_;
    if (sync_ == Sync::kBatch || too_long) {
        {
            const std::lock_guard lock(signals_->mutex);
            unsynced_ = true;
            too_long_ = too_long_ || too_long;
        }
        signals_->wake.notify_all();
    }
    return record;
}

void Durable::wait_for(std::uint64_t ticket) {
    if (sync_ == Sync::kAlways) journal_->wait_for(ticket);
}

void Durable::hurry() {
    try {
        if (sync_ == Sync::kAlways) journal_->sync();
    } catch (const Error&) {  // has_lost() tells
    }
}

void Durable::enter() noexcept {
    const std::lock_guard lock(signals_->mutex);
    ++signals_->inside;
}

void Durable::leave() noexcept {
    const std::lock_guard lock(signals_->mutex);
    // While the mutex is held: afterwards there may be nothing to notify.
    if (--signals_->inside == 0) signals_->left.notify_all();
}

void Durable::wait_until_left() {
    if (!is_mine()) return;
    std::unique_lock lock(signals_->mutex);
    signals_->left.wait(lock, [&] { return signals_->inside == 0; });
}

void Durable::checkpointed(const FileIdentity& file) {
    journal_->restart(file);
    limit_ = most_bytes_ != 0 ? most_bytes_ : std::max(kLeastLimit, file.length);
    ++checkpoints_;
    const std::lock_guard lock(signals_->mutex);
    too_long_ = false;
    failure_.clear();
}

void Durable::run(const std::function<void()>& checkpoint) {
    std::unique_lock lock(signals_->mutex);
    while (!stopping_) {
        signals_->wake.wait(lock, [&] { return stopping_ || unsynced_ || too_long_; });
        if (stopping_) return;
        const bool due = too_long_;
        // Whatever else comes in meanwhile is synced with it.
        if (!due) signals_->wake.wait_for(lock, kBatchTime, [&] { return stopping_ || too_long_; });
        unsynced_ = false;
        lock.unlock();
        std::string failure;
        try {
            journal_->sync();
            if (due) checkpoint();
        } catch (const std::exception& error) {
            failure = error.what();
        }
        lock.lock();
        if (!failure.empty()) {
            failure_ = failure;
            if (due) {
                // Nothing is lost: the journal goes on, and the next try comes when it has grown by as much again.
                too_long_ = false;
                limit_ = journal_->bytes() + std::max<std::uint64_t>(limit_ / 2, 1);
            }
        }
    }
}

DurableState Durable::state() const {
    DurableState state;
    state.path = path_ + ".journal";
    state.bytes = journal_->bytes();
    state.changes = journal_->records();
    state.replayed = journal_->replayed();
    state.cut_bytes = journal_->cut_bytes();
    state.checkpoints = checkpoints_;
    const std::lock_guard lock(signals_->mutex);
    state.failure = failure_;
    return state;
}

}  // namespace lanner
