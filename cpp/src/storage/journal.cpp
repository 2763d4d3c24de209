#include "storage/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "base/checksum.hpp"
#include "lanner/error.hpp"
#include "storage/mapped_file.hpp"
#include "storage/sink.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

constexpr char kMagic[8] = {'\x89', 'l', 'a', 'n', 'j', 'r', 'n', '\n'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kCheckpoint = 0;
// A record up to this size is written in one call.
constexpr std::size_t kSmallRecord = std::size_t{1} << 16;

struct JournalHeader {
    char magic[8];
    std::uint32_t version;
    std::uint32_t zero;
    FileIdentity file;
    unsigned char reserve[28];
    std::uint32_t crc;  // of all bytes before
};
static_assert(sizeof(JournalHeader) == 64);

struct RecordHeader {
    std::uint64_t length;  // of the payload
    std::uint64_t number;  // from 1 on
    std::uint64_t synced;  // the last record that was known to be on the disk when this one was written
    std::uint32_t kind;
    std::uint32_t payload_crc;
    std::uint32_t zero;
    std::uint32_t crc;  // of all bytes before
};
static_assert(sizeof(RecordHeader) == 40);

constexpr std::uint64_t aligned(std::uint64_t size) noexcept { return (size + 7) / 8 * 8; }

// The record at an offset, if all of it is there and sound. Its length leads nowhere outside.
bool sound_record(std::span<const std::byte> bytes, std::uint64_t at, RecordHeader& header) {
    if (at > bytes.size() || bytes.size() - at < sizeof header) return false;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if (crc32(0, &header, offsetof(RecordHeader, crc)) != header.crc || header.zero != 0) return false;
    const std::uint64_t room = bytes.size() - at - sizeof header;
    if (header.length > room || aligned(header.length) > room) return false;
    return crc32(0, bytes.data() + at + sizeof header, static_cast<std::size_t>(header.length)) == header.payload_crc;
}

[[noreturn]] void refuse_format(const std::string& path, const std::string& why) {
    throw Error(ErrorKind::kFileFormat, "journal " + path + " " + why);
}

}  // namespace

// What stands in a journal that is there.
struct Journal::Tail {
    struct Found {
        std::uint64_t at;
        RecordHeader header;
    };
    FileIdentity file;
    std::vector<Found> records;
    std::uint64_t end = sizeof(JournalHeader);

    Tail(const std::string& path, std::span<const std::byte> bytes) {
        JournalHeader header{};
        if (bytes.size() < sizeof header) refuse_format(path, "is shorter than its header");
        std::memcpy(&header, bytes.data(), sizeof header);
        if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) refuse_format(path, "does not begin as one does");
        if (crc32(0, &header, offsetof(JournalHeader, crc)) != header.crc)
            refuse_format(path, "has a header that fails its checksum");
        if (header.version != kVersion) {
            refuse_format(path, "has format version " + std::to_string(header.version) +
                                    ", this library reads version " + std::to_string(kVersion));
        }
        file = header.file;
        RecordHeader record{};
        while (sound_record(bytes, end, record) && record.number == records.size() + 1) {
            records.push_back({end, record});
            end += sizeof record + aligned(record.length);
        }
        // What follows is a record that was being written, unless a later one says that it was on the disk by then.
        for (std::uint64_t at = end + 8; at + sizeof record <= bytes.size(); at += 8) {
            if (!sound_record(bytes, at, record) || record.number <= records.size() + 1) continue;
            if (record.synced > records.size()) {
                refuse_format(path, "is damaged: record " + std::to_string(records.size() + 1) + " at byte " +
                                        std::to_string(end) + " fails its checksum, and later ones do not");
            }
        }
    }
};

Journal::Journal(std::string path, const FileIdentity& file, const Replay& replay) : path_(std::move(path)) {
    if (!sys::exists(path_)) {
        create(file);
        return;
    }
    std::uint64_t size = 0;
    {
        const MappedFile mapped = map_file(path_, false);
        const Tail tail(path_, mapped.bytes);
        // Records before the last checkpoint that made the file as it is are in it.
        std::size_t first = tail.records.size() + 1;
        if (tail.file == file) first = 0;
        for (std::size_t i = 0; i < tail.records.size(); ++i) {
            if (tail.records[i].header.kind != kCheckpoint) continue;
            FileIdentity next;
            if (tail.records[i].header.length != sizeof next)
                refuse_format(path_, "has a checkpoint that names no file");
            std::memcpy(&next, mapped.bytes.data() + tail.records[i].at + sizeof(RecordHeader), sizeof next);
            if (next == file) first = i + 1;
        }
        if (first > tail.records.size() && !tail.records.empty()) {
            refuse_format(
                path_, "continues another state of the file than the one that is there, and holds " +
                           std::to_string(tail.records.size()) +
                           " changes that would be lost; put that file back, or move the journal away to do without");
        }
        for (std::size_t i = first; i < tail.records.size(); ++i) {
            const Tail::Found& found = tail.records[i];
            if (found.header.kind == kCheckpoint) continue;
            replay({found.header.kind,
                    mapped.bytes.subspan(static_cast<std::size_t>(found.at) + sizeof(RecordHeader),
                                         static_cast<std::size_t>(found.header.length)),
                    found.at, tail.end});
            ++replayed_;
        }
        size = mapped.bytes.size();
        end_ = tail.end;
        last_ = synced_ = tail.records.size();
        cut_ = size - end_;
        if (tail.file != file && first > tail.records.size()) end_ = 0;
    }
    if (end_ == 0) {
        create(file);  // nothing in it, and of another file
        return;
    }
    records_ = replayed_;
    open();
    if ((size > end_ && !sys::truncate(file_, end_)) || !sys::sync_file(file_)) refuse("cut the torn end of");
}

