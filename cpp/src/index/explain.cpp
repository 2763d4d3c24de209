// How a query is answered, with a filter and without, and what the other ways would have cost.
#include <algorithm>
#include <chrono>
#include <limits>
#include <shared_mutex>
#include <string>

#include "base/elapsed.hpp"
#include "index/scratch_lease.hpp"

namespace lanner {
namespace {

void check_one(const Vectors& query) {
    if (query.count != 1)
        throw Error(ErrorKind::kInvalidArgument, "explain takes one query, got " + std::to_string(query.count));
}

// What was done since it was made, as the scratch counts it.
class WorkDone {
  public:
    explicit WorkDone(const SearchScratch& scratch)
        : scratch_(scratch),
          distances_(scratch.traverse.scored),
          hops_(scratch.traverse.hops),
          lists_(scratch.filtered.lists) {}

    PlanCost cost() const {
        PlanCost cost;
        cost.nanoseconds = nanoseconds_since(begin_);
        cost.distances = static_cast<double>(scratch_.traverse.scored - distances_);
        cost.hops = static_cast<double>(scratch_.traverse.hops - hops_);
        cost.lists = static_cast<double>(scratch_.filtered.lists - lists_);
        return cost;
    }

  private:
    const SearchScratch& scratch_;
    std::uint64_t distances_;
    std::uint64_t hops_;
    std::uint64_t lists_;
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

Explanation Index::Impl::explain(const Vectors& query, const Filter& filter, const SearchOptions& options) const {
    store_.check_queries(query, "query");
    check_one(query);
    SearchOptions filtered = options;
    filtered.filters = {&filter, 1};
    ScratchLease scratch(*this);
    Explanation report;
    const std::shared_lock lock(state_);
    const Effort effort = effort_of(filtered);
    prepare(query, scratch->queries);
    const auto begin = std::chrono::steady_clock::now();
    const std::shared_ptr<const Matches> matches = matches_of(filter);
    report.resolve_nanoseconds = nanoseconds_since(begin);
    // Costs first, as measuring takes the same scratch.
    const PlanCosts costs = plan_costs(*scratch);
    const PlanRequest request = plan_request(*scratch, scratch->queries, 0, *matches, effort, costs);
    report.items = request.items;
    report.matches = report.estimated_matches = request.matches;
    // Without a choice nothing is measured but by an answer of its own.
    report.options = weigh_plans(costs, request);
    report.plan = report.options.front().plan;
    report.predicted = report.options.front().predicted;
    const WorkDone work(*scratch);
    report.fell_back = !filtered_search(*scratch, scratch->queries, 0, *matches, effort);
    report.measured = work.cost();
    report.hits = scratch->hits.size();
    count_work(1, scratch->traverse);
    return report;
}

// Of a look at all rows, from one at some of them.
PlanCost Index::Impl::scan_cost(const PreparedQueries& queries, const Effort& effort) const {
    constexpr std::size_t kRowsTimed = 8192;
    const Codec& codec = effort.codes ? store_.quickest() : store_.finest();
    ScanRows rows = scan_rows(codec);
    rows.slots = std::min(rows.slots, kRowsTimed);
    double least = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 2; ++round) {  // the first brings memory nearer
        const auto begin = std::chrono::steady_clock::now();
        scan_nearest(rows, {store_.queries_of(codec, queries), 0, 1}, effort.k, 1);
        least = std::min(least, nanoseconds_since(begin));
    }
    const auto all = static_cast<double>(slots_);
    return {least * all / static_cast<double>(rows.slots), all, 0, 0};
}

Explanation Index::Impl::explain(const Vectors& query, const SearchOptions& options) const {
    store_.check_queries(query, "query");
    check_one(query);
    SearchOptions plain = options;
    plain.filters = {};
    ScratchLease scratch(*this);
    Explanation report;
    report.filtered = false;
    const std::shared_lock lock(state_);
    const Effort effort = effort_of(plain);
    prepare(query, scratch->queries);
    report.items = report.matches = report.estimated_matches = ids_.size();
    if (report.items == 0) {
        report.options = {{Plan::kEmpty, {}, ""}};
        return report;
    }
    const bool cheap = scan_is_cheaper(effort.ef);
    const bool walks = layers_ && !effort.exact && !cheap;
    PlanOption scanned{Plan::kScan, scan_cost(scratch->queries, effort), ""};
    if (layers_) {
        const std::size_t width = std::min(effort.ef, ids_.size());  // all of them, where the aim is to look at all
        const PlanRequest request{.items = ids_.size(), .matches = ids_.size(), .k = effort.k, .ef = width};
        PlanOption walked{Plan::kWalk, predict(Plan::kWalk, plan_costs(*scratch), request), ""};
        const std::string items = std::to_string(kScanPerCandidate) + " items for each of the " +
                                  std::to_string(effort.ef) + " candidates of a walk";
        if (walks) {
            scanned.why_not = "there are more than " + items;
        } else if (effort.exact) {
            walked.why_not = "nothing less than a look at every item finds what was asked for";
        } else {
            walked.why_not = "there are at most " + items;
        }
        report.options = {walks ? walked : scanned, walks ? scanned : walked};
    } else {
        report.options = {scanned};
    }
    report.plan = report.options.front().plan;
    report.predicted = report.options.front().predicted;
    const WorkDone work(*scratch);
    if (walks) graph_search(*scratch, scratch->queries, 0, effort);
    report.fell_back = walks && scratch->hits.size() < std::min(effort.k, ids_.size());
    report.hits = scratch->hits.size();
    if (!walks || report.fell_back) report.hits = scan(*scratch, scratch->queries, 0, 1, effort, 1)[0].size();
    report.measured = work.cost();
    report.measured.lists = report.measured.hops;  // a list each
    count_work(1, scratch->traverse);
    return report;
}

}  // namespace lanner
