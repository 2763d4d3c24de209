#include "hashing/load_hash.hpp"

#include <string>

#include "hashing/bit_sampling.hpp"
#include "hashing/cross_polytope.hpp"
#include "hashing/linear_hash.hpp"
#include "hashing/set_hashes.hpp"
#include "hashing/spectral_hash.hpp"
#include "hashing/stable_hash.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

template <typename Family>
void look_for(const SectionReader& reader, std::shared_ptr<HashFamily>& found) {
    std::shared_ptr<HashFamily> made = Family::load(reader);
    if (!made) return;
    if (found) throw Error(ErrorKind::kFileFormat, "the file holds more than one hash");
    found = std::move(made);
}

}  // namespace

std::shared_ptr<HashFamily> load_hash(const SectionReader& reader) {
    reader.verify_all();
    std::shared_ptr<HashFamily> found;
    look_for<LinearHash>(reader, found);
    look_for<SpectralHash>(reader, found);
    look_for<CrossPolytope>(reader, found);
    look_for<StableHash>(reader, found);
    look_for<BitSampling>(reader, found);
    look_for<MinHash>(reader, found);
    look_for<SimHash>(reader, found);
    if (!found) {
        throw Error(ErrorKind::kFileFormat,
                    std::string("the file holds no hash") + (reader.has("config") ? ": it is an index" : ""));
    }
    return found;
}

}  // namespace lanner
