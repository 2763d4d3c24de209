#include "search/hashed_rows.hpp"

#include <algorithm>
#include <cstring>

#include "base/thread_pool.hpp"
#include "hashing/signed_bits.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/rerank.hpp"

namespace lanner {
namespace {

constexpr std::size_t kGroup = 4;

}  // namespace

HashedRows::HashedRows(std::shared_ptr<const HashFamily> family, const void* rows, std::size_t count, Metric metric,
                       const Work& work)
    : family_(std::move(family)),
      type_(family_->input() == HashInput::kBits ? ElementType::kBits : ElementType::kFloat32) {
    if (family_->input() != HashInput::kVectors && family_->input() != HashInput::kBits)
        throw Error(ErrorKind::kWrongType, "only hashes of vectors can be followed by a metric");
    if (traits(metric).on_bits != (type_ == ElementType::kBits))
        throw Error(ErrorKind::kInvalidArgument,
                    "metric '" + std::string(traits(metric).name) + "' does not suit what the hash takes");
    PlainCodec checks(type_, metric, family_->dim(), active_kernels());
    checks.check_rows({rows, count, type_}, "vectors", work.poll);
    const std::size_t row_bytes = lanner::row_bytes(type_, family_->dim());
    rows_ = allocate_page(std::max<std::size_t>(count * row_bytes, 1));
    if (count > 0) std::memcpy(rows_.get(), rows, count * row_bytes);
    vectors_ = std::make_unique<PlainCodec>(type_, metric, family_->dim(), active_kernels(), rows_.get(), count);
    std::vector<std::uint8_t> codes(count * family_->code_bytes());
    family_->encode(as_hash_rows(rows_.get(), count), codes.data(), work);
    codes_ = std::make_unique<HammingCodes>(codes.data(), count, family_->code_bytes(), CodeSearch::kAuto, work);
    if (family_->has_values()) {
        packed_ = std::make_unique<PackedCodes>(std::make_shared<SignedBits>(family_->code_bytes()), codes.data(),
                                                count, Metric::kL2, work);
    }
}

std::size_t HashedRows::bytes() const noexcept {
    return count() * lanner::row_bytes(type_, family_->dim()) + codes_->bytes() + (packed_ ? packed_->bytes() : 0);
}

HashRows HashedRows::as_hash_rows(const void* rows, std::size_t count) const noexcept {
    HashRows made;
    made.count = count;
    if (type_ == ElementType::kBits) {
        made.bits = static_cast<const std::uint8_t*>(rows);
    } else {
        made.vectors = static_cast<const float*>(rows);
    }
    return made;
}

std::vector<std::vector<Candidate>> HashedRows::nearest(const void* queries, std::size_t query_count, std::size_t k,
                                                        std::size_t candidates, bool asymmetric, const Work& work,
                                                        const RowSets& among) const {
    if (asymmetric && !packed_)
        throw Error(ErrorKind::kWrongType, "a hash of kind " + std::string(family_->kind()) + " has no values");
    vectors_->check_queries({queries, query_count, type_}, "queries");
    const HashRows asked = as_hash_rows(queries, query_count);
    std::vector<std::vector<Candidate>> hits;
    if (asymmetric) {
        std::vector<float> values(query_count * family_->bits());
        family_->values(asked, values.data(), work);
        hits = packed_->nearest(values.data(), query_count, std::max(k, candidates), work, among);
    } else {
        std::vector<std::uint8_t> codes(query_count * family_->code_bytes());
        family_->encode(asked, codes.data(), work);
        hits = codes_->nearest(codes.data(), query_count, std::max(k, candidates), work, among);
    }
    QueryBlock block;
    vectors_->prepare({queries, query_count, type_}, block);
    parallel_for(
        query_count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            const std::unique_ptr<Scorer> scorer = vectors_->make_scorer();
            RerankScratch scratch;
            for (std::size_t i = begin; i < end; ++i) {
                scorer->bind_query(block, i);
                rerank(hits[i], hits[i].size(), *scorer, scratch);
                if (hits[i].size() > k) hits[i].resize(k);
            }
        },
        work.poll);
    return hits;
}

}  // namespace lanner
