// Multi-index hashing: codes are cut into m substrings, each with a table of its own; codes within a radius r of a query are
// within floor(r / m) of it in at least one substring, so a few look-ups find all of them (Norouzi, Punjani, Fleet: Fast
// Exact Search in Hamming Space with Multi-Index Hashing, PAMI 2014). Look-ups go step by step: step t looks at the codes
// whose substring t % m differs in exactly floor(t / m) bits. After steps 0 to r every code within r was seen (section 3.1).
// Threads: constant once made; a Walk is of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slot.hpp"
#include "codecs/matrix.hpp"
#include "kernels/kernel_table.hpp"

namespace lanner {

// Rows of codes, `stride` bytes apart; bytes after `bytes` are the same in all of them. The caller keeps them.
struct CodeRows {
    const std::uint8_t* first = nullptr;
    std::size_t count = 0;
    std::size_t bytes = 0;
    std::size_t stride = 0;

    const std::uint8_t* row(std::size_t place) const noexcept { return first + place * stride; }
};

class MultiIndex {
  public:
    // The number of tables that suits: substrings of about log2(count) bits, at most 24.
    static std::size_t tables_for(std::size_t count, std::size_t bits) noexcept;

    MultiIndex(const CodeRows& rows, std::size_t tables, const Work& work);

    std::size_t tables() const noexcept { return tables_.size(); }
    std::size_t bytes() const noexcept;
    // Look-ups that a step takes; infinity where they cannot be counted.
    double lookups(std::size_t step) const noexcept;

    // Asks for the places of the buckets of the first steps: to be called for several queries before their walks.
    void prefetch(const std::uint8_t* query) const noexcept;

    // What a query sees, step by step.
    class Walk {
      public:
        explicit Walk(const MultiIndex& index) : index_(&index) {}

        // Begins anew, for another query, which the caller keeps.
        void restart(const std::uint8_t* query) noexcept {
            query_ = query;
            seen_ = 0;
        }

        // Calls take(row, distance) for each code in the buckets of this step; a code may come again in another.
        template <typename Take>
        void step(std::size_t at, const Take& take) {
            begin(at);
            while (more()) {
                seen_ += rows_.size();
                for (std::size_t i = 0; i < rows_.size(); ++i) take(rows_[i], distances_[i]);
            }
        }
        // Codes that were looked at.
        std::size_t seen() const noexcept { return seen_; }

      private:
        void begin(std::size_t at);
        // Fills rows_ and distances_ with what the next look-ups find; false when the step is over.
        bool more();

        const MultiIndex* index_;
        const std::uint8_t* query_ = nullptr;
        std::size_t table_ = 0;
        std::uint64_t key_ = 0;
        std::uint64_t mask_ = 0;  // the bits that differ
        bool over_ = true;
        std::vector<Slot> rows_;
        std::vector<const void*> places_;
        std::vector<float> distances_;
        std::size_t seen_ = 0;
    };

  private:
    struct Table {
        std::size_t begin = 0;  // bits of the code
        std::size_t width = 0;
        std::vector<std::uint32_t> starts;  // of each bucket, and the end
        std::vector<Slot> rows;             // by bucket, in order
    };

    void fill(Table& table) const;

    CodeRows rows_;
    std::vector<Table> tables_;
    RowsKernel distances_;
};

}  // namespace lanner
