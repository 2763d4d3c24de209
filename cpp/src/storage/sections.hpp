// A file of named sections: header, sections, table of contents; see cpp/FORMAT.md. This floor knows names, lengths and
// checksums, and nothing of what a section means.
// Threads: a writer serves one thread; a reader may be read by any number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/paged_rows.hpp"
#include "storage/sink.hpp"

namespace lanner {

struct Section {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint32_t crc = 0;
};

// Tells a file from others: its table of contents holds the checksums of all that is in it.
struct FileIdentity {
    std::uint64_t length = 0;
    std::uint32_t table_crc = 0;
    std::uint32_t header_crc = 0;
    bool operator==(const FileIdentity&) const = default;
};

inline constexpr std::uint32_t kFormatMajor = 1;
inline constexpr std::uint32_t kFormatMinor = 0;

class SectionWriter {
  public:
    explicit SectionWriter(Sink& sink);

    void begin(std::string_view name);
    void write(const void* bytes, std::size_t size);
    void end();
    // One whole section.
    void write_section(std::string_view name, const void* bytes, std::size_t size);
    void write_rows(std::string_view name, const PagedRows& rows, std::size_t count);
    // The table of contents and the header; nothing may follow.
    FileIdentity finish();

  private:
    void pad();

    Sink& sink_;
    std::uint64_t position_ = 0;
    std::vector<Section> sections_;
};

// Whether this is one of our files, sound or damaged.
bool begins_as_ours(std::span<const std::byte> bytes) noexcept;

class SectionReader {
  public:
    // Checks the header, the table of contents and every section's place. Throws Error(kFileFormat).
    SectionReader(std::span<std::byte> bytes, std::shared_ptr<void> owner);

    bool has(std::string_view name) const noexcept;
    // Throws Error(kFileFormat) when there is none of that name.
    std::span<std::byte> section(std::string_view name) const;
    // The same, when it must have this length.
    std::span<std::byte> section(std::string_view name, std::uint64_t length) const;
    // Lets `rows` use the section's bytes as its first `count` rows.
    void read_rows(std::string_view name, std::size_t count, PagedRows& rows) const;
    const std::shared_ptr<void>& owner() const noexcept { return owner_; }
    const std::vector<Section>& sections() const noexcept { return sections_; }
    std::uint32_t minor_version() const noexcept { return minor_; }
    const FileIdentity& identity() const noexcept { return identity_; }

    // Reads every byte: the checksum of one section, of all of them, and that the gaps between are zero.
    void verify(std::string_view name) const;
    void verify_all() const;

  private:
    const Section* find(std::string_view name) const noexcept;

    std::span<std::byte> bytes_;
    std::shared_ptr<void> owner_;
    std::vector<Section> sections_;
    std::uint32_t minor_ = 0;
    FileIdentity identity_;
};

[[noreturn]] void refuse_section(std::string_view name, const std::string& why);

}  // namespace lanner
