#include "index/other_files.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "codecs/load_quantizer.hpp"
#include "lanner/error.hpp"
#include "search/hashed_file.hpp"

namespace lanner {
namespace {

struct Mark {
    const char* section;
    FileKind kind;
};

// The first that a file has says what it is: tables of hashes have the sections of their hash too.
constexpr Mark kMarks[] = {
    {"bits.config", FileKind::kCodes},          {"lsh.config", FileKind::kHashTables},
    {"views.config", FileKind::kViews},         {"pq.config", FileKind::kQuantizer},
    {"binary.config", FileKind::kQuantizer},    {"reduce.config", FileKind::kQuantizer},
    {"planes.config", FileKind::kHash},         {"spectral.config", FileKind::kHash},
    {"cross_polytope.config", FileKind::kHash}, {"bit_sampling.config", FileKind::kHash},
    {"minhash.config", FileKind::kHash},        {"simhash.config", FileKind::kHash},
    {"e2lsh.config", FileKind::kHash},
};

}  // namespace

FileInfo layout_of(const SectionReader& reader, std::uint64_t bytes) {
    FileInfo info;
    info.version = std::to_string(kFormatMajor) + "." + std::to_string(reader.minor_version());
    info.bytes = bytes;
    for (const Section& section : reader.sections())
        info.sections.push_back({section.name, section.offset, section.length, section.crc});
    return info;
}

FileInfo other_file_info(const SectionReader& reader, std::uint64_t bytes, bool whole) {
    const auto* const mark =
        std::find_if(std::begin(kMarks), std::end(kMarks), [&](const Mark& each) { return reader.has(each.section); });
    if (mark == std::end(kMarks)) {
        throw Error(
            ErrorKind::kFileFormat,
            "the file holds no index, hash, codes, tables of hashes, views or quantizer that this version knows");
    }
    FileInfo info = layout_of(reader, bytes);
    info.kind = mark->kind;
    if (info.kind == FileKind::kCodes || info.kind == FileKind::kHashTables) {
        // Their configurations begin with the number of rows.
        reader.verify(mark->section);
        const std::span<std::byte> config = reader.section(mark->section);
        std::uint64_t rows = 0;
        if (config.size() < sizeof rows) refuse_section(mark->section, "it is too short");
        std::memcpy(&rows, config.data(), sizeof rows);
        info.size = static_cast<std::size_t>(rows);
    }
    if (!whole) return info;
    if (info.kind == FileKind::kQuantizer) {
        load_quantizer(reader);
    } else {
        HashedFile(reader, {default_threads(), nullptr});
    }
    return info;
}

}  // namespace lanner
