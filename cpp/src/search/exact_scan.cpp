#include "search/exact_scan.hpp"

#include <algorithm>

#include "base/thread_pool.hpp"
#include "search/glance.hpp"

namespace lanner {
namespace {

// Queries and rows of a tile: its distances fit the first-level cache, its rows the second.
constexpr std::size_t kTileQueries = 64;
constexpr std::size_t kTileRows = 128;
constexpr std::size_t kSingleRows = 512;
// Rows that a thread takes at least, when the rows of a few queries are shared out.
constexpr std::size_t kLeastRows = 8192;

struct Plan {
    std::size_t query_groups;
    std::size_t row_parts;
    std::size_t rows_a_part;
};

Plan plan_of(std::size_t queries, std::size_t slots, std::size_t threads) {
    Plan plan{};
    plan.query_groups = (queries + kTileQueries - 1) / kTileQueries;
    const std::size_t wanted = plan.query_groups >= threads ? 1 : (threads + plan.query_groups - 1) / plan.query_groups;
    plan.row_parts = std::clamp<std::size_t>(slots / kLeastRows, 1, wanted);
    plan.rows_a_part = (slots + plan.row_parts - 1) / plan.row_parts;
    return plan;
}

// Calls take(query within the group, slot of the first row, distances, count) for every tile row.
template <typename Take>
void scan_part(const ScanRows& rows, const ScanQueries& queries, std::size_t query_first, std::size_t query_count,
               std::size_t row_first, std::size_t row_end, const Take& take) {
    const std::size_t tile = query_count == 1 ? kSingleRows : kTileRows;
    std::vector<float> distances(query_count * tile);
    for (std::size_t row = row_first; row < row_end;) {
        const auto first = static_cast<Slot>(row);
        const std::size_t count = std::min({tile, row_end - row, rows.codec.run(first)});
        rows.codec.score_block(queries.block, queries.first + query_first, query_count, first, count, distances.data(),
                               tile);
        for (std::size_t query = 0; query < query_count; ++query)
            take(query, first, distances.data() + query * tile, count);
        row += count;
    }
}

bool is_live(const ScanRows& rows, Slot slot) noexcept { return rows.live.empty() || rows.live[slot] != 0; }

}  // namespace

std::vector<std::vector<Candidate>> scan_nearest(const ScanRows& rows, const ScanQueries& queries, std::size_t k,
                                                 std::size_t threads, const std::function<void()>& poll) {
    if (queries.count == 0) return {};
    const Plan plan = plan_of(queries.count, rows.slots, threads);
    std::vector<TopK> best(queries.count * plan.row_parts, TopK(k, rows.ties));
    parallel_for(
        plan.query_groups * plan.row_parts, 1, threads,
        [&](std::size_t begin, std::size_t, std::size_t) {
            const std::size_t part = begin % plan.row_parts;
            const std::size_t query_first = begin / plan.row_parts * kTileQueries;
            const std::size_t query_count = std::min(kTileQueries, queries.count - query_first);
            const std::size_t row_first = std::min(rows.slots, part * plan.rows_a_part);
            const std::size_t row_end = std::min(rows.slots, row_first + plan.rows_a_part);
            scan_part(rows, queries, query_first, query_count, row_first, row_end,
                      [&](std::size_t query, Slot first, const float* distances, std::size_t count) {
                          TopK& top = best[(query_first + query) * plan.row_parts + part];
                          float bound = top.bound();
                          for (std::size_t i = 0; i < count; ++i) {
                              if (i % kGlance == 0) {
                                  while (i + kGlance <= count && !any_within(distances + i, bound)) i += kGlance;
                                  if (i == count) break;
                              }
                              if (!(distances[i] <= bound)) continue;
                              const auto slot = static_cast<Slot>(first + i);
                              if (!is_live(rows, slot)) continue;
                              top.offer({distances[i], slot});
                              bound = top.bound();
                          }
                      });
        },
        poll);
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
    const Plan plan = plan_of(queries.count, rows.slots, threads);
    std::vector<std::vector<Candidate>> found(queries.count * plan.row_parts);
    parallel_for(
        plan.query_groups * plan.row_parts, 1, threads,
        [&](std::size_t begin, std::size_t, std::size_t) {
            const std::size_t part = begin % plan.row_parts;
            const std::size_t query_first = begin / plan.row_parts * kTileQueries;
            const std::size_t query_count = std::min(kTileQueries, queries.count - query_first);
            const std::size_t row_first = std::min(rows.slots, part * plan.rows_a_part);
            const std::size_t row_end = std::min(rows.slots, row_first + plan.rows_a_part);
            scan_part(rows, queries, query_first, query_count, row_first, row_end,
                      [&](std::size_t query, Slot first, const float* distances, std::size_t count) {
                          std::vector<Candidate>& into = found[(query_first + query) * plan.row_parts + part];
                          for (std::size_t i = 0; i < count; ++i) {
                              if (i % kGlance == 0) {
                                  while (i + kGlance <= count && !any_within(distances + i, radius)) i += kGlance;
                                  if (i == count) break;
                              }
                              const auto slot = static_cast<Slot>(first + i);
                              if (distances[i] <= radius && is_live(rows, slot)) into.push_back({distances[i], slot});
                          }
                      });
        },
        poll);
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
