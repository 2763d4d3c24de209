#include "index/vector_store.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "codecs/features.hpp"

namespace lanner {
namespace {

// Rows that a mean is taken of, spread evenly over all.
constexpr std::size_t kMostToFit = 65536;
// Keeps the rotation apart from the levels of the graph, which are drawn from the same seed.
constexpr std::uint64_t kRotationStream = 0x726f746174696f6eULL;

ElementType kept_type(const IndexOptions& options) noexcept {
    return options.keep == Keep::kFloat16 ? ElementType::kFloat16 : options.type;
}

}  // namespace

VectorStore::VectorStore(const IndexOptions& options, const KernelTable& kernels)
    : options_(options),
      kernels_(kernels),
      keeps_(options.keep != Keep::kNothing),
      plain_(kept_type(options), options.metric, options.dim, kernels) {
    if (options.codec == CodecKind::kNone) return;
    codes_.emplace(options.codec == CodecKind::kSQ8 ? CodeBits::k8 : CodeBits::k4, options.metric, options.dim,
                   options.seed ^ kRotationStream, kernels);
}

void VectorStore::check_rows(const Vectors& vectors, std::string_view argument,
                             const std::function<void()>& poll) const {
    plain_.check_rows(vectors, argument, poll);
}

void VectorStore::check_queries(const Vectors& queries, std::string_view argument) const {
    plain_.check_queries(queries, argument);
}

void VectorStore::prepare(const Vectors& queries, PreparedQueries& prepared) const {
    if (keeps_) plain_.prepare(queries, prepared.exact);
    if (codes_) codes_->prepare(queries, prepared.codes);
    prepared.fit = fits_;
}

void VectorStore::grow(std::size_t rows) {
    if (keeps_) plain_.grow(rows);
    if (codes_) codes_->grow(rows);
}

void VectorStore::store(Slot slot, const Vectors& vectors, std::size_t row) {
    if (keeps_) plain_.store(slot, vectors, row);
    if (!codes_) return;
    std::vector<float> features(options_.dim);
    if (keeps_) {
        features_of(slot, features.data());
    } else {
        const std::size_t stride = lanner::row_bytes(vectors.type, options_.dim);
        widen_row(static_cast<const std::byte*>(vectors.data) + row * stride, vectors.type, options_.dim, kernels_,
                  features.data());
    }
    codes_->store(slot, features.data());
}

void VectorStore::erase(Slot slot) noexcept {
    if (keeps_) plain_.erase(slot);
    if (codes_) codes_->erase(slot);
}

void VectorStore::features_of(Slot slot, float* out) const {
    if (!keeps_) {
        codes_->decode(slot, out);
        return;
    }
    std::vector<std::byte> row(plain_.bytes_per_row());
    plain_.fetch(slot, row.data());
    widen_row(row.data(), plain_.type(), options_.dim, kernels_, out);
}

void VectorStore::fetch(Slot slot, void* out) const {
    if (keeps_ && plain_.type() == options_.type) {
        plain_.fetch(slot, out);
        return;
    }
    std::vector<float> features(options_.dim);
    features_of(slot, features.data());
    narrow_row(features.data(), options_.type, options_.dim, kernels_, out);
}

ScalarCodec VectorStore::fitted(std::span<const Slot> live, const Vectors& more, std::size_t slots) const {
    const std::size_t dim = options_.dim;
    const std::size_t total = live.size() + more.count;
    const std::size_t sample = std::min(total, kMostToFit);
    std::vector<double> sums(dim, 0.0);
    std::vector<float> features(dim);
    for (std::size_t i = 0; i < sample; ++i) {
        const std::size_t at = i * total / sample;
        if (at < live.size()) {
            features_of(live[at], features.data());
        } else {
            const std::size_t stride = lanner::row_bytes(more.type, dim);
            widen_row(static_cast<const std::byte*>(more.data) + (at - live.size()) * stride, more.type, dim, kernels_,
                      features.data());
        }
        codes_->to_space(features.data());
        for (std::size_t j = 0; j < dim; ++j) sums[j] += static_cast<double>(features[j]);
    }
    std::vector<float> mean(dim);
    for (std::size_t j = 0; j < dim; ++j) mean[j] = static_cast<float>(sums[j] / static_cast<double>(sample));
    ScalarCodec fresh = codes_->empty_copy();
    fresh.set_mean(std::move(mean));
    fresh.grow(slots);
    for (const Slot slot : live) {
        features_of(slot, features.data());
        fresh.store(slot, features.data());
    }
    return fresh;
}

void VectorStore::swap_codes(ScalarCodec& codes) noexcept {
    std::swap(*codes_, codes);
    ++fits_;
}

void VectorStore::take_mean(const VectorStore& other) {
    if (other.codes_->fitted()) codes_->set_mean(other.codes_->mean());
}

void VectorStore::swap(VectorStore& other) noexcept {
    plain_.swap_rows(other.plain_);
    std::swap(codes_, other.codes_);
    fits_ = other.fits_ = std::max(fits_, other.fits_) + 1;
}

std::size_t VectorStore::memory_bytes() const noexcept {
    return plain_.memory_bytes() + (codes_ ? codes_->memory_bytes() : 0);
}

void VectorStore::save(SectionWriter& writer, std::size_t rows) const {
    if (keeps_) plain_.save(writer, rows);
    if (codes_) codes_->save(writer, rows);
}

void VectorStore::load(const SectionReader& reader, std::size_t rows, bool fitted) {
    if (keeps_) plain_.load(reader, rows);
    if (codes_) codes_->load(reader, rows, fitted);
}

void VectorStore::check_slot(Slot slot) const {
    const std::string name = "slot " + std::to_string(slot);
    if (keeps_) {
        if (!plain_.measured(slot)) refuse_section("scales", name + " has another length or mean than its vector");
        std::vector<std::byte> row(plain_.bytes_per_row());
        plain_.fetch(slot, row.data());
        try {
            plain_.check_rows({row.data(), 1, plain_.type()}, "vectors");
        } catch (const Error& error) {
            refuse_section("vectors", name + ": " + error.what());
        }
    }
    if (!codes_) return;
    if (!codes_->sound(slot)) refuse_section("codes", name + " holds what is the code of no vector");
    if (!keeps_) return;
    std::vector<float> features(options_.dim);
    features_of(slot, features.data());
    if (!codes_->is_code_of(slot, features.data())) refuse_section("codes", name + " is not the code of its vector");
}

}  // namespace lanner