Journal::~Journal() {
    if (file_ >= 0) sys::close_file(file_);
}

void Journal::open() {
    const int file = sys::open_to_change(path_, false);
    if (file < 0) refuse("open");
    if (file_ >= 0) sys::close_file(file_);
    file_ = file;
}

// In one step, so that there is never half a header.
void Journal::create(const FileIdentity& file) {
    JournalHeader header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.version = kVersion;
    header.file = file;
    header.crc = crc32(0, &header, offsetof(JournalHeader, crc));
    AtomicFile fresh(path_);
    fresh.write(&header, sizeof header);
    // From the moment in which it takes the old one's place until it is open, and for good where it may not be on the disk,
    // nothing may be added: it would go to a file that has no name.
    const auto begin = [&] {
        broken_ = true;
        open();
        end_ = sizeof header;
        last_ = synced_ = records_ = 0;
    };
    try {
        fresh.commit();
    } catch (...) {
        if (fresh.replaced()) begin();
        throw;
    }
    begin();
    broken_ = false;
}

void Journal::check_usable() const {
    if (!broken_) return;
    throw Error(ErrorKind::kStorage, "journal " + path_ +
                                         " could not be written to before, so that nobody knows what the disk holds of "
                                         "it; save the index to its file, which begins a new one");
}

std::uint64_t Journal::append(std::uint32_t kind, std::span<const std::span<const std::byte>> parts, bool sync) {
    static constexpr std::byte kZeros[8]{};
    std::uint64_t begin = 0;
    {
        const std::lock_guard lock(mutex_);
        check_usable();
        begin = end_;
        RecordHeader header{};
        for (const std::span<const std::byte> part : parts) {
            header.payload_crc = crc32(header.payload_crc, part.data(), part.size());
            const auto padding = static_cast<std::size_t>(aligned(part.size()) - part.size());
            header.payload_crc = crc32(header.payload_crc, kZeros, padding);
            header.length += part.size() + padding;
        }
        header.number = last_ + 1;
        header.synced = synced_;
        header.kind = kind;
        header.crc = crc32(0, &header, offsetof(RecordHeader, crc));
        std::vector<std::byte> buffer(sizeof header);
        std::memcpy(buffer.data(), &header, sizeof header);
        std::uint64_t at = begin;
        bool done = true;
        const auto put = [&](const void* bytes, std::size_t size) {
            done = done && sys::write_at(file_, at, bytes, size);
            at += size;
        };
        const bool small = header.length <= kSmallRecord;
        if (!small) put(buffer.data(), buffer.size());
        for (const std::span<const std::byte> part : parts) {
            const auto padding = static_cast<std::size_t>(aligned(part.size()) - part.size());
            if (small) {
                buffer.insert(buffer.end(), part.begin(), part.end());
                buffer.insert(buffer.end(), padding, std::byte{0});
            } else {
                put(part.data(), part.size());
                put(kZeros, padding);
            }
        }
        if (small) put(buffer.data(), buffer.size());
        if (!done) {
            const int code = errno;
            if (!sys::truncate(file_, begin)) broken_ = true;
            errno = code;
            refuse("write to");
        }
        end_ = at;
        ++last_;
        if (kind != kCheckpoint) ++records_;
    }
    if (sync) {
        try {
            this->sync();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            drop(begin, kind != kCheckpoint);
            throw;
        }
    }
    return begin;
}

void Journal::take_back(std::uint64_t position) noexcept {
    // Not while others sync: what they end by saying of the last record would be said of the next one.
    const std::lock_guard syncing(syncing_);
    const std::lock_guard lock(mutex_);
    drop(position, true);
}

void Journal::drop(std::uint64_t position, bool counted) noexcept {
    if (!sys::truncate(file_, position)) broken_ = true;
    end_ = position;
    --last_;
    if (counted) --records_;
    synced_ = std::min(synced_, last_);
}

void Journal::sync() {
    const std::lock_guard syncing(syncing_);
    std::uint64_t last = 0;
    {
        const std::lock_guard lock(mutex_);
        check_usable();
        if (synced_ == last_) return;
        last = last_;
    }
    // A system that failed to write once may say that all is well the next time, and have dropped what it held.
    if (!sys::sync_file(file_)) {
        const int code = errno;
        const std::lock_guard lock(mutex_);
        broken_ = true;
        errno = code;
        refuse("sync");
    }
    const std::lock_guard lock(mutex_);
    synced_ = std::min(last, last_);
}

void Journal::expect(const FileIdentity& next) {
    {
        // The file that is about to be written holds everything, whatever became of the journal.
        const std::lock_guard lock(mutex_);
        if (broken_) return;
    }
    const std::span<const std::byte> part = std::as_bytes(std::span(&next, 1));
    append(kCheckpoint, std::span(&part, 1), true);
}

void Journal::restart(const FileIdentity& file) {
    const std::lock_guard syncing(syncing_);
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
