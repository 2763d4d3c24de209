// Files that hold no index: those of hashing and of quantizers.
// Threads: any number.
#pragma once

#include <cstdint>

#include "lanner/index.hpp"
#include "storage/sections.hpp"

namespace lanner {

// With `whole`, reads everything and checks every checksum and what follows from the contents. Throws Error(kFileFormat),
// also where the file holds nothing that is known.
FileInfo other_file_info(const SectionReader& reader, std::uint64_t bytes, bool whole);

// The version, the size in bytes and the sections, of whatever a file holds.
FileInfo layout_of(const SectionReader& reader, std::uint64_t bytes);

}  // namespace lanner
