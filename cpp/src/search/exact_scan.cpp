#include "search/exact_scan.hpp"

#include <algorithm>
#include <limits>
#include <memory>

#include "base/thread_pool.hpp"
#include "search/glance.hpp"

namespace lanner {
namespace {

// Queries and rows of a tile: its distances fit the first-level cache, its rows the second.
constexpr std::size_t kTileQueries = 64;
constexpr std::size_t kTileRows = 128;
constexpr std::size_t kSingleRows = 512;
// Rows that a thread takes at least of a query, and of many, when rows are shared out.
constexpr std::size_t kLeastRows = 8192;
constexpr std::size_t kLeastRowsOfMany = 512;
constexpr std::size_t kManyQueries = 16;
// Rows that give a first bound, where little is to be had without one.
constexpr std::size_t kFirstRows = 128;

struct Plan {
    std::size_t group_size;
    std::size_t query_groups;
    std::size_t row_parts;
    std::size_t rows_a_part;
};

Plan plan_of(const ScanRows& rows, std::size_t queries, std::size_t threads) {
    const std::size_t slots = rows.slots;
    Plan plan{};
    const SieveShape* const sieve = rows.codec.sieve_shape();
    const std::size_t most = sieve != nullptr ? sieve->most_queries : kTileQueries;
    const std::size_t largest = std::clamp((queries + threads - 1) / threads, std::min(kTileQueries, most), most);
    // Groups of one size, or rows would be read for a last few.
    plan.query_groups = (queries + largest - 1) / largest;
    plan.group_size = (queries + plan.query_groups - 1) / plan.query_groups;
    const std::size_t wanted = plan.query_groups >= threads ? 1 : (threads + plan.query_groups - 1) / plan.query_groups;
    const std::size_t least = plan.group_size < kManyQueries ? kLeastRows : kLeastRowsOfMany;
    plan.row_parts = std::clamp<std::size_t>(slots / least, 1, wanted);
    plan.rows_a_part = (slots + plan.row_parts - 1) / plan.row_parts;
    return plan;
}

// A sieve that lets too much through rests for so many tiles.
constexpr std::size_t kSieveRest = 8;

// One thread's part of a scan. `Best` gives bound(query), beyond which no row is wanted, and take(query, candidate).
template <typename Best>
class PartScan {
  public:
    PartScan(const ScanRows& rows, const ScanQueries& queries, std::size_t query_first, std::size_t query_count,
             Best best)
        : rows_(rows),
          block_(queries.block),
          first_query_(queries.first + query_first),
          query_count_(query_count),
          shape_(usable_sieve(rows.codec, query_count)),
          tile_(shape_ != nullptr  ? shape_->rows
                : query_count == 1 ? kSingleRows
                                   : kTileRows),
          best_(best),
          distances_(query_count * tile_),
          bounds_(query_count) {}

    void scan(std::size_t row_first, std::size_t row_end) {
        for (std::size_t row = row_first; row < row_end;) {
            const auto first = static_cast<Slot>(row);
            std::size_t count = std::min({tile_, row_end - row, rows_.codec.run(first)});
            if (!sifted(first, count)) score(first, count);
            row += count;
        }
    }

  private:
    static const SieveShape* usable_sieve(const Codec& codec, std::size_t query_count) noexcept {
        const SieveShape* const shape = codec.sieve_shape();
        return shape != nullptr && query_count >= shape->fewest_queries ? shape : nullptr;
    }
    bool is_live(Slot slot) const noexcept { return rows_.live.empty() || rows_.live[slot] != 0; }

    void score(Slot first, std::size_t count) {
        rows_.codec.score_block(block_, first_query_, query_count_, first, count, distances_.data(), tile_);
        for (std::size_t query = 0; query < query_count_; ++query) {
            const float* const distances = distances_.data() + query * tile_;
            float bound = best_.bound(query);
            for (std::size_t i = 0; i < count; ++i) {
                if (i % kGlance == 0) {
                    while (i + kGlance <= count && !any_within(distances + i, bound)) i += kGlance;
                    if (i == count) break;
                }
                const auto slot = static_cast<Slot>(first + i);
                if (!(distances[i] <= bound) || !is_live(slot)) continue;
                best_.take(query, {distances[i], slot});
                bound = best_.bound(query);
            }
        }
    }

    // Whether the sieve told which rows are near, so that only those were scored. It may look at fewer.
    bool sifted(Slot first, std::size_t& count) {
        if (shape_ == nullptr) return false;
        if (rest_ > 0) {
            --rest_;
            return false;
        }
        bool bounded = true;
        for (std::size_t query = 0; query < query_count_; ++query) {
            bounds_[query] = best_.bound(query);
            bounded = bounded && bounds_[query] != std::numeric_limits<float>::infinity();
        }
        if (!bounded) {
            if (shape_->useful_share != 0) return false;
            count = std::min(count, kFirstRows);
        }
        if (sieve_ == nullptr) {
            sieve_ = rows_.codec.make_sieve();
            sieve_->bind(block_, first_query_, query_count_);
        }
        near_.clear();
        sieve_->sift(first, count, bounds_.data(), near_);
        // Removed rows are zeros, which may be near to many.
        std::erase_if(near_, [this](const Sifted& each) { return !is_live(each.slot); });
        if (near_.size() * shape_->useful_share > query_count_ * count) {
            rest_ = kSieveRest;
            return false;
        }
        std::sort(near_.begin(), near_.end(), [](const Sifted& left, const Sifted& right) {
            return left.query != right.query ? left.query < right.query : left.slot < right.slot;
        });
        for (std::size_t begin = 0; begin < near_.size();) {
            const std::size_t query = near_[begin].query;
            slots_.clear();
            for (; begin < near_.size() && near_[begin].query == query; ++begin) slots_.push_back(near_[begin].slot);
            sieve_->score(query, slots_.data(), slots_.size(), distances_.data());
            for (std::size_t i = 0; i < slots_.size(); ++i) {
                if (distances_[i] <= best_.bound(query)) best_.take(query, {distances_[i], slots_[i]});
            }
        }
        return true;
    }

