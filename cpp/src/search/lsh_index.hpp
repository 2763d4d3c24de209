// Approximate nearest neighbours by tables of hashes: E2LSH for l2, cross-polytopes for cosine, MinHash for the Jaccard
// distance of sets. Candidates come from the buckets that a query looks into, and are ordered by the metric itself. How many
// buckets a recall takes is measured on some of its own rows, each looked for without itself, when the index is made.
// Threads: constant once made; searches run beside one another and spread over threads themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/page_memory.hpp"
#include "base/top_k.hpp"
#include "codecs/plain_codec.hpp"
#include "search/lsh_tables.hpp"

namespace lanner {

struct LshOptions {
    std::size_t tables = 16;
    std::size_t hashes = 0;  // 0: as many as leave some ten unlike rows in a bucket
    double width = 0;        // of E2LSH's cells; 0: four times the distance of the tenth nearest
    std::uint64_t seed = 0;
};

// Either vectors or sets, as HashRows describes them; items of a set in any order, with or without repetition.
class LshIndex {
  public:
    // Copies the rows. The metric is l2, cosine or jaccard; checked by the caller to suit them. Throws
    // Error(kInvalidArgument) for rows that it refuses.
    LshIndex(Metric metric, const HashRows& rows, std::size_t dim, const LshOptions& options, const Work& work);

    Metric metric() const noexcept { return metric_; }
    std::size_t dim() const noexcept { return dim_; }  // 0 for sets
    std::size_t count() const noexcept { return tables_->count(); }
    std::size_t bytes() const noexcept;
    const LshTables& tables() const noexcept { return *tables_; }
    double width() const noexcept { return width_; }

    // Buckets that finding this share of the ten nearest took; 0 where no number of buckets did.
    std::size_t probes_for(double recall) const noexcept;

    // The k nearest among the rows of `probes` buckets (0: of all rows), nearest first, ties by place.
    std::vector<std::vector<Candidate>> nearest(const HashRows& queries, std::size_t k, std::size_t probes,
                                                const Work& work) const;

  private:
    // Distances of queries from rows.
    class Distances;
    // Some rows of its own, as queries.
    class Sample;

    void choose(const LshOptions& options, const Work& work);
    void calibrate(std::uint64_t seed, const Work& work);
    std::vector<Candidate> look_at_all(const Distances& distances, std::size_t query, std::size_t k) const;

    Metric metric_;
    std::size_t dim_;
    double width_ = 0;
    PageMemory memory_;                  // vectors
    std::vector<std::int64_t> offsets_;  // sets
    std::vector<std::uint64_t> items_;   // ascending within a set
    HashRows rows_;                      // of these
    std::unique_ptr<PlainCodec> codec_;  // vectors
    std::unique_ptr<LshTables> tables_;
    std::vector<std::uint32_t> found_at_;  // ascending: after how many buckets each neighbour of the sample was seen
    std::size_t neighbours_ = 0;           // those that there were
};

}  // namespace lanner
