#include "index/build_rows.hpp"

#include <vector>

#include "base/thread_pool.hpp"

namespace lanner {

bool BuildRows::serve(const IndexOptions& options, const VectorStore& store, std::size_t rows,
                      std::size_t slots) noexcept {
    return store.is_codes_alone() && options.codec != CodecKind::kSQ8 && rows >= slots - rows;
}

BuildRows::BuildRows(const VectorStore& store, std::span<const Slot> live, const Vectors& vectors,
                     std::span<const Slot> fresh, std::size_t slots, const Work& work)
    : kept_(store.finest()), rows_(store.fine_codes()) {
    rows_->grow(slots);
    parallel_for(
        live.size() + vectors.count, 64, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> features(store.dim());
            for (std::size_t i = begin; i < end; ++i) {
                if (i < live.size()) {
                    store.features_of(live[i], features.data());
                    rows_->store(live[i], features.data());
                } else {
                    store.features_of(vectors, i - live.size(), features.data());
                    rows_->store(fresh[i - live.size()], features.data());
                }
            }
        },
        work.poll);
}

}  // namespace lanner
