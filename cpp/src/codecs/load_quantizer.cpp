#include "codecs/load_quantizer.hpp"

#include "codecs/product_quantizer.hpp"
#include "lanner/error.hpp"

namespace lanner {

std::unique_ptr<Quantizer> load_quantizer(const SectionReader& reader) {
    reader.verify_all();
    if (reader.has("pq.config")) return ProductQuantizer::load(reader);
    throw Error(ErrorKind::kFileFormat,
                "the file holds no quantizer" + std::string(reader.has("config") ? ": it is an index" : ""));
}

}  // namespace lanner
