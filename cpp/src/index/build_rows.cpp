#include "index/build_rows.hpp"

#include <vector>

#include "base/thread_pool.hpp"
#include "codecs/features.hpp"

namespace lanner {

bool BuildRows::serve(const IndexOptions& options, const VectorStore& store, std::size_t present,
                      std::size_t rows) noexcept {
    return options.codec != CodecKind::kSQ8 && !store.keeps_originals() && store.mean() != nullptr && rows >= present;
}

BuildRows::BuildRows(const IndexOptions& options, const VectorStore& store, std::span<const Slot> live,
                     const Vectors& vectors, std::span<const Slot> slots, std::size_t slot_count, const Work& work)
    : kept_(store.finest()), rows_(CodeBits::k8, options.metric, options.dim, options.seed, store.kernels()) {
    rows_.set_mean(*store.mean());
    rows_.grow(slot_count);
    const std::size_t stride = lanner::row_bytes(vectors.type, options.dim);
    const auto* const given = static_cast<const std::byte*>(vectors.data);
    parallel_for(
        live.size() + vectors.count, 64, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> features(options.dim);
            for (std::size_t i = begin; i < end; ++i) {
                if (i < live.size()) {
                    store.features_of(live[i], features.data());
                    rows_.store(live[i], features.data());
                    continue;
                }
                const std::size_t row = i - live.size();
                widen_row(given + row * stride, vectors.type, options.dim, store.kernels(), features.data());
                rows_.store(slots[row], features.data());
            }
        },
        work.poll);
}

}  // namespace lanner
