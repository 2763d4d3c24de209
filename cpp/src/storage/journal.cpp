#include "storage/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include "base/checksum.hpp"
#include "lanner/error.hpp"
#include "storage/journal_contents.hpp"
#include "storage/mapped_file.hpp"
#include "storage/sink.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

// A record up to this size is written in one call.
constexpr std::size_t kSmallRecord = std::size_t{1} << 16;

JournalHeader header_of(const FileIdentity& file) noexcept {
    JournalHeader header{};
    std::memcpy(header.magic, kJournalMagic, sizeof kJournalMagic);
    header.version = kJournalVersion;
    header.file = file;
    header.crc = crc32(0, &header, offsetof(JournalHeader, crc));
    return header;
}

// The changes among the sound records of a journal from the one at `first` on; how many there were.
std::uint64_t replay_from(std::size_t first, const JournalContents& contents, std::span<const std::byte> bytes,
                          const Journal::Replay& replay) {
    std::uint64_t count = 0;
    for (std::size_t i = first; i < contents.records.size(); ++i) {
        const JournalContents::Record& record = contents.records[i];
        if (record.header.kind == kCheckpoint) continue;
        replay({record.header.kind,
                bytes.subspan(static_cast<std::size_t>(record.at) + sizeof(RecordHeader),
                              static_cast<std::size_t>(record.header.length)),
                record.at, contents.end});
        ++count;
    }
    return count;
}

}  // namespace

Journal::Journal(std::string path, const std::string& of, const FileIdentity& file, const Replay& replay)
    : path_(std::move(path)), of_(of) {
    if (!sys::exists(path_)) {
        create(file);
        return;
    }
    std::uint64_t size = 0;
    {
        const MappedFile mapped = map_file(path_, false);
        const JournalContents contents(path_, mapped.bytes);
        const std::size_t first = contents.first_behind(file, path_, mapped.bytes);
        const bool belongs = first <= contents.records.size();
        if (const std::size_t changes = contents.changes(); !belongs && changes > 0) {
            refuse_journal(path_,
                           "continues another state of the file than the one that is there, and holds " +
                               std::to_string(changes) + (changes == 1 ? " change" : " changes") +
                               " that would be lost; put that file back, or move the journal away to do without");
        }
        replayed_ = replay_from(first, contents, mapped.bytes, replay);
        size = mapped.bytes.size();
        cut_ = size - contents.end;
        if (belongs) {
            end_ = synced_end_ = contents.end;
            last_ = synced_ = contents.records.size();
        }
    }
    if (end_ == 0) {
        create(file);  // no change is in it, and it is of another file
        return;
    }
    records_ = synced_records_ = replayed_;
    open();
    if ((size > end_ && !sys::truncate(file_, end_)) || !sys::sync_file(file_)) refuse("cut the torn end of");
}

Journal::~Journal() { close(); }

class Journal::Turn {
  public:
    explicit Turn(Journal& journal) : journal_(journal) {
        std::unique_lock lock(journal_.mutex_);
        journal_.turn_over_->wait(lock, [&] { return !journal_.taken_; });
        journal_.taken_ = true;
    }
    // Of one who holds mutex_ and has seen that it is free; lets go of mutex_.
    Turn(Journal& journal, std::unique_lock<std::mutex>& lock) : journal_(journal) {
        journal_.taken_ = true;
        lock.unlock();
    }
    ~Turn() {
        const std::lock_guard lock(journal_.mutex_);
        journal_.taken_ = false;
        journal_.turn_over_->notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    Journal& journal_;
};

void Journal::open() {
    file_ = sys::open_to_change(path_);
    if (file_ < 0) refuse("open");
}

void Journal::close() noexcept {
    if (file_ >= 0) sys::close_file(file_);
    file_ = -1;
}

// In one step, so that there is never half a journal. From the moment in which the new one may have taken the old one's
// place until it is open, and for good where it may not be on the disk, nothing may be added: it would go to a file that
// has no name.
void Journal::replace_by(AtomicFile& fresh, std::uint64_t end, std::uint64_t last, std::uint64_t records) {
    const bool was_broken = broken_;
    fresh.sync();
    broken_ = true;
    close();  // where an open file cannot be replaced
    try {
        fresh.commit();
    } catch (...) {
        const std::exception_ptr why = std::current_exception();
        if (fresh.replaced()) begins_again(end, last, records);
        if (file_ = sys::open_to_change(path_); file_ >= 0 && !fresh.replaced()) broken_ = was_broken;
        std::rethrow_exception(why);
    }
    begins_again(end, last, records);
    open();
}

// What lies in it is on the disk, or part of a file that is.
void Journal::begins_again(std::uint64_t end, std::uint64_t last, std::uint64_t records) noexcept {
    end_ = synced_end_ = end;
    last_ = synced_ = last;
    records_ = synced_records_ = records;
    settled_ = tickets_;
}

void Journal::create(const FileIdentity& file) {
    const JournalHeader header = header_of(file);
    AtomicFile fresh(path_, of_);
    fresh.write(&header, sizeof header);
    replace_by(fresh, sizeof header, 0, 0);
    broken_ = false;
}

// All that can be read back of the old one, and a checkpoint behind it. It stays broken: records that were written and
// never synced may be gone, and what is added behind them could not be replayed.
void Journal::copy_with_checkpoint(const FileIdentity& next) {
    AtomicFile fresh(path_, of_);
    RecordHeader header{};
    std::uint64_t end = 0;
    std::size_t changes = 0;
    {
        const MappedFile mapped = map_file(path_, false);
        // What lies behind was refused when it was written.
        const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(end_, mapped.bytes.size()));
        const JournalContents contents(path_, mapped.bytes.first(known));
        end = contents.end;
        changes = contents.changes();
        header.number = contents.records.size() + 1;
        fresh.write(mapped.bytes.data(), static_cast<std::size_t>(end));
    }
    header.length = sizeof next;
    header.synced = header.number - 1;
    header.kind = kCheckpoint;
    header.payload_crc = crc32(0, &next, sizeof next);
    header.crc = crc32(0, &header, offsetof(RecordHeader, crc));
    fresh.write(&header, sizeof header);
    fresh.write(&next, sizeof next);
    replace_by(fresh, end + sizeof header + sizeof next, header.number, changes);
}

