#include "bindings/hits.hpp"

#include <limits>
#include <string>

namespace lanner::bindings {

py::tuple hit_table(const Found& found, std::size_t k) {
    const auto count = static_cast<py::ssize_t>(found.size());
    py::array_t<std::int64_t> ids({count, static_cast<py::ssize_t>(k)});
    py::array_t<float> distances({count, static_cast<py::ssize_t>(k)});
    py::array_t<std::int64_t> counts(count);
    std::int64_t* const to_ids = ids.mutable_data();
    float* const to_distances = distances.mutable_data();
    std::int64_t* const to_counts = counts.mutable_data();
    for (std::size_t i = 0; i < found.size(); ++i) {
        to_counts[i] = static_cast<std::int64_t>(found[i].size());
        for (std::size_t j = 0; j < k; ++j) {
            const bool hit = j < found[i].size();
            to_ids[i * k + j] = hit ? static_cast<std::int64_t>(found[i][j].slot) : -1;
            to_distances[i * k + j] = hit ? found[i][j].distance : std::numeric_limits<float>::infinity();
        }
    }
    return py::make_tuple(ids, distances, counts);
}

py::tuple hit_lists(const Found& found) {
    py::array_t<std::int64_t> offsets(static_cast<py::ssize_t>(found.size() + 1));
    std::int64_t* const ends = offsets.mutable_data();
    ends[0] = 0;
    for (std::size_t i = 0; i < found.size(); ++i) ends[i + 1] = ends[i] + static_cast<std::int64_t>(found[i].size());
    py::array_t<std::int64_t> ids(static_cast<py::ssize_t>(ends[found.size()]));
    py::array_t<float> distances(ids.size());
    std::int64_t* to_id = ids.mutable_data();
    float* to_distance = distances.mutable_data();
    for (const auto& query : found) {
        for (const Candidate& each : query) {
            *to_id++ = static_cast<std::int64_t>(each.slot);
            *to_distance++ = each.distance;
        }
    }
    return py::make_tuple(ids, distances, offsets);
}

const RowSets& rows_among(const RowSets* among, std::size_t queries, std::size_t rows) {
    static const RowSets every;
    if (among == nullptr) return every;
    if (!among->shared() && among->size() != queries)
        throw Error(ErrorKind::kInvalidArgument, "there must be one set of rows or one a query, " +
                                                     std::to_string(queries) + ", got " +
                                                     std::to_string(among->size()));
    for (std::size_t i = 0; i < among->size(); ++i) {
        if (among->of(i)->slots() != rows)
            throw Error(ErrorKind::kInvalidArgument, "sets must be of " + std::to_string(rows) + " rows, got one of " +
                                                         std::to_string(among->of(i)->slots()));
    }
    return *among;
}

void require_columns(const py::array& array, std::size_t columns, const char* what) {
    if (array.ndim() == 2 && static_cast<std::size_t>(array.shape(1)) == columns) return;
    std::string shape;
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis)
        shape += (axis == 0 ? "" : ", ") + std::to_string(array.shape(axis));
    throw Error(ErrorKind::kInvalidArgument, std::string(what) + " must have two axes and " + std::to_string(columns) +
                                                 " columns, got shape (" + shape + ")");
}

}  // namespace lanner::bindings
