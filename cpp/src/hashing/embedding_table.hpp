// One memory of numbers for the embeddings of many categorical features: an embedding is made of slices of it, whose places
// are hashes of the feature and the value. The memory is the caller's, who trains it: gather() reads, scatter_add() adds up
// gradients.
//   kMultiplex: `lookups` rows of `dim`, one behind another (concat) or added up, by seeds of each feature's own (Coleman et
//     al.: Unified Embedding: Battle-Tested Feature Representations for Web-Scale ML Systems, NeurIPS 2023, section 4). With
//     one feature and two rows added up it is double hashing (Zhang et al., RecSys 2020).
//   kQuotientRemainder: the row of v / rows_of_remainder beside, or plus, that of v % rows_of_remainder, each of a part of
//     the memory (Shi et al.: Compositional Embeddings Using Complementary Partitions, KDD 2020): no two values below
//     quotients * remainders share both.
//   kBlocks: `dim` numbers in blocks of `block`, each at a place of its own in a memory that wraps around (Desai, Chou,
//     Shrivastava: Random Offset Block Embedding, MLSys 2022).
// Threads: constant once made; gather() spreads over threads, scatter_add() runs on the one that calls. Nothing guards the
// memory: calls that run beside a scatter_add() on the same memory race with it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/matrix.hpp"

namespace lanner {

enum class EmbeddingKind : std::uint8_t { kMultiplex, kQuotientRemainder, kBlocks };

struct EmbeddingShape {
    EmbeddingKind kind = EmbeddingKind::kMultiplex;
    std::size_t features = 1;
    std::size_t rows = 1;  // kMultiplex, kQuotientRemainder: rows of dim; kBlocks: numbers
    std::size_t dim = 1;
    std::size_t lookups = 1;  // kMultiplex; 2 under kQuotientRemainder
    std::size_t block = 1;    // kBlocks: divides dim
    bool concat = true;       // not under kBlocks
    std::size_t remainders =
        1;  // kQuotientRemainder: the first rows are for quotients, the last so many for remainders
    std::uint64_t seed = 0;
};

class EmbeddingTable {
  public:
    explicit EmbeddingTable(const EmbeddingShape& shape) : shape_(shape) {}

    const EmbeddingShape& shape() const noexcept { return shape_; }
    // Numbers in the memory, and of one embedding.
    std::size_t numbers() const noexcept;
    std::size_t width() const noexcept;
    // Slices of an embedding, and numbers of a slice.
    std::size_t slices() const noexcept;
    std::size_t slice_size() const noexcept;

    // Where slice `at` of a value begins; slices of kBlocks wrap around at the end of the memory.
    std::size_t place(std::size_t feature, std::int64_t value, std::size_t at) const noexcept;

    // `values` holds `count` rows of a value a feature; embeddings lie one behind another in the same order.
    void gather(const float* memory, const std::int64_t* values, std::size_t count, float* out, const Work& work) const;
    void scatter_add(float* memory, const std::int64_t* values, std::size_t count, const float* gradients) const;

  private:
    EmbeddingShape shape_;
};

}  // namespace lanner
