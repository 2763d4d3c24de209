// What stands in a journal, as far as it is sound; see cpp/FORMAT.md.
// Threads: any. Borrows nothing from the bytes that it was read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "storage/sections.hpp"

namespace lanner {

inline constexpr char kJournalMagic[8] = {'\x89', 'l', 'a', 'n', 'j', 'r', 'n', '\n'};
inline constexpr std::uint32_t kJournalVersion = 1;
// The kind of record that names the file which is about to take the old one's place.
inline constexpr std::uint32_t kCheckpoint = 0;

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

// A payload is filled up to this length.
constexpr std::uint64_t journal_aligned(std::uint64_t size) noexcept { return (size + 7) / 8 * 8; }

[[noreturn]] void refuse_journal(const std::string& path, const std::string& why);

struct JournalContents {
    struct Record {
        std::uint64_t at;
        RecordHeader header;
    };
    FileIdentity file;
    std::vector<Record> records;
    std::uint64_t end = sizeof(JournalHeader);  // of the last sound record
    std::uint64_t summed = 0;                   // bytes whose checksums were worked out

    // `path` is for words. Throws Error(kFileFormat) for what is no journal, or has damage in its middle.
    JournalContents(const std::string& path, std::span<const std::byte> bytes);

    std::size_t changes() const noexcept;
    // Those that the file with this identity lacks; 0 where no record belongs to it.
    std::size_t changes_behind(const FileIdentity& identity, const std::string& path,
                               std::span<const std::byte> bytes) const;
    // The first record that is not part of the file with this identity; one behind the last where no record belongs to it.
    std::size_t first_behind(const FileIdentity& identity, const std::string& path,
                             std::span<const std::byte> bytes) const;
};

}  // namespace lanner