void Journal::check_usable() const {
    if (!broken_) return;
    throw Error(ErrorKind::kStorage, "journal " + path_ +
                                         " could not be written to before, so that nobody knows what the disk holds of "
                                         "it; save the index to its file, which begins a new one, or to another");
}

// Each byte is read once: the checksum is of what was written, whatever becomes of the memory it came from. The header, which
// has it, follows.
Journal::Appended Journal::append(std::uint32_t kind, std::span<const std::span<const std::byte>> parts) {
    RecordHeader header{};
    std::size_t length = 0;
    for (const std::span<const std::byte> part : parts)
        length += static_cast<std::size_t>(journal_aligned(part.size()));
    header.length = length;
    header.kind = kind;
    const bool small = length <= kSmallRecord;
    std::vector<std::byte> buffer(sizeof header);
    buffer.reserve(sizeof header + std::min(length, kSmallRecord));
    const std::lock_guard lock(mutex_);
    check_usable();
    const std::uint64_t begin = end_;
    std::uint64_t at = begin + sizeof header;
    bool done = true;
    const auto flush = [&] {
        header.payload_crc = crc32(header.payload_crc, buffer.data() + sizeof header, buffer.size() - sizeof header);
        if (small) return;
        done = done && sys::write_at(file_, at, buffer.data() + sizeof header, buffer.size() - sizeof header);
        at += buffer.size() - sizeof header;
        buffer.resize(sizeof header);
    };
    for (std::span<const std::byte> part : parts) {
        const auto padding = static_cast<std::size_t>(journal_aligned(part.size()) - part.size());
        while (!part.empty()) {
            const std::size_t some = std::min(part.size(), sizeof header + kSmallRecord - buffer.size());
            buffer.insert(buffer.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(some));
            part = part.subspan(some);
            if (!small && buffer.size() == sizeof header + kSmallRecord) flush();
        }
        buffer.insert(buffer.end(), padding, std::byte{0});
        if (!small && buffer.size() >= sizeof header + kSmallRecord) flush();
    }
    flush();
    header.number = last_ + 1;
    header.synced = synced_;
    header.crc = crc32(0, &header, offsetof(RecordHeader, crc));
    std::memcpy(buffer.data(), &header, sizeof header);
    done = done && sys::write_at(file_, begin, buffer.data(), buffer.size());
    if (!done) {
        const int code = errno;
        if (!sys::truncate(file_, begin)) broken_ = true;
        errno = code;
        refuse("write to");
    }
    end_ = begin + sizeof header + length;
    ++last_;
    if (kind != kCheckpoint) ++records_;
    return {begin, ++tickets_};
}

void Journal::take_back(std::uint64_t position) noexcept {
    // Not while others sync: what they end by saying of the last record would be said of the next one.
    const Turn turn(*this);
    const std::lock_guard lock(mutex_);
    drop(position, true);
}

