// Which hash a file holds.
#pragma once

#include <memory>

#include "hashing/hash_family.hpp"

namespace lanner {

// Checks every checksum first. Throws Error(kFileFormat).
std::shared_ptr<HashFamily> load_hash(const SectionReader& reader);

}  // namespace lanner
