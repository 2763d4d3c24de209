#include "search/hashed_file.hpp"

#include "hashing/load_hash.hpp"

namespace lanner {

HashedFile::HashedFile(const SectionReader& reader, const Work& work) {
    reader.verify_all();
    codes = HammingCodes::load(reader, work);
    if (!codes) tables = LshIndex::load(reader);
    if (!codes && !tables) views = MultiView::load(reader);
    if (codes || tables) {
        attributes = std::make_unique<RowAttributes>(codes ? codes->count() : tables->count());
        attributes->load(reader);
    } else if (!views) {
        family = load_hash(reader);
    }
}

}  // namespace lanner
