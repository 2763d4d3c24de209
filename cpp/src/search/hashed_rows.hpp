// Hash, then look again: codes of vectors choose candidates, the vectors themselves order them.
// Threads: constant once made; searches run beside one another and spread over threads themselves.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "hashing/hash_family.hpp"
#include "search/code_scan.hpp"
#include "search/hamming_codes.hpp"

namespace lanner {

class HashedRows {
  public:
    // Copies `count` rows of a family of vectors or of bits, and encodes them. Throws Error(kInvalidArgument) for rows that
    // the metric refuses.
    HashedRows(std::shared_ptr<const HashFamily> family, const void* rows, std::size_t count, Metric metric,
               const Work& work);

    const HashFamily& family() const noexcept { return *family_; }
    const HammingCodes& codes() const noexcept { return *codes_; }
    std::size_t count() const noexcept { return codes_->count(); }
    std::size_t bytes() const noexcept;

    // Of the `candidates` rows of each query whose codes are nearest (at least k), the k nearest under the metric, nearest
    // first, ties by place; of the rows that a query may find. Asymmetric: by the query's values instead of its bits; the family must have some.
    std::vector<std::vector<Candidate>> nearest(const void* queries, std::size_t query_count, std::size_t k,
                                                std::size_t candidates, bool asymmetric, const Work& work,
                                                const RowSets& among = {}) const;

  private:
    HashRows as_hash_rows(const void* rows, std::size_t count) const noexcept;

    std::shared_ptr<const HashFamily> family_;
    ElementType type_;
    PageMemory rows_;
    std::unique_ptr<PlainCodec> vectors_;
    std::unique_ptr<HammingCodes> codes_;
    std::unique_ptr<PackedCodes> packed_;  // where the family has values
};

}  // namespace lanner
