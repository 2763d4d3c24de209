#include "storage/sections.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checksum.hpp"
#include "lanner/error.hpp"

static_assert(std::endian::native == std::endian::little,
              "files are written as memory lies; a big-endian port must swap");

namespace lanner {
namespace {

constexpr std::uint64_t kAlignment = 64;
constexpr char kMagic[8] = {'\x89', 'l', 'a', 'n', 'n', 'e', 'r', '\n'};
constexpr std::size_t kNameBytes = 24;
constexpr std::uint32_t kMaxSections = 1024;

struct Header {
    char magic[8];
    std::uint32_t major;
    std::uint32_t minor;
    std::uint64_t table_offset;
    std::uint64_t file_length;
    std::uint32_t section_count;
    std::uint32_t table_crc;
    unsigned char zero[20];
    std::uint32_t header_crc;  // of all bytes before
};
static_assert(sizeof(Header) == 64);

struct Entry {
    char name[kNameBytes];
    std::uint64_t offset;
    std::uint64_t length;
    std::uint32_t crc;
    std::uint32_t zero;
};
static_assert(sizeof(Entry) == 48);

constexpr std::uint64_t aligned(std::uint64_t position) noexcept {
    return (position + kAlignment - 1) / kAlignment * kAlignment;
}

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::kFileFormat, "not a sound lanner file: " + why);
}

