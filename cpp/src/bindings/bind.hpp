// What the binding units share: one function a noun, and how Python's arrays and ids become the core's.
// Threads: with the GIL held (or attached, where there is none), except where a function says otherwise.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lanner/attributes.hpp"
#include "lanner/index.hpp"

namespace lanner::bindings {

namespace py = pybind11;

void bind_attributes(py::module_& module);
void bind_codes(py::module_& module);
void bind_embedding(py::module_& module);
void bind_errors(py::module_& module);
void bind_files(py::module_& module);
void bind_filters(py::module_& module);
void bind_hashing(py::module_& module);
void bind_index(py::module_& module);
void bind_kernels(py::module_& module);
void bind_lsh(py::module_& module);
void bind_quantization(py::module_& module);
void bind_rows(py::module_& module);
void bind_views(py::module_& module);

// Throw Error for names that are not known.
Metric metric_of(const std::string& name);
ElementType element_of(const std::string& name);

// As Python spells them; None for none.
std::optional<std::string> codec_of(const IndexOptions& options);
std::optional<std::string> keep_name(const IndexOptions& options);

// The rows of an array, which must be C-contiguous, of a type that fits `type`, and of shape (rows, dim) or (dim,).
// The array keeps the memory.
Vectors vectors_of(const py::array& array, ElementType type, std::size_t dim, const char* argument);

// What calls a Python callable, or None, and raises on Ctrl-C also where there is none. To be called without the GIL; the
// object must outlive it.
Progress progress_of(const py::object& callable);
// Raises on Ctrl-C. To be called without the GIL.
void see_signals();

// A schema crosses as a list of (name, type).
Schema schema_of(const std::vector<std::pair<std::string, std::string>>& pairs);
std::vector<std::pair<std::string, std::string>> schema_pairs(const Schema& schema);

// Columns as Python likes them: int64, float64, bool and datetime64[us] arrays; NaN and NaT for the nulls of float64 and
// timestamp columns. Other columns with nulls, strings and lists: object arrays, None for a null.
py::array array_of(const OwnedColumn& column, std::size_t rows);
py::dict arrays_of(const std::vector<OwnedColumn>& columns, std::size_t rows);

// Ids as Python gave them: an int64 array, a list of str, or None. Keeps what the views point to.
class GivenIds {
  public:
    explicit GivenIds(const py::object& ids);
    const Ids& get() const noexcept { return ids_; }
    std::size_t count() const noexcept;

  private:
    py::object keeper_;
    std::vector<std::string_view> strings_;
    Ids ids_;
};

}  // namespace lanner::bindings