void Journal::drop(std::uint64_t position, bool counted) noexcept {
    if (!sys::truncate(file_, position)) broken_ = true;
    end_ = position;
    --last_;
    if (counted) --records_;
    if (synced_ <= last_) return;
    synced_ = last_;
    synced_end_ = end_;
    synced_records_ = records_;
    // The disk has the record: it may not stay there.
    if (!sys::sync_file(file_)) broken_ = true;
}

void Journal::wait_for(std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    turn_over_->wait(lock, [&] { return ticket <= settled_ || !taken_; });
    if (ticket > settled_) {
        const Turn turn(*this, lock);
        return sync_all();
    }
    for (const Failure& failure : failures_) {
        if (ticket >= failure.first && ticket <= failure.last) throw Error(ErrorKind::kStorage, failure.why);
    }
}

void Journal::sync() {
    const Turn turn(*this);
    sync_all();
}

void Journal::sync_all() {
    std::uint64_t last = 0;
    std::uint64_t end = 0;
    std::uint64_t records = 0;
    std::uint64_t ticket = 0;
    {
        const std::lock_guard lock(mutex_);
        if (synced_ != last_) {
            try {
                check_usable();
            } catch (const Error& error) {
                fail_waiting(error.what());
                throw;
            }
        }
        last = last_;
        end = end_;
        records = records_;
        ticket = tickets_;
        if (synced_ == last) {
            settled_ = ticket;
            return;
        }
    }
    // A system that failed to write once may say that all is well the next time, and have dropped what it held.
    if (!sys::sync_file(file_)) {
        const int code = errno;
        const std::lock_guard lock(mutex_);
        broken_ = true;
        try {
            errno = code;
            refuse("sync");
        } catch (const Error& error) {
            // What came while it was tried is behind what may be lost.
            fail_waiting(error.what());
            throw;
        }
    }
    const std::lock_guard lock(mutex_);
    synced_ = last;
    synced_end_ = end;
    synced_records_ = records;
    settled_ = ticket;
}

void Journal::fail_waiting(const std::string& why) {
    if (settled_ == tickets_) return;
    failures_.push_back({settled_ + 1, tickets_, why});
    settled_ = tickets_;
}

bool Journal::has_lost() const {
    const std::lock_guard lock(mutex_);
    return broken_ && synced_ != last_;
}

void Journal::forget_lost() {
    const Turn turn(*this);
    const std::lock_guard lock(mutex_);
    if (!broken_ || synced_ == last_) return;
    fail_waiting("journal " + path_ + " could not be written to before this record of it was on the disk");
    // Nothing more is written behind them in any case.
    static_cast<void>(file_ >= 0 && sys::truncate(file_, synced_end_));
    end_ = synced_end_;
    last_ = synced_;
    records_ = synced_records_;
}

void Journal::repeat(const FileIdentity& file, const Replay& replay) const {
    std::uint64_t end = 0;
    {
        const std::lock_guard lock(mutex_);
        end = synced_end_;
    }
    const MappedFile mapped = map_file(path_, false);
    const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(end, mapped.bytes.size()));
    const JournalContents contents(path_, mapped.bytes.first(known));
    const std::size_t first = contents.first_behind(file, path_, mapped.bytes);
    if (contents.end != end || first > contents.records.size())
        refuse_journal(path_, "or the file that it continues was altered while the index was open");
    replay_from(first, contents, mapped.bytes, replay);
}

bool Journal::expect(const FileIdentity& next, bool with_lost) {
    {
        const Turn turn(*this);
        const std::lock_guard lock(mutex_);
        if (broken_) {
            if (!with_lost && synced_ != last_) return false;
            copy_with_checkpoint(next);
            return true;
        }
    }
    const std::span<const std::byte> part = std::as_bytes(std::span(&next, 1));
    const Appended appended = append(kCheckpoint, std::span(&part, 1));
    try {
        sync();
    } catch (...) {
        const std::lock_guard lock(mutex_);
        drop(appended.begin, false);
        if (!with_lost && broken_ && synced_ != last_) return false;
        throw;
    }
    return true;
}

void Journal::restart(const FileIdentity& file) {
    const Turn turn(*this);
    const std::lock_guard lock(mutex_);
    create(file);
}

std::uint64_t Journal::bytes() const {
    const std::lock_guard lock(mutex_);
    return end_;
}

std::uint64_t Journal::records() const {
    const std::lock_guard lock(mutex_);
    return records_;
}

void Journal::refuse(const char* what) const {
    const int code = errno;
    throw Error(ErrorKind::kStorage,
                std::string("cannot ") + what + " journal " + path_ + ": " + std::generic_category().message(code));
}

}  // namespace lanner
