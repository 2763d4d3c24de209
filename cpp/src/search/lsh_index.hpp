// Approximate nearest neighbours by tables of hashes: E2LSH for l2, cross-polytopes for cosine, MinHash for the Jaccard
// distance of sets. Candidates come from the buckets that a query looks into, and are ordered by the metric itself. How many
// buckets a recall takes is measured on some of its own rows, each looked for without itself, when the index is made.
// Threads: constant once made; searches run beside one another and spread over threads themselves.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/nearest_rows.hpp"
#include "base/page_memory.hpp"
#include "base/row_sets.hpp"
#include "codecs/plain_codec.hpp"
#include "search/lsh_tables.hpp"

namespace lanner {

struct LshOptions {
    std::size_t tables = 16;
    std::size_t hashes = 0;  // 0: as many as leave some ten unlike rows in a bucket
    double width = 0;        // of E2LSH's cells; 0: four times the distance of the tenth nearest
    std::uint64_t seed = 0;
};

// How hard a search tries: a recall to reach, or buckets to look into, 0 for all rows.
struct LshEffort {
    double recall = 0;  // 0: not given
    std::size_t probes = 0;
};

// Either vectors or sets, as HashRows describes them; items of a set in any order, with or without repetition.
class LshIndex {
  public:
    // Copies the rows. The metric is l2, cosine or jaccard; checked by the caller to suit them. Throws
    // Error(kInvalidArgument) for rows that it refuses.
    LshIndex(Metric metric, const HashRows& rows, std::size_t dim, const LshOptions& options, const Work& work);

    // Sections named `lsh.*`, and those of the hash.
    void save(SectionWriter& writer) const;
    // nullptr where there are none. Throws Error(kFileFormat).
    static std::unique_ptr<LshIndex> load(const SectionReader& reader);

    Metric metric() const noexcept { return metric_; }
    std::size_t dim() const noexcept { return dim_; }  // 0 for sets
    std::size_t count() const noexcept { return tables_->count(); }
    std::size_t bytes() const noexcept;
    const LshTables& tables() const noexcept { return *tables_; }
    double width() const noexcept { return width_; }

    // Buckets that finding this share of so many nearest took, 10, 100 or 1,000 of them, whichever is next; 0 where no number
    // of buckets did.
    std::size_t probes_for(double recall, double nearest = 10) const noexcept;

    // The k nearest among the rows of the buckets, nearest first, ties by place; of the rows that a query may find. All of
    // these are looked at instead where they are few, and, of a recall, where the buckets have fewer than k of them. The more
    // rows it may not find, the farther are those that it may, and the more buckets a recall takes.
    std::vector<std::vector<Candidate>> nearest(const HashRows& queries, std::size_t k, const LshEffort& effort,
                                                const Work& work, const RowSets& among = {}) const {
        return find(queries, k, std::numeric_limits<float>::infinity(), effort, work, among);
    }
    // All within `radius`, inclusive, likewise. A recall is that of the ten nearest.
    std::vector<std::vector<Candidate>> within(const HashRows& queries, float radius, const LshEffort& effort,
                                               const Work& work, const RowSets& among = {}) const {
        return find(queries, kAllWithin, radius, effort, work, among);
    }

  private:
    class Buckets;
    // Distances of queries from rows.
    class Distances;
    // Some rows of its own, as queries.
    class Sample;

    LshIndex(Metric metric, std::size_t dim) : metric_(metric), dim_(dim) {}

    // Copies rows that were checked.
    void keep_vectors(const float* vectors, std::size_t count);
    void load_rows(const SectionReader& reader, std::size_t count);
    void load_reached(const SectionReader& reader);
    void choose(const LshOptions& options, const Work& work);
    void calibrate(std::uint64_t seed, const Work& work);
    // k of within(): whatever there is.
    static constexpr std::size_t kAllWithin = std::numeric_limits<std::size_t>::max();
    // Nearest neighbours whose buckets were counted: the first 10, 100, 1,000.
    static constexpr std::size_t kRanks = 3;
    static constexpr std::size_t kRankEnds[kRanks] = {10, 100, 1000};
    static constexpr std::size_t kSampleRows = 64;
    // Bits of a hash that has so many symbols.
    static constexpr std::size_t bits_for(std::size_t symbols) noexcept { return (symbols + 7) / 8 * 8; }
    struct Reached {
        std::vector<std::uint32_t> found_at;  // ascending: after how many buckets each neighbour of the sample was seen
        std::uint64_t neighbours = 0;         // those that there were
    };

    std::size_t probes_of(const LshEffort& effort, std::size_t k, std::size_t there) const noexcept;
    std::vector<std::vector<Candidate>> find(const HashRows& queries, std::size_t k, float radius,
                                             const LshEffort& effort, const Work& work, const RowSets& among) const;
    // Offers all rows, or those of the set, that lie within the radius.
    void look_at_all(const Distances& distances, Scorer* scorer, std::size_t query, float radius, const SlotSet* among,
                     NearestRows& best) const;

    Metric metric_;
    std::size_t dim_;
    double width_ = 0;
    PageMemory memory_;                  // vectors
    std::vector<std::int64_t> offsets_;  // sets
    std::vector<std::uint64_t> items_;   // ascending within a set
    HashRows rows_;                      // of these
    std::unique_ptr<PlainCodec> codec_;  // vectors
    std::unique_ptr<LshTables> tables_;
    std::array<Reached, kRanks> reached_;
};

}  // namespace lanner
