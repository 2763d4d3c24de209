#include "index/scan_aids.hpp"

#include <cstring>
#include <string>

#include "base/thread_pool.hpp"
#include "codecs/features.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

// Keeps these rotations apart from the others of the same seed.
constexpr std::uint64_t kSketchStream = 0x736b657463686573ULL;
constexpr std::size_t kRowsAtOnce = 256;

const std::byte* row_of(const Vectors& vectors, std::size_t row, std::size_t dim) noexcept {
    return static_cast<const std::byte*>(vectors.data) + row * lanner::row_bytes(vectors.type, dim);
}

}  // namespace

bool ScanAids::serve(const IndexOptions& options) noexcept {
    return options.graph && options.type != ElementType::kBits;
}

ScanAids::ScanAids(const IndexOptions& options)
    : options_(options),
      kernels_(active_kernels()),
      space_(options.metric, options.dim),
      sketches_(options.metric, options.dim, options.seed ^ kSketchStream, kernels_),
      cells_(options.metric, options.dim, options.seed, kernels_) {}

void ScanAids::fit(const VectorStore& store, std::span<const Slot> live, const Vectors& more, std::size_t slots,
                   std::size_t threads, const std::function<void()>& poll) {
    const std::size_t dim = options_.dim;
    const std::size_t total = live.size() + more.count;
    const std::size_t count = Cells::sample_size(total);
    std::vector<float> sample(count * dim);
    std::vector<double> sums(dim, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
        float* const image = sample.data() + i * dim;
        const std::size_t at = i * total / count;
        if (at < live.size()) {
            store.features_of(live[at], image);
        } else {
            widen_row(row_of(more, at - live.size(), dim), more.type, dim, kernels_, image);
        }
        space_.take_apart(image);
        for (std::size_t j = 0; j < dim; ++j) sums[j] += static_cast<double>(image[j]);
    }
    std::vector<float> mean(dim);
    for (std::size_t j = 0; j < dim; ++j) mean[j] = static_cast<float>(sums[j] / static_cast<double>(count));
    sketches_.set_mean(std::move(mean));
    cells_.fit({sample.data(), dim, count, dim}, total, threads, poll);
    rows_ = total;
    grow(slots);
    std::vector<Cell> cells(live.size());
    parallel_for(
        live.size(), kRowsAtOnce, threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> features(dim);
            for (std::size_t i = begin; i < end; ++i) {
                store.features_of(live[i], features.data());
                sketches_.store(live[i], features.data());
                space_.take_apart(features.data());
                cells[i] = cells_.nearest(features.data());
            }
        },
        poll);
    for (std::size_t i = 0; i < live.size(); ++i) cells_.put(live[i], cells[i]);
}

std::vector<Cell> ScanAids::cells_of(const Vectors& vectors, std::size_t threads,
                                     const std::function<void()>& poll) const {
    std::vector<Cell> cells(vectors.count);
    parallel_for(
        vectors.count, kRowsAtOnce, threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> image(options_.dim);
            for (std::size_t i = begin; i < end; ++i) {
                widen_row(row_of(vectors, i, options_.dim), vectors.type, options_.dim, kernels_, image.data());
                space_.take_apart(image.data());
                cells[i] = cells_.nearest(image.data());
            }
        },
        poll);
    return cells;
}

void ScanAids::grow(std::size_t slots) {
    sketches_.grow(slots);
    cells_.resize(slots);
}

void ScanAids::store(Slot slot, const VectorStore& store) {
    std::vector<float> features(options_.dim);
    store.features_of(slot, features.data());
    sketches_.store(slot, features.data());
}

void ScanAids::save(SectionWriter& writer, std::size_t slots) const {
    writer.write_section("cells.rows", &rows_, sizeof rows_);
    cells_.save(writer, slots);
    sketches_.save(writer, slots);
}

void ScanAids::load(const SectionReader& reader, std::size_t slots) {
    reader.verify("cells.rows");
    std::memcpy(&rows_, reader.section("cells.rows", sizeof rows_).data(), sizeof rows_);
    if (rows_ < kLeastRows || rows_ > 2 * std::uint64_t{kMaxSlots})
        refuse_section("cells.rows", "its number of rows is out of range");
    cells_.load(reader, slots);
    sketches_.load(reader, slots, true);
}

void ScanAids::check_slot(Slot slot, const VectorStore& store) const {
    std::vector<float> features(options_.dim);
    store.features_of(slot, features.data());
    if (!sketches_.sound(slot) || !sketches_.is_sketch_of(slot, features.data()))
        refuse_section("sketches", "slot " + std::to_string(slot) + " is not the sketch of its vector");
}

}  // namespace lanner
