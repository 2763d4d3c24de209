#include "storage/replacing.hpp"

#include <optional>

#include "lanner/error.hpp"
#include "storage/journal_contents.hpp"
#include "storage/mapped_file.hpp"
#include "storage/system_file.hpp"

namespace lanner {
namespace {

// Nothing for a file that is none of ours: no journal continues it.
std::optional<FileIdentity> identity_of(const std::string& path) {
    const MappedFile file = map_file(path, false);
    if (!begins_as_ours(file.bytes)) return std::nullopt;
    return SectionReader(file.bytes, file.owner).identity();
}

// The lock of a file that has had a writer. Throws Error where one has it, and where its journal has, or may have, more.
std::unique_ptr<FileLock> kept_from_writers(const std::string& given) {
    std::unique_ptr<FileLock> lock;
    if (!sys::exists(given)) return lock;
    const std::string path = sys::resolve(given);
    if (sys::exists(path + ".lock")) lock = std::make_unique<FileLock>(path + ".lock", path);
    const std::string journal = path + ".journal";
    if (!sys::exists(journal)) return lock;
    std::size_t changes = 0;
    try {
        const std::optional<FileIdentity> identity = identity_of(path);
        if (!identity) return lock;
        const MappedFile written = map_file(journal, false);
        const JournalContents contents(journal, written.bytes);
        changes = contents.changes_behind(*identity, journal, written.bytes);
    } catch (const Error& error) {
        throw Error(ErrorKind::kStorage, given +
                                             " may have changes that are in its journal alone, and would be lost (" +
                                             error.what() + "); move " + journal + " away if they are not wanted");
    }
    if (changes > 0) {
        throw Error(ErrorKind::kStorage, given + " has changes that are in its journal alone, " +
                                             std::to_string(changes) +
                                             " of them, which would be lost: open it with durable=True and save that, "
                                             "or move " +
                                             journal + " away");
    }
    return lock;
}

}  // namespace

Replacement::Replacement(const std::string& path) : path_(path), lock_(kept_from_writers(path)), file_(path) {}

void Replacement::commit() {
    file_.sync();
    if (!lock_) lock_ = kept_from_writers(path_);
    file_.commit();
}

}  // namespace lanner
