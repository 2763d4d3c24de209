// How a query was answered, for Python.
#pragma once

#include "bindings/bind.hpp"
#include "lanner/plan.hpp"

namespace lanner::bindings {

// What lanner.results.Explanation holds.
py::dict explained(const Explanation& report);

}  // namespace lanner::bindings