    const ScanRows& rows_;
    const QueryBlock& block_;
    std::size_t first_query_, query_count_;
    const SieveShape* shape_;
    std::size_t tile_;
    Best best_;
    std::vector<float> distances_;
    std::vector<float> bounds_;
    std::unique_ptr<Sieve> sieve_;  // once every query has a bound
    std::vector<Sifted> near_;
    std::vector<Slot> slots_;
    std::size_t rest_ = 0;
};

// Calls scan(query_first, query_count, row part, row_first, row_end) for every part of a plan, on several threads.
template <typename Scan>
void for_each_part(const Plan& plan, std::size_t queries, std::size_t slots, std::size_t threads,
                   const std::function<void()>& poll, const Scan& scan) {
    parallel_for(
        plan.query_groups * plan.row_parts, 1, threads,
        [&](std::size_t begin, std::size_t, std::size_t) {
            const std::size_t part = begin % plan.row_parts;
            const std::size_t query_first = begin / plan.row_parts * plan.group_size;
            const std::size_t query_count = std::min(plan.group_size, queries - query_first);
            const std::size_t row_first = std::min(slots, part * plan.rows_a_part);
            scan(query_first, query_count, part, row_first, std::min(slots, row_first + plan.rows_a_part));
        },
        poll);
}

// The k nearest of each query and part.
struct NearestOfPart {
    TopK* first;  // of the part
    std::size_t stride;

    float bound(std::size_t query) const noexcept { return first[query * stride].bound(); }
    void take(std::size_t query, const Candidate& candidate) { first[query * stride].offer(candidate); }
};

struct WithinOfPart {
    std::vector<Candidate>* first;
    std::size_t stride;
    float radius;

    float bound(std::size_t) const noexcept { return radius; }
    void take(std::size_t query, const Candidate& candidate) { first[query * stride].push_back(candidate); }
};

}  // namespace

std::vector<std::vector<Candidate>> scan_nearest(const ScanRows& rows, const ScanQueries& queries, std::size_t k,
                                                 std::size_t threads, const std::function<void()>& poll) {
    if (queries.count == 0) return {};
    const Plan plan = plan_of(rows, queries.count, threads);
    std::vector<TopK> best(queries.count * plan.row_parts, TopK(k, rows.ties));
    for_each_part(plan, queries.count, rows.slots, threads, poll,
                  [&](std::size_t query, std::size_t count, std::size_t part, std::size_t begin, std::size_t end) {
                      const NearestOfPart into{best.data() + query * plan.row_parts + part, plan.row_parts};
                      PartScan<NearestOfPart>(rows, queries, query, count, into).scan(begin, end);
                  });
    std::vector<std::vector<Candidate>> hits(queries.count);
    for (std::size_t query = 0; query < hits.size(); ++query) {
        TopK& all = best[query * plan.row_parts];
        for (std::size_t part = 1; part < plan.row_parts; ++part) {
            for (const Candidate& each : best[query * plan.row_parts + part].take()) all.offer(each);
        }
        hits[query] = all.take();
    }
    return hits;
}

std::vector<std::vector<Candidate>> scan_radius(const ScanRows& rows, const ScanQueries& queries, float radius,
                                                std::size_t threads, const std::function<void()>& poll) {
    if (queries.count == 0) return {};
    const Plan plan = plan_of(rows, queries.count, threads);
    std::vector<std::vector<Candidate>> found(queries.count * plan.row_parts);
    for_each_part(plan, queries.count, rows.slots, threads, poll,
                  [&](std::size_t query, std::size_t count, std::size_t part, std::size_t begin, std::size_t end) {
                      const WithinOfPart into{found.data() + query * plan.row_parts + part, plan.row_parts, radius};
                      PartScan<WithinOfPart>(rows, queries, query, count, into).scan(begin, end);
                  });
    std::vector<std::vector<Candidate>> hits(queries.count);
    for (std::size_t query = 0; query < hits.size(); ++query) {
        for (std::size_t part = 0; part < plan.row_parts; ++part) {
            const std::vector<Candidate>& each = found[query * plan.row_parts + part];
            hits[query].insert(hits[query].end(), each.begin(), each.end());
        }
        std::sort(hits[query].begin(), hits[query].end(),
                  [&](const Candidate& left, const Candidate& right) { return rows.ties.nearer(left, right); });
    }
    return hits;
}

}  // namespace lanner
