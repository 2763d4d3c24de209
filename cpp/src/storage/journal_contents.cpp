#include "storage/journal_contents.hpp"

#include <algorithm>
#include <cstring>

#include "base/checksum.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// The header of a record at an offset, if it is sound.
bool sound_header(std::span<const std::byte> bytes, std::uint64_t at, RecordHeader& header) {
    if (at > bytes.size() || bytes.size() - at < sizeof header) return false;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    return crc32(0, &header, offsetof(RecordHeader, crc)) == header.crc && header.zero == 0;
}

// Whether all of its payload is there and sound. Its length leads nowhere outside then.
bool sound_payload(std::span<const std::byte> bytes, std::uint64_t at, const RecordHeader& header) {
    const std::uint64_t room = bytes.size() - at - sizeof header;
    if (header.length > room || journal_aligned(header.length) > room) return false;
    return crc32(0, bytes.data() + at + sizeof header, static_cast<std::size_t>(header.length)) == header.payload_crc;
}

}  // namespace

void refuse_journal(const std::string& path, const std::string& why) {
    throw Error(ErrorKind::kFileFormat, "journal " + path + " " + why);
}

JournalContents::JournalContents(const std::string& path, std::span<const std::byte> bytes) {
    JournalHeader header{};
    if (bytes.size() < sizeof header) refuse_journal(path, "is shorter than its header");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (std::memcmp(header.magic, kJournalMagic, sizeof kJournalMagic) != 0)
        refuse_journal(path, "does not begin as one does");
    if (crc32(0, &header, offsetof(JournalHeader, crc)) != header.crc)
        refuse_journal(path, "has a header that fails its checksum");
    if (header.version != kJournalVersion) {
        refuse_journal(path, "has format version " + std::to_string(header.version) + ", this library reads version " +
                                 std::to_string(kJournalVersion));
    }
    file = header.file;
    RecordHeader record{};
    while (sound_header(bytes, end, record) && record.number == records.size() + 1) {
        summed += sizeof record + std::min<std::uint64_t>(record.length, bytes.size());
        if (!sound_payload(bytes, end, record)) break;
        records.push_back({end, record});
        end += sizeof record + journal_aligned(record.length);
    }
    // What follows is a record that was being written, unless a later one says that it was on the disk by then. Its header
    // is enough: to look at payloads too would take, of a made-up journal full of headers, time by the square of its length.
    for (std::uint64_t at = end + 8; at + sizeof record <= bytes.size(); at += 8) {
        summed += sizeof record;
        if (!sound_header(bytes, at, record)) continue;
        if (record.number > records.size() + 1 && record.synced > records.size() && record.synced < record.number) {
            refuse_journal(path, "is damaged: record " + std::to_string(records.size() + 1) + " at byte " +
                                     std::to_string(end) + " fails its checksum, and later ones do not");
        }
    }
}

std::size_t JournalContents::changes() const noexcept {
    return static_cast<std::size_t>(std::count_if(
        records.begin(), records.end(), [](const Record& record) { return record.header.kind != kCheckpoint; }));
}

std::size_t JournalContents::changes_behind(const FileIdentity& identity, const std::string& path,
                                            std::span<const std::byte> bytes) const {
    std::size_t changes = 0;
    for (std::size_t i = first_behind(identity, path, bytes); i < records.size(); ++i)
        changes += records[i].header.kind != kCheckpoint ? 1 : 0;
    return changes;
}

std::size_t JournalContents::first_behind(const FileIdentity& identity, const std::string& path,
                                          std::span<const std::byte> bytes) const {
    std::size_t first = file == identity ? 0 : records.size() + 1;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (records[i].header.kind != kCheckpoint) continue;
        FileIdentity next;
        if (records[i].header.length != sizeof next) refuse_journal(path, "has a checkpoint that names no file");
        std::memcpy(&next, bytes.data() + records[i].at + sizeof(RecordHeader), sizeof next);
        if (next == identity) first = i + 1;
    }
    return first;
}

}  // namespace lanner
