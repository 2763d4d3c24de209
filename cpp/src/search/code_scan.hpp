// The nearest of many codes by looking at all of them. Codes of 4-bit numbers are first looked at 32 at a time through
// tables rounded down to bytes, which gives an interval for every distance; what may be among the nearest is scored in
// float32. So the answer is that of the plain arithmetic, bit for bit, on any number of threads.
// Threads: constant once made; searches run beside one another and spread over threads themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/nearest_rows.hpp"
#include "base/page_memory.hpp"
#include "base/row_sets.hpp"
#include "codecs/quantizer.hpp"
#include "kernels/metric.hpp"
#include "search/shortlist.hpp"

namespace lanner {

class PackedCodes {
  public:
    // Copies `count` codes. The metric is l2, cosine or ip; Throws Error(kInvalidArgument) for others.
    PackedCodes(std::shared_ptr<const Quantizer> quantizer, const std::uint8_t* codes, std::size_t count, Metric metric,
                const Work& work);

    const Quantizer& quantizer() const noexcept { return *quantizer_; }
    std::size_t count() const noexcept { return count_; }
    Metric metric() const noexcept { return metric_; }
    std::size_t bytes() const noexcept;

    // The k nearest of every query, nearest first, ties by place; fewer where there are fewer codes. A code whose
    // distance is no number, which no encoder writes, is never found. Queries are finite. Of the rows that a query may find.
    std::vector<std::vector<Candidate>> nearest(const float* queries, std::size_t query_count, std::size_t k,
                                                const Work& work, const RowSets& among = {}) const;

    // Every distance, by the plain arithmetic: out[i * count() + j] of query i and code j.
    void distances(const float* queries, std::size_t query_count, float* out, const Work& work) const;

  private:
    struct Query;
    struct Part {
        std::size_t first, end;  // rows; first is a multiple of a block
    };

    Query prepare(const float* query) const;
    float score(const Query& query, std::size_t row) const noexcept;
    void score_rows(const Query& query, std::size_t first, std::size_t count, float* out) const noexcept;
    void scan_plain(const Query& query, const Part& part, NearestRows& best) const;
    // Looks at rows of a set one by one.
    void scan_listed(const Query& query, const Part& part, NearestRows& best) const;
    float uncertainty(const Query& query, std::size_t row) const noexcept;
    void scan_nibbles(const Query* queries, Shortlist* lists, std::size_t query_count, const Part& part,
                      std::size_t seen) const;
    void score_listed(const Query& query, Shortlist& list, NearestRows& best) const;
    void scan(const std::vector<Query>& queries, const Part& part, NearestRows* best, std::size_t best_stride) const;

    std::shared_ptr<const Quantizer> quantizer_;
    std::size_t count_;
    Metric metric_;
    CodeForm form_;
    std::size_t row_bytes_;  // what is scored of a code
    PageMemory rows_;
    PageMemory blocks_;           // kNibbles: laid out for the kernels in use
    std::vector<float> scales_;   // a row each, up to a whole block; empty where all are 1
    std::vector<float> offsets_;  // likewise, where all are 0
    double most_scale_ = 1;
    double most_offset_ = 0;
};

}  // namespace lanner
