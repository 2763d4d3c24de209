// Files of what hashing makes.
// Threads: with the GIL held.
#pragma once

#include <string>

#include "attributes/row_attributes.hpp"
#include "bindings/bind.hpp"
#include "storage/replacing.hpp"
#include "storage/sections.hpp"

namespace lanner::bindings {

// Writes what saves itself, and the attributes of its rows where there are some.
template <typename Saved>
void save_sections(const std::string& path, const Saved& saved, const RowAttributes* attributes) {
    const py::gil_scoped_release release;
    Replacement replacement(path);
    SectionWriter writer(replacement.file());
    saved.save(writer);
    if (attributes != nullptr) attributes->save(writer);
    writer.finish();
    replacement.commit();
}

}  // namespace lanner::bindings
