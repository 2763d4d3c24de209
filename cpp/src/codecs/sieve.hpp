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

// How a sieve is best used.
struct SieveShape {
    std::size_t fewest_queries;  // fewer are not worth it
    std::size_t most_queries;    // more at once gain nothing
    std::size_t rows;            // looked at together
    // Where more than this part of all pairs gets through, or no bound is known, distances are as quick to have. 0: they never
    // are, as what it takes to score a query is made anew for each block of rows.
    std::size_t useful_share;
};

class Sieve {
  public:
    virtual ~Sieve() = default;
    // Queries of a block that outlives the binding.
    virtual void bind(const QueryBlock& queries, std::size_t first, std::size_t count) = 0;
    // Adds to `out`, in some order, at least those of `count` rows from `first` on, all in one run, whose distance as a
    // scorer gives it is at most bounds[query].
    virtual void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) = 0;
    // Distances from a bound query, as a scorer gives them.
    virtual void score(std::size_t query, const Slot* slots, std::size_t count, float* out) = 0;
};

}  // namespace lanner
