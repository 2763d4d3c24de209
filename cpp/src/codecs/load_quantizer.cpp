#include "codecs/load_quantizer.hpp"

#include "codecs/binary_quantizer.hpp"
#include "codecs/product_quantizer.hpp"
#include "codecs/reduction.hpp"
#include "lanner/error.hpp"

namespace lanner {

std::shared_ptr<Quantizer> load_quantizer(const SectionReader& reader) {
    // That of an index, if it has one, is for rows less their mean.
    if (reader.has("config")) throw Error(ErrorKind::kFileFormat, "the file holds no quantizer: it is an index");
    reader.verify_all();
    std::shared_ptr<Quantizer> found;
    if (reader.has("pq.config")) found = ProductQuantizer::load(reader);
    if (reader.has("binary.config")) {
        if (found) refuse_section("binary.config", "the file holds another code as well");
        found = BinaryQuantizer::load(reader);
    }
    if (reader.has("reduce.config")) found = Reduction::load(reader, std::move(found));
    if (!found) throw Error(ErrorKind::kFileFormat, "the file holds no quantizer");
    return found;
}

}  // namespace lanner
