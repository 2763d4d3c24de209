// lanner._core: a table of contents. Each noun is bound in a unit of its own.
#include "bindings/bind.hpp"

PYBIND11_MODULE(_core, module, pybind11::mod_gil_not_used(), pybind11::multiple_interpreters::per_interpreter_gil()) {
    module.doc() = "The compiled core. Private: use the names that `lanner` exports.";
    module.attr("__version__") = LANNER_VERSION;
    lanner::bindings::bind_errors(module);
    lanner::bindings::bind_kernels(module);
    lanner::bindings::bind_attributes(module);
    lanner::bindings::bind_filters(module);
    lanner::bindings::bind_index(module);
    lanner::bindings::bind_rows(module);
    lanner::bindings::bind_files(module);
    lanner::bindings::bind_quantization(module);
    lanner::bindings::bind_hashing(module);
    lanner::bindings::bind_codes(module);
    lanner::bindings::bind_lsh(module);
    lanner::bindings::bind_views(module);
    lanner::bindings::bind_embedding(module);
}
