// An index whose changes outlive the process: opened with what its journal says, and its file written anew.
#include "index/durable.hpp"
#include "index/write_guard.hpp"
#include "storage/mapped_file.hpp"
#include "storage/replacing.hpp"
#include "storage/system_file.hpp"

namespace lanner {
// Its thread uses everything else.
Index::Impl::~Impl() {
    if (durable_) durable_->stop();
}

std::unique_ptr<Index::Impl> Index::Impl::open_durable(const std::string& path, const OpenOptions& options) {
    // A file that is not there is no reason to leave a lock behind.
    if (!sys::exists(path)) map_file(path, true);
    const auto durable = std::make_shared<Durable>(path, options);
    const MappedFile file = map_file(durable->path(), true);
    if (options.preload) preload(file.bytes);
    const SectionReader reader(file.bytes, file.owner);
    OpenOptions writable = options;
    writable.writable = true;
    std::unique_ptr<Impl> index = load(reader, writable);
    durable->replay(reader.identity(), [&](const Journal::Record& record) {
        Progress progress;
        if (options.progress) {
            progress = [&](std::size_t, std::size_t) {
                options.progress(static_cast<std::size_t>(record.done), static_cast<std::size_t>(record.total));
            };
        }
        index->repeat(record, durable->path(), progress);
        if (options.progress && record.done + record.payload.size() + 64 >= record.total)
            options.progress(static_cast<std::size_t>(record.total), static_cast<std::size_t>(record.total));
    });
    index->durable_ = durable;
    index->unchecked_ = !options.verify;
    durable->start([at = index.get()] {
        const WriterGuard guard(*at);
        if (!at->closed_) at->checkpoint();
    });
    return index;
}

void Index::Impl::repeat(const Journal::Record& record, const std::string& path, const Progress& progress) {
    const ReadChange read(record.kind, record.payload, options_.dim);
    try {
        repeat(read.get(), progress);
    } catch (const Error& error) {
        throw Error(ErrorKind::kFileFormat, "journal " + path + ".journal cannot be replayed at byte " +
                                                std::to_string(record.done) + ": " + error.what());
    }
}

void Index::Impl::change(const std::function<void(ChangeEntry&)>& work) {
    Durable* durable = nullptr;
    std::uint64_t ticket = 0;
    {
        const WriterGuard guard(*this);
        check_writable();
        settle();
        thaw_ids();
        ChangeEntry entry(durable_.get());
        work(entry);
        ticket = entry.ticket();
        if (ticket == 0) return;
        durable = durable_.get();
        durable->enter();
    }
    const struct Leaving {
        ~Leaving() { durable.leave(); }
        Durable& durable;
    } leaving{*durable};
    try {
        durable->wait_for(ticket);
    } catch (...) {
        const WriterGuard guard(*this);
        settle();
        throw;
    }
}

// String ids are used as they lie in a file until the first change, so that opening need not read them.
void Index::Impl::thaw_ids() {
    if (!ids_.frozen()) return;
    const std::unique_ptr<IdMap> thawed = ids_.thawed(live_);
    const std::lock_guard lock(state_);
    ids_.swap(*thawed);
}

// Records that shared a sync were made one upon the other, so all that can be told apart is what was on the disk before.
void Index::Impl::settle() {
    if (!durable_ || !durable_->has_lost()) return;
    durable_->require_own_process();
    std::unique_ptr<Impl> known;
    try {
        const MappedFile file = map_file(durable_->path(), true);
        const SectionReader reader(file.bytes, file.owner);
        known = load(reader, {.writable = true});
        durable_->journal().repeat(reader.identity(), [&](const Journal::Record& record) {
            known->repeat(record, durable_->path(), nullptr);
        });
    } catch (const Error& error) {
        throw Error(ErrorKind::kStorage,
                    "journal " + durable_->path() +
                        ".journal could not be written to, and what the disk holds cannot be read back (" +
                        error.what() +
                        "); the index has changes whose calls failed, and is neither changed nor saved until it can");
    }
    durable_->journal().forget_lost();
    const std::lock_guard lock(state_);
    swap_contents(*known);
}

void Index::Impl::repeat(const Change& change, const Progress& progress) {
    const WriteOptions options{.threads = 0, .progress = progress};
    switch (change.kind) {
        case ChangeKind::kAdd:
        case ChangeKind::kUpsert:
            add(*change.vectors, change.ids, options, change.kind == ChangeKind::kUpsert, change.attributes);
            return;
        case ChangeKind::kRemove:
            return remove(change.ids, options);
        case ChangeKind::kUpdateAttributes:
            return update_attributes(change.ids, *change.attributes);
        case ChangeKind::kFit:
            return fit(*change.vectors, {});
        case ChangeKind::kCompact:
            return compact(options);
    }
}

// What is mapped from a damaged file must not be written anew with checksums that say it is sound.
void Index::Impl::check_file() {
    if (!unchecked_) return;
    if (sys::exists(durable_->path())) {
        const MappedFile file = map_file(durable_->path(), false);
        SectionReader(file.bytes, file.owner).verify_all();
    }
    unchecked_ = false;
}

// The old file and the whole journal say the same as the new file until the very moment in which one replaces the other.
void Index::Impl::checkpoint() {
    check_file();
    for (;;) {
        settle();
        AtomicFile file(durable_->path());
        const FileIdentity identity = write_sections(file);
        file.sync();
        // Once more where a sync has failed meanwhile: what was written has changes whose calls fail.
        if (!durable_->expect(identity)) continue;
        file.commit();
        durable_->checkpointed(identity);
        return;
    }
}

void Index::Impl::settle_all() {
    if (durable_ && durable_->is_mine()) durable_->hurry();
    settle();
}

void Index::Impl::save_to(const std::string& path) {
    std::optional<Replacement> replacement;
    {
        const WriterGuard guard(*this);
        if (durable_ && sys::same_file(path, durable_->path())) {
            durable_->require_own_process();
            return checkpoint();
        }
        settle_all();
        replacement.emplace(path);
        write_sections(replacement->file());
    }
    replacement->commit();
}

// Whatever fails, the file is let go of, and the index goes on being searched and saved elsewhere.
void Index::Impl::close() {
    std::shared_ptr<Durable> ended;
    {
        const WriterGuard guard(*this);
        closed_ = true;
        read_only_ = true;
        ended = durable_;
        if (durable_ && durable_->is_mine()) {
            try {
                secure();
            } catch (const Error& error) {
                close_failure_ = error.what();
            }
        }
    }
    // Its thread may be waiting for the writer's lock.
    if (ended) {
        ended->stop();
        ended->wait_until_left();
    }
    ended.reset();
    const WriterGuard guard(*this);
    {
        const std::lock_guard lock(state_);
        durable_.reset();
    }
    if (!close_failure_.empty()) throw Error(ErrorKind::kStorage, close_failure_);
}

// All changes are on the disk: in the journal or, if that cannot be synced, in the file.
void Index::Impl::secure() {
    try {
        durable_->journal().sync();
    } catch (const Error& error) {
        try {
            checkpoint();
        } catch (const std::exception& again) {
            throw Error(ErrorKind::kStorage, durable_->path() +
                                                 " was closed, and the latest changes may not be on the disk (" +
                                                 error.what() + "; " + again.what() +
                                                 "); they are in this index still: save it to another path");
        }
    }
}

std::optional<DurableState> Index::Impl::durable() const {
    const std::shared_lock lock(state_);
    if (!durable_) return std::nullopt;
    return durable_->state();
}

}  // namespace lanner
