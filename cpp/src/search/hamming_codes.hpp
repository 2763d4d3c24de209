// Exact search over codes of bits by Hamming distance: a scan of all codes, or look-ups in a multi-index, whichever is
// predicted to take less time. The prediction is measured on rows of its own when the codes are taken in: what each step of
// look-ups takes, what a scan takes, and how far the k-th nearest are. It changes the time that an answer takes, never the
// answer: a walk that finds too many codes on its way gives up to a scan. Among the rows of a set a walk may take as long as a
// look at these takes; a few are looked at one by one.
// Threads: constant once made; searches run beside one another and spread over threads themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/page_memory.hpp"
#include "base/row_sets.hpp"
#include "base/top_k.hpp"
#include "codecs/plain_codec.hpp"
#include "search/multi_index.hpp"
#include "storage/sections.hpp"

namespace lanner {

// The values are part of the file format.
enum class CodeSearch : std::uint8_t {
    kAuto,        // tables where they are likely to pay, and used where they are predicted to
    kScan,        // no tables
    kMultiIndex,  // tables, used as long as there are fewer look-ups than codes
};

class HammingCodes {
  public:
    // Copies `count` codes of 1 to kMaxBits / 8 bytes. Throws Error(kInvalidArgument) for more than kMaxSlots.
    HammingCodes(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes, CodeSearch how,
                 const Work& work);

    // Sections named `bits.*`; tables are made anew, and measured anew.
    void save(SectionWriter& writer) const;
    // nullptr where there are none. Throws Error(kFileFormat).
    static std::unique_ptr<HammingCodes> load(const SectionReader& reader, const Work& work);

    std::size_t count() const noexcept { return rows_.count; }
    std::size_t code_bytes() const noexcept { return rows_.bytes; }
    const std::uint8_t* row(std::size_t place) const noexcept { return rows_.row(place); }
    std::size_t bytes() const noexcept;
    // Tables of the multi-index; 0 where there is none.
    std::size_t tables() const noexcept { return index_ ? index_->tables() : 0; }
    // The greatest radius that is looked up rather than scanned for; -1 where all are scanned for.
    std::int64_t reach() const noexcept { return static_cast<std::int64_t>(steps_) - 1; }

    // Queries lie code_bytes() apart. The k nearest of each, nearest first, ties by place; of the rows that it may find.
    std::vector<std::vector<Candidate>> nearest(const std::uint8_t* queries, std::size_t query_count, std::size_t k,
                                                const Work& work, const RowSets& among = {}) const;
    // All within `radius`, inclusive, nearest first, ties by place.
    std::vector<std::vector<Candidate>> within(const std::uint8_t* queries, std::size_t query_count, std::size_t radius,
                                               const Work& work, const RowSets& among = {}) const;

  private:
    std::vector<std::uint8_t> padded(const std::uint8_t* queries, std::size_t count) const;
    void measure(const Work& work);
    // What a walk may take.
    struct Reach {
        std::size_t steps = 0;
        std::size_t most_seen = 0;  // codes that it may look at
    };
    Reach reach_among(const SlotSet* among) const noexcept;
    // Whether the k-th nearest are likely to lie within so many steps.
    bool near_enough(std::size_t k, std::size_t steps, const SlotSet* among) const;
    // False where a walk gave up.
    bool walk_nearest(MultiIndex::Walk& walk, std::size_t k, const SlotSet* among, std::vector<Candidate>& found) const;
    bool walk_within(MultiIndex::Walk& walk, std::size_t radius, const SlotSet* among,
                     std::vector<Candidate>& found) const;
    // What walk(walk, set, found) finds for each query, or where it returns false scan(rows, queries), or
    // look(scorer, set) where the set has few rows.
    template <typename WalkTo, typename Scan, typename Look>
    std::vector<std::vector<Candidate>> find(const std::uint8_t* queries, std::size_t count, const RowSets& among,
                                             const Work& work, const WalkTo& walk, const Scan& scan,
                                             const Look& look) const;

    CodeSearch how_;
    PageMemory memory_;
    CodeRows rows_;
    std::unique_ptr<PlainCodec> codec_;
    std::unique_ptr<MultiIndex> index_;
    std::size_t steps_ = 0;                            // that a walk may take
    std::size_t most_seen_ = 0;                        // codes that it may look at
    std::vector<std::vector<std::uint32_t>> samples_;  // of some rows: how many codes lie within each distance
};

}  // namespace lanner
