// Which rows of many may be within a distance of which queries of many: a quicker question than what the distances are.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slot.hpp"
#include "codecs/query_block.hpp"

namespace lanner {

// A row that may be within the distance that was asked for.
struct Sifted {
    std::uint32_t query;  // of those bound
    Slot slot;
};

class Sieve {
  public:
    // Fewer queries are not worth it.
    static constexpr std::size_t kFewestQueries = 16;

    virtual ~Sieve() = default;
    // Queries of a block that outlives the binding.
    virtual void bind(const QueryBlock& queries, std::size_t first, std::size_t count) = 0;
    // Adds to `out`, in some order, at least those of `count` rows from `first` on, all in one run, whose distance as a
    // scorer gives it is at most bounds[query].
    virtual void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) = 0;
};

}  // namespace lanner
