#include "search/planner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "search/filtered_traverse.hpp"

namespace lanner {
namespace {

double share_of(const PlanRequest& request) noexcept {
    return static_cast<double>(request.matches) / static_cast<double>(std::max<std::size_t>(request.items, 1));
}

// Of the nodes that a walk as without a filter meets.
double share_met(const PlanRequest& request) noexcept {
    return request.share_nearby < 0 ? share_of(request) : std::min(request.share_nearby, share_of(request));
}

// `seen` is the part of a node's neighbours, or of what stands for them, that gets a distance.
PlanCost walk_cost(const PlanCosts& costs, std::size_t width, double seen, double lists_a_hop) noexcept {
    PlanCost cost;
    cost.hops = costs.extra_hops + static_cast<double>(width);
    cost.lists = cost.hops * lists_a_hop;
    cost.distances = cost.hops * costs.hop_distances * seen;
    cost.nanoseconds = cost.distances * costs.distance + (cost.lists - cost.hops) * costs.list;
    return cost;
}

// Scans of cells are as quick as walks over matching nodes, and find what lies far away too.
std::array<Plan, 3> plans_of(const PlanRequest& request) noexcept {
    if (request.matches == 0) return {Plan::kEmpty, Plan::kEmpty, Plan::kEmpty};
    if (request.graph_width == 0) return {Plan::kScan, Plan::kScan, Plan::kScan};
    return {Plan::kScan, request.cells > 0 ? Plan::kPrunedScan : Plan::kFilteredWalk, Plan::kCheckedWalk};
}

PlanCost pruned_cost(const PlanCosts& costs, const PlanRequest& request) noexcept {
    const auto matches = static_cast<double>(request.matches);
    const double patience = static_cast<double>(request.patience) / std::max(costs.pruned_patience, 1.0);
    PlanCost cost;
    cost.distances = std::min(matches, costs.pruned_rows * patience);
    cost.lists = std::ceil(static_cast<double>(request.cells) * cost.distances / matches);
    cost.nanoseconds = costs.scan_start + costs.rank + cost.lists * costs.cell + cost.distances * costs.pruned_row;
    return cost;
}

}  // namespace

std::size_t walk_width(Plan plan, const PlanRequest& request) noexcept {
    if (plan == Plan::kWalk) return std::max(request.ef, request.k);
    const std::size_t ef = std::max(plan == Plan::kCheckedWalk ? request.ef : request.sparse_ef, request.k);
    if (plan != Plan::kCheckedWalk) return std::min(ef, std::max<std::size_t>(request.matches, 1));
    const double wide = std::ceil(static_cast<double>(ef) / std::max(share_met(request), 1e-9));
    return static_cast<std::size_t>(std::min(wide, static_cast<double>(request.items)));
}

PlanCost predict(Plan plan, const PlanCosts& costs, const PlanRequest& request) noexcept {
    const auto matches = static_cast<double>(request.matches);
    switch (plan) {
        case Plan::kEmpty:
            return {};
        case Plan::kScan:
            return {costs.scan_start + matches * costs.scan_row, matches, 0, 0};
        case Plan::kPrunedScan:
            return pruned_cost(costs, request);
        case Plan::kFilteredWalk: {
            const double share = share_of(request);
            const double lists = lists_a_hop(share, request.graph_width);
            return walk_cost(costs, walk_width(plan, request), std::min(1.0, lists * share), lists);
        }
        case Plan::kWalk:
        case Plan::kCheckedWalk:
            return walk_cost(costs, walk_width(plan, request), 1, 1);
    }
    return {};
}

Plan cheapest_plan(const PlanCosts& costs, const PlanRequest& request) noexcept {
    if (request.nearly_all) return Plan::kCheckedWalk;
    const std::array<Plan, 3> plans = plans_of(request);
    Plan best = plans[0];
    double least = predict(best, costs, request).nanoseconds;
    for (const Plan plan : plans) {
        const double cost = predict(plan, costs, request).nanoseconds;
        if (cost >= least) continue;
        best = plan;
        least = cost;
    }
    return best;
}

std::vector<PlanOption> weigh_plans(const PlanCosts& costs, const PlanRequest& request) {
    std::vector<PlanOption> options;
    const Plan taken = cheapest_plan(costs, request);
    const PlanCost least = predict(taken, costs, request);
    options.push_back({taken, least, ""});
    for (const Plan plan : plans_of(request)) {
        if (std::any_of(options.begin(), options.end(), [&](const PlanOption& each) { return each.plan == plan; }))
            continue;
        const PlanCost cost = predict(plan, costs, request);
        if (request.nearly_all) {
            options.push_back({plan, cost, "nearly all match, so that a walk is tried first"});
            continue;
        }
        char why[64];
        std::snprintf(why, sizeof why, "predicted to take %.1f times as long",
                      cost.nanoseconds / std::max(least.nanoseconds, 1.0));
        options.push_back({plan, cost, why});
    }
    return options;
}

}  // namespace lanner
