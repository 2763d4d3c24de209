// Found rows as arrays, and which rows a search may find.
// Threads: with the GIL held.
#pragma once

#include <cstddef>
#include <vector>

#include "base/row_sets.hpp"
#include "base/top_k.hpp"
#include "bindings/bind.hpp"

namespace lanner::bindings {

using Found = std::vector<std::vector<Candidate>>;

// (ids, distances, counts) of shapes (q, k), (q, k), (q,): -1 and infinity in empty places.
py::tuple hit_table(const Found& found, std::size_t k);
// (ids, distances, offsets): those of query i from offsets[i] to offsets[i + 1].
py::tuple hit_lists(const Found& found);

// `among`, or every row where it is nullptr. Throws Error where it is of other rows or queries.
const RowSets& rows_among(const RowSets* among, std::size_t queries, std::size_t rows);

// (q, columns) floats: what queries must be. Throws Error that says what came.
void require_columns(const py::array& array, std::size_t columns, const char* what);
inline std::size_t rows_of(const py::array& array) { return static_cast<std::size_t>(array.shape(0)); }

}  // namespace lanner::bindings
