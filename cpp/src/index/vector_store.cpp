#include "index/vector_store.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/thread_pool.hpp"
#include "codecs/features.hpp"
#include "codecs/quantized_codec.hpp"
#include "codecs/scalar_codec.hpp"
#include "search/code_recall.hpp"

namespace lanner {
namespace {

// Rows that a mean is taken of.
constexpr std::size_t kMostToFit = 65536;
// Keeps the rotation apart from the levels of the graph, which are drawn from the same seed.
constexpr std::uint64_t kRotationStream = 0x726f746174696f6eULL;

std::unique_ptr<CodedRows> made_codes(const IndexOptions& options, const KernelTable& kernels) {
    using Kind = QuantizedShape::Kind;
    const std::uint64_t seed = options.seed ^ kRotationStream;
    const auto scalar = [&](CodeBits bits) {
        return std::make_unique<ScalarCodec>(bits, options.metric, options.dim, seed, kernels);
    };
    const auto quantized = [&](Kind kind) {
        return std::make_unique<QuantizedCodec>(QuantizedShape{kind, options.codec_parts, options.codec_bits},
                                                options.metric, options.dim, seed, kernels);
    };
    switch (options.codec) {
        case CodecKind::kSQ8:
            return scalar(CodeBits::k8);
        case CodecKind::kSQ4:
            return scalar(CodeBits::k4);
        case CodecKind::kPQ:
            return quantized(Kind::kProduct);
        case CodecKind::kOPQ:
            return quantized(Kind::kRotatedProduct);
        case CodecKind::kBinary:
            return quantized(Kind::kBinary);
        default:
            return nullptr;
    }
}

ElementType kept_type(const IndexOptions& options) noexcept {
    return options.keep == Keep::kFloat16 ? ElementType::kFloat16 : options.type;
}

}  // namespace

VectorStore::VectorStore(const IndexOptions& options, const KernelTable& kernels)
    : options_(options),
      kernels_(kernels),
      keeps_(options.keep != Keep::kNothing),
      plain_(kept_type(options), options.metric, options.dim, kernels),
      codes_(made_codes(options, kernels)) {}

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
    if (copied_ != nullptr) {
        codes_->copy(slot, *copied_, copied_slots_[row]);
        return;
    }
    std::vector<float> features(options_.dim);
    if (keeps_) {
        features_of(slot, features.data());
    } else {
        features_of(vectors, row, features.data());
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

void VectorStore::features_of(const Vectors& vectors, std::size_t row, float* out) const {
    const std::size_t stride = lanner::row_bytes(vectors.type, options_.dim);
    widen_row(static_cast<const std::byte*>(vectors.data) + row * stride, vectors.type, options_.dim, kernels_, out);
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

void VectorStore::fetch_sample(std::span<const Slot> live, const Vectors& more, std::size_t i, std::size_t sample,
                               float* out) const {
    const std::size_t at = i * (live.size() + more.count) / sample;
    if (at < live.size()) {
        features_of(live[at], out);
        return;
    }
    features_of(more, at - live.size(), out);
}

float VectorStore::measured_recall(const CodedRows& codes, std::span<const Slot> live, const Vectors& more,
                                   const Work& work) const {
    constexpr std::size_t kRows = 8192;
    constexpr std::size_t kQueries = 128;
    const std::size_t count = std::min(live.size() + more.count, kRows);
    const std::size_t queries = std::min(count, kQueries);
    std::vector<float> rows(count * options_.dim);
    const std::unique_ptr<CodedRows> coded = codes.empty_copy();
    coded->take_fit(codes);
    coded->grow(count);
    PlainCodec exact(ElementType::kFloat32, options_.metric, options_.dim, kernels_);
    exact.grow(count);
    parallel_for(
        count, 16, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) {
                float* const row = rows.data() + i * options_.dim;
                fetch_sample(live, more, i, count, row);
                coded->store(static_cast<Slot>(i), row);
                exact.store(static_cast<Slot>(i), {row, 1, ElementType::kFloat32}, 0);
            }
        },
        work.poll);
    std::vector<float> asked(queries * options_.dim);
    std::vector<Slot> slots(queries);
    for (std::size_t i = 0; i < queries; ++i) {
        slots[i] = static_cast<Slot>(i * count / queries);
        std::copy_n(rows.data() + slots[i] * options_.dim, options_.dim, asked.data() + i * options_.dim);
    }
    PreparedQueries prepared;
    exact.prepare({asked.data(), queries, ElementType::kFloat32}, prepared.exact);
    coded->prepare({asked.data(), queries, ElementType::kFloat32}, prepared.codes);
    return code_recall({exact, prepared.exact}, {*coded, prepared.codes}, slots, count, work);
}

std::unique_ptr<CodedRows> VectorStore::fitted(std::span<const Slot> live, const Vectors& more, std::size_t slots,
                                               const Work& work) const {
    const std::size_t dim = options_.dim;
    const std::size_t total = live.size() + more.count;
    const std::size_t sample = std::min(total, kMostToFit);
    std::vector<double> sums(dim, 0.0);
    std::vector<float> features(dim);
    for (std::size_t i = 0; i < sample; ++i) {
        fetch_sample(live, more, i, sample, features.data());
        codes_->to_space(features.data());
        for (std::size_t j = 0; j < dim; ++j) sums[j] += static_cast<double>(features[j]);
    }
    std::vector<float> mean(dim);
    for (std::size_t j = 0; j < dim; ++j) mean[j] = static_cast<float>(sums[j] / static_cast<double>(sample));
    std::unique_ptr<CodedRows> fresh = codes_->empty_copy();
    fresh->set_mean(std::move(mean));
    if (const std::size_t learnt = std::min(total, fresh->fit_needs().learnt); learnt > 0) {
        std::vector<float> rows(learnt * dim);
        for (std::size_t i = 0; i < learnt; ++i) {
            fetch_sample(live, more, i, learnt, rows.data() + i * dim);
            fresh->place(rows.data() + i * dim);
        }
        fresh->learn(rows.data(), learnt, work);
    }
    fresh->grow(slots);
    parallel_for(
        live.size(), 64, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> row(dim);
            for (std::size_t i = begin; i < end; ++i) {
                features_of(live[i], row.data());
                fresh->store(live[i], row.data());
            }
        },
        work.poll);
    return fresh;
}

std::unique_ptr<CodedRows> VectorStore::fine_codes() const {
    IndexOptions fine = options_;
    fine.codec = CodecKind::kSQ8;
    std::unique_ptr<CodedRows> codes = made_codes(fine, kernels_);
    codes->set_mean(codes_->mean());
    return codes;
}

void VectorStore::swap_codes(CodedRows& codes) noexcept {
    codes_->swap(codes);
    ++fits_;
}

void VectorStore::take_fit(const VectorStore& other) {
    codes_->take_fit(*other.codes_);
    recall_ = other.recall_;
}

void VectorStore::begin_copy(const VectorStore& other, std::span<const Slot> slots) {
    take_fit(other);
    copied_ = other.codes_.get();
    copied_slots_ = slots;
}

void VectorStore::end_copy() noexcept {
    copied_ = nullptr;
    copied_slots_ = {};
}

void VectorStore::swap(VectorStore& other) noexcept {
    plain_.swap_rows(other.plain_);
    if (codes_) codes_->swap(*other.codes_);
    std::swap(recall_, other.recall_);
    fits_ = other.fits_ = std::max(fits_, other.fits_) + 1;
}

std::size_t VectorStore::bytes_a_row() const noexcept {
    return (keeps_ ? plain_.bytes_a_row() : 0) + (codes_ ? codes_->bytes_a_row() : 0);
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
