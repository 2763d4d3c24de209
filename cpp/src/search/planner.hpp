// Chooses how a filtered search is answered: the way whose cost is predicted to be least. Costs are of this index on this
// machine, as measured (PlanCosts); counts of work follow from the number of matches, the graph's width and the effort.
// Threads: constant.
#pragma once

#include <cstddef>
#include <vector>

#include "lanner/plan.hpp"

namespace lanner {

// Nanoseconds, and the work of a walk, as measured on the index itself.
struct PlanCosts {
    double distance = 0;       // of a walk, with all that comes with it
    double list = 0;           // of neighbours, read to get across nodes that do not match
    double scan_row = 0;       // a matching row scanned
    double scan_start = 0;     // a scan of next to nothing, its closer looks among it
    double extra_hops = 0;     // of a walk, beyond its width
    double hop_distances = 0;  // computed per hop
    double rank = 0;           // putting the cells in order
    double cell = 0;           // visited by a pruned scan
    double pruned_row = 0;     // a matching row scanned by one, beside others of its cell
    double pruned_rows = 0;    // looked at by a pruned scan, and its patience
    double pruned_patience = 0;
};

struct PlanRequest {
    std::size_t items = 0;
    std::size_t matches = 0;
    std::size_t k = 0;
    std::size_t ef = 0;           // of a walk without a filter
    std::size_t sparse_ef = 0;    // of one over matching nodes alone
    std::size_t graph_width = 0;  // neighbours a node; 0: no graph
    std::size_t cells = 0;        // 0: no sketches
    std::size_t patience = 0;     // of a pruned scan
    double share_nearby = -1;     // of the items near the query that match; negative: not known
    bool nearly_all = false;      // match: a walk is tried before anything else is thought of
};

// The width of a walk: of one that keeps matching nodes alone, and of one whose candidates are checked afterwards.
std::size_t walk_width(Plan plan, const PlanRequest& request) noexcept;

PlanCost predict(Plan plan, const PlanCosts& costs, const PlanRequest& request) noexcept;

// The plan to take.
Plan cheapest_plan(const PlanCosts& costs, const PlanRequest& request) noexcept;
// All that could answer, the cheapest first, and why the others were not taken.
std::vector<PlanOption> weigh_plans(const PlanCosts& costs, const PlanRequest& request);

}  // namespace lanner