bool all_zero(std::span<const std::byte> bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

void refuse_section(std::string_view name, const std::string& why) {
    throw Error(ErrorKind::kFileFormat, "section '" + std::string(name) + "' is not sound: " + why);
}

SectionWriter::SectionWriter(Sink& sink) : sink_(sink) {
    const Header blank{};
    sink_.write(&blank, sizeof blank);
    position_ = sizeof blank;
}

void SectionWriter::begin(std::string_view name) {
    pad();
    sections_.push_back({std::string(name), position_, 0, 0});
}

void SectionWriter::write(const void* bytes, std::size_t size) {
    Section& section = sections_.back();
    section.crc = crc32(section.crc, bytes, size);
    section.length += size;
    sink_.write(bytes, size);
    position_ += size;
}

void SectionWriter::end() { pad(); }

void SectionWriter::write_section(std::string_view name, const void* bytes, std::size_t size) {
    begin(name);
    write(bytes, size);
    end();
}

void SectionWriter::write_rows(std::string_view name, const PagedRows& rows, std::size_t count) {
    begin(name);
    for (std::size_t row = 0; row < count;) {
        const std::size_t run = std::min(rows.run(row), count - row);
        write(rows.row(row), run * rows.stride());
        row += run;
    }
    end();
}

void SectionWriter::pad() {
    static constexpr std::byte kZeros[kAlignment]{};
    const std::uint64_t wanted = aligned(position_);
    sink_.write(kZeros, static_cast<std::size_t>(wanted - position_));
    position_ = wanted;
}

FileIdentity SectionWriter::finish() {
    pad();
    std::vector<Entry> table;
    for (const Section& section : sections_) {
        Entry entry{};
        std::memcpy(entry.name, section.name.data(), std::min(section.name.size(), kNameBytes - 1));
        entry.offset = section.offset;
        entry.length = section.length;
        entry.crc = section.crc;
        table.push_back(entry);
    }
    const std::size_t table_bytes = table.size() * sizeof(Entry);
    Header header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.major = kFormatMajor;
    header.minor = kFormatMinor;
    header.table_offset = position_;
    header.section_count = static_cast<std::uint32_t>(table.size());
    header.table_crc = crc32(0, table.data(), table_bytes);
    header.file_length = position_ + table_bytes;
    header.header_crc = crc32(0, &header, offsetof(Header, header_crc));
    sink_.write(table.data(), table_bytes);
    sink_.write_at(0, &header, sizeof header);
    return {header.file_length, header.table_crc, header.header_crc};
}

bool begins_as_ours(std::span<const std::byte> bytes) noexcept {
    return bytes.size() >= sizeof kMagic && std::memcmp(bytes.data(), kMagic, sizeof kMagic) == 0;
}

SectionReader::SectionReader(std::span<std::byte> bytes, std::shared_ptr<void> owner)
    : bytes_(bytes), owner_(std::move(owner)) {
    Header header{};
    if (bytes_.size() < sizeof header) {
        refuse("it has " + std::to_string(bytes_.size()) + " bytes, the header alone has " +
               std::to_string(sizeof header));
    }
    std::memcpy(&header, bytes_.data(), sizeof header);
    if (!begins_as_ours(bytes_)) refuse("it does not begin as lanner files do");
    if (crc32(0, &header, offsetof(Header, header_crc)) != header.header_crc)
        refuse("section 'header' fails its checksum");
    if (header.major != kFormatMajor) {
        refuse("it has format version " + std::to_string(header.major) + "." + std::to_string(header.minor) +
               ", this library reads version " + std::to_string(kFormatMajor));
    }
    minor_ = header.minor;
    identity_ = {header.file_length, header.table_crc, header.header_crc};
    if (header.file_length != bytes_.size()) {
        refuse("it has " + std::to_string(bytes_.size()) + " bytes where its header promises " +
               std::to_string(header.file_length) + "; was it truncated?");
    }
    const std::uint64_t table_bytes = std::uint64_t{header.section_count} * sizeof(Entry);
    if (header.section_count > kMaxSections || header.table_offset > bytes_.size() ||
        table_bytes != bytes_.size() - header.table_offset || !all_zero(std::as_bytes(std::span(header.zero)))) {
        refuse("section 'header' is not sound: the table of contents does not fit");
    }
    const std::byte* const table = bytes_.data() + header.table_offset;
    if (crc32(0, table, static_cast<std::size_t>(table_bytes)) != header.table_crc) {
        refuse("section 'table of contents' fails its checksum");
    }
    // Sections lie one behind another without a hole, so nothing can overlap or hide.
    std::uint64_t expected = sizeof(Header);
    for (std::uint32_t i = 0; i < header.section_count; ++i) {
        Entry entry{};
        std::memcpy(&entry, table + i * sizeof(Entry), sizeof entry);
        const auto* const name_end = static_cast<const char*>(std::memchr(entry.name, 0, kNameBytes));
        if (name_end == nullptr || name_end == entry.name || entry.zero != 0)
            refuse("section 'table of contents' is not sound");
        const std::string name(static_cast<const char*>(entry.name), name_end);
        if (entry.offset != expected || entry.length > header.table_offset - expected) {
            refuse_section(name, "it does not lie within the file");
        }
        if (find(name) != nullptr) refuse_section(name, "it stands twice");
        sections_.push_back({name, entry.offset, entry.length, entry.crc});
        expected = aligned(entry.offset + entry.length);
        if (expected > header.table_offset) refuse_section(name, "it does not lie within the file");
    }
    if (expected != header.table_offset) refuse("section 'table of contents' is not where the sections end");
}

const Section* SectionReader::find(std::string_view name) const noexcept {
    for (const Section& section : sections_) {
        if (section.name == name) return &section;
    }
    return nullptr;
}

bool SectionReader::has(std::string_view name) const noexcept { return find(name) != nullptr; }

std::span<std::byte> SectionReader::section(std::string_view name) const {
    const Section* const found = find(name);
    if (found == nullptr) refuse_section(name, "it is missing");
    return bytes_.subspan(static_cast<std::size_t>(found->offset), static_cast<std::size_t>(found->length));
}

std::span<std::byte> SectionReader::section(std::string_view name, std::uint64_t length) const {
    const std::span<std::byte> bytes = section(name);
    if (bytes.size() != length) {
        refuse_section(name,
                       "it has " + std::to_string(bytes.size()) + " bytes, " + std::to_string(length) + " are needed");
    }
    return bytes;
}

void SectionReader::read_rows(std::string_view name, std::size_t count, PagedRows& rows) const {
    rows.adopt(section(name, std::uint64_t{count} * rows.stride()).data(), count, owner_);
}

void SectionReader::verify(std::string_view name) const {
    const std::span<std::byte> bytes = section(name);
    if (crc32(0, bytes.data(), bytes.size()) != find(name)->crc) refuse_section(name, "it fails its checksum");
}

void SectionReader::verify_all() const {
    for (const Section& section : sections_) {
        verify(section.name);
        const std::uint64_t end = section.offset + section.length;
        const auto gap = bytes_.subspan(static_cast<std::size_t>(end), static_cast<std::size_t>(aligned(end) - end));
        if (!all_zero(gap)) refuse_section(section.name, "the bytes that pad it are not zero");
    }
}

}  // namespace lanner
