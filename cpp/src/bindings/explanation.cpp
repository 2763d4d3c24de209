#include "bindings/explanation.hpp"

namespace lanner::bindings {
namespace {

const char* plan_name(Plan plan) {
    switch (plan) {
        case Plan::kEmpty:
            return "empty";
        case Plan::kScan:
            return "scan";
        case Plan::kPrunedScan:
            return "pruned scan";
        case Plan::kFilteredWalk:
            return "filtered walk";
        case Plan::kCheckedWalk:
            return "checked walk";
        case Plan::kWalk:
            return "walk";
    }
    return "";
}

py::dict cost_of(const PlanCost& cost) {
    py::dict dict;
    dict["nanoseconds"] = cost.nanoseconds;
    dict["distances"] = cost.distances;
    dict["hops"] = cost.hops;
    dict["lists"] = cost.lists;
    return dict;
}

}  // namespace

py::dict explained(const Explanation& report) {
    py::list options;
    for (const PlanOption& each : report.options) {
        py::dict option;
        option["plan"] = plan_name(each.plan);
        option["predicted"] = cost_of(each.predicted);
        option["why_not"] = each.why_not;
        options.append(option);
    }
    py::dict dict;
    dict["plan"] = plan_name(report.plan);
    dict["fell_back"] = report.fell_back;
    dict["filtered"] = report.filtered;
    dict["items"] = report.items;
    dict["estimated_matches"] = report.estimated_matches;
    dict["matches"] = report.matches;
    dict["hits"] = report.hits;
    dict["predicted"] = cost_of(report.predicted);
    dict["measured"] = cost_of(report.measured);
    dict["resolve_nanoseconds"] = report.resolve_nanoseconds;
    dict["options"] = options;
    return dict;
}

}  // namespace lanner::bindings
