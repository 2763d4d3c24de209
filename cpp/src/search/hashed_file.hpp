// What a file of hashing holds.
// Threads: making one uses those of `work`; then as what it holds.
#pragma once

#include <memory>

#include "attributes/row_attributes.hpp"
#include "hashing/multi_view.hpp"
#include "search/hamming_codes.hpp"
#include "search/lsh_index.hpp"

namespace lanner {

// One of the four, and with codes and tables the attributes of their rows.
struct HashedFile {
    // Checks every checksum first. Throws Error(kFileFormat).
    HashedFile(const SectionReader& reader, const Work& work);

    std::unique_ptr<HammingCodes> codes;
    std::unique_ptr<LshIndex> tables;
    std::unique_ptr<MultiView> views;
    std::shared_ptr<HashFamily> family;
    std::unique_ptr<RowAttributes> attributes;
};

}  // namespace lanner
