// How a search was answered, and what the other ways would have cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lanner {

enum class Plan : std::uint8_t {
    kEmpty,         // nothing matches: no work
    kScan,          // every matching item is looked at
    kPrunedScan,    // matching items are, cell by cell, the nearest to the query first, until nothing nearer is found
    kFilteredWalk,  // a walk through the graph over matching nodes, across others where they lie between
    kCheckedWalk,   // a walk as without a filter, wider; what it finds is checked
    kWalk,          // a walk through the graph, without a filter
};

// What a plan costs: as predicted, or as it was.
struct PlanCost {
    double nanoseconds = 0;
    double distances = 0;
    double hops = 0;  // nodes expanded
    double lists =
        0;  // of neighbours read: more than hops where a walk crosses nodes that do not match; or cells visited
};

struct PlanOption {
    Plan plan = Plan::kEmpty;
    PlanCost predicted;
    std::string why_not;  // empty for the plan that was taken
};

struct Explanation {
    Plan plan = Plan::kEmpty;           // chosen at the start
    bool fell_back = false;             // a walk that starved or spent too much was followed by a scan
    bool filtered = true;               // else all items match, and a scan is one of all rows
    std::size_t items = 0;              // in the index
    std::size_t estimated_matches = 0;  // what the plan was chosen by
    std::size_t matches = 0;
    std::size_t hits = 0;
    PlanCost predicted;
    PlanCost measured;
    double resolve_nanoseconds = 0;   // from the filter to the set of what matches; little where it was kept
    std::vector<PlanOption> options;  // all that were weighed, the one taken among them
};

}  // namespace lanner
