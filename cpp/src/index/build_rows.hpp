// What a bulk build measures by where codes alone are kept: 8-bit codes of the rows, the new ones made of the vectors that
// are still at hand. They are nearer the truth than estimates between rows of few bits, and quicker; the build over, they go.
// A compaction has no other vectors than what codes stand for, and its graph is as one that was built by codes.
// See Codec for threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "codecs/codec.hpp"
#include "index/vector_store.hpp"

namespace lanner {

class BuildRows final : public Codec {
  public:
    // Whether it is worth its memory, 8 bits a feature for each of `slots`, with so many new `rows` among them: half at least.
    static bool serve(const IndexOptions& options, const VectorStore& store, std::size_t rows,
                      std::size_t slots) noexcept;

    // Of the rows of the store in `live` slots, and `vectors` that were stored in slots `fresh`. The store outlives it.
    BuildRows(const VectorStore& store, std::span<const Slot> live, const Vectors& vectors, std::span<const Slot> fresh,
              std::size_t slots, const Work& work);

    std::unique_ptr<Scorer> make_scorer() const override { return rows_->make_scorer(); }
    // As the index will see them: rows that differ here may be alike in what is kept of them.
    bool same(Slot left, Slot right) const noexcept override { return kept_.same(left, right); }
    std::uint64_t fingerprint(Slot slot) const noexcept override { return kept_.fingerprint(slot); }
    std::size_t run(Slot first) const noexcept override { return rows_->run(first); }
    void score_block(const QueryBlock& queries, std::size_t query_first, std::size_t query_count, Slot first,
                     std::size_t count, float* out, std::size_t out_stride) const override {
        rows_->score_block(queries, query_first, query_count, first, count, out, out_stride);
    }

  private:
    const Codec& kept_;
    std::unique_ptr<CodedRows> rows_;
};

}  // namespace lanner
