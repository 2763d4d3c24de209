// Which quantizer a file holds.
#pragma once

#include <memory>

#include "codecs/quantizer.hpp"

namespace lanner {

// Checks every checksum first. Throws Error(kFileFormat).
std::shared_ptr<Quantizer> load_quantizer(const SectionReader& reader);

}  // namespace lanner
