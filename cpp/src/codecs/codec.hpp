// How vectors are stored, and how distances to them are had. Graphs and scans see this interface and no more.
// Threads: const calls run beside one another; the others exclude every call. Rows that nobody can reach yet (their
// slots are in no graph and not live) may be stored beside readers, once grow() has made room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/slot.hpp"
#include "codecs/query_block.hpp"
#include "codecs/sieve.hpp"

namespace lanner {

// Distances from one thing, bound first, to stored rows. Holds scratch memory: one thread at a time.
class Scorer {
  public:
    virtual ~Scorer() = default;
    // User's distances from query `index` of a block that outlives the binding.
    virtual void bind_query(const QueryBlock& queries, std::size_t index) = 0;
    // Distances between stored rows, from this one: what graphs are built with.
    virtual void bind_slot(Slot slot) = 0;
    virtual void score(const Slot* slots, std::size_t count, float* out) = 0;
    // Brings the first part of a row nearer.
    virtual void prefetch(Slot slot) const noexcept = 0;
};

class Codec {
  public:
    virtual ~Codec() = default;
    virtual std::unique_ptr<Scorer> make_scorer() const = 0;
    // Where distances themselves are as quick, there is none.
    virtual const SieveShape* sieve_shape() const noexcept { return nullptr; }
    virtual std::unique_ptr<Sieve> make_sieve() const { return nullptr; }

    // Whether two slots hold the same vector, bit for bit, and a number that is equal where they do.
    virtual bool same(Slot left, Slot right) const noexcept = 0;
    virtual std::uint64_t fingerprint(Slot slot) const noexcept = 0;

    // Rows from this one on that can be scored as one block.
    virtual std::size_t run(Slot first) const noexcept = 0;
    // User's distances of queries [query_first, query_first + query_count) to `count` rows from `first` on, all in one
    // run: out[i * out_stride + j]. Bitwise those that a scorer gives.
    virtual void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                             std::size_t count, float* out, std::size_t out_stride) const = 0;
};

}  // namespace lanner
