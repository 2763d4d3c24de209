// The kernels themselves, for tests and benchmarks, and what is known of the machine.
#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "codecs/plain_codec.hpp"
#include "kernels/dispatch.hpp"

namespace lanner::bindings {
namespace {

const KernelTable& level_of(const std::string& name) {
    if (name.empty()) return active_kernels();
    const KernelTable* const table = find_kernels(name.c_str());
    if (table == nullptr)
        throw Error(ErrorKind::kInvalidArgument, "level '" + name + "' is not one this machine can run");
    return *table;
}

// What the functions below score: rows where they lie, all of them or those that `order` names.
struct Scoring {
    Metric metric;
    ElementType type;
    const KernelTable& table;
    std::vector<Slot> slots;  // of `order`
    std::size_t columns;
};

Scoring scoring_of(const Vectors& rows, const std::string& metric_name, const std::string& dtype,
                   const std::string& level, const py::object& order) {
    Scoring scoring{metric_of(metric_name), element_of(dtype), level_of(level), {}, rows.count};
    if (traits(scoring.metric).on_bits != (scoring.type == ElementType::kBits)) {
        throw Error(ErrorKind::kInvalidArgument, "metric '" + metric_name + "' does not work on dtype '" + dtype + "'");
    }
    if (rows.type != scoring.type) throw Error(ErrorKind::kWrongType, "rows must have the type that is scored");
    if (order.is_none()) return scoring;
    for (const py::handle each : order) {
        const auto row = each.cast<std::size_t>();
        if (row >= rows.count) throw Error(ErrorKind::kInvalidArgument, "order names a row that is not there");
        scoring.slots.push_back(static_cast<Slot>(row));
    }
    scoring.columns = scoring.slots.size();
    return scoring;
}

void kernel_distances(const py::array& queries, const py::array& rows, std::size_t dim, const std::string& metric_name,
                      const std::string& dtype, const std::string& level, const std::string& shape,
                      const py::object& order, py::array_t<float, py::array::c_style>& out) {
    const Vectors query_rows = vectors_of(queries, element_of(dtype), dim, "queries");
    const Vectors row_rows = vectors_of(rows, element_of(dtype), dim, "rows");
    Scoring scoring = scoring_of(row_rows, metric_name, dtype, level, order);
    const std::size_t columns = scoring.columns;
    if (shape != "rows" && shape != "block" && shape != "tile")
        throw Error(ErrorKind::kInvalidArgument, "shape must be rows, block or tile");
    if (!order.is_none() && shape != "rows")
        throw Error(ErrorKind::kInvalidArgument, "order goes with shape rows alone");
    if (out.ndim() != 2 || static_cast<std::size_t>(out.shape(0)) != query_rows.count ||
        static_cast<std::size_t>(out.shape(1)) != columns) {
        throw Error(ErrorKind::kInvalidArgument, "out must have one row a query and one column a row");
    }
    float* const values = out.mutable_data();

    const py::gil_scoped_release release;
    std::vector<Slot>& slots = scoring.slots;
    if (order.is_none() && shape == "rows") {
        for (std::size_t row = 0; row < columns; ++row) slots.push_back(static_cast<Slot>(row));
    }
    const PlainCodec codec(scoring.type, scoring.metric, dim, scoring.table, row_rows.data, row_rows.count);
    QueryBlock block;
    codec.prepare(query_rows, block);
    if (shape == "rows") {
        const std::unique_ptr<Scorer> scorer = codec.make_scorer();
        for (std::size_t query = 0; query < query_rows.count; ++query) {
            scorer->bind_query(block, query);
            scorer->score(slots.data(), columns, values + query * columns);
        }
        return;
    }
    const std::size_t group = shape == "block" ? 1 : 64;
    const std::size_t tile = shape == "block" ? columns : 128;
    for (std::size_t query = 0; query < query_rows.count; query += group) {
        const std::size_t query_count = std::min(group, query_rows.count - query);
        for (std::size_t row = 0; row < columns;) {
            const auto first = static_cast<Slot>(row);
            const std::size_t count = std::min({tile, columns - row, codec.run(first)});
            codec.score_block(block, query, query_count, first, count, values + query * columns + row, columns);
            row += count;
        }
    }
}

// Scores the rows `times` over with one query, as many at a time as `out` has places, which are written again and again:
// what an exact scan does, and with `order` a walk, without the choice of the nearest.
void kernel_scan(const py::array& query, const py::array& rows, std::size_t dim, const std::string& metric_name,
                 const std::string& dtype, const std::string& level, const py::object& order, std::size_t times,
                 py::array_t<float, py::array::c_style>& out) {
    const Vectors query_rows = vectors_of(query, element_of(dtype), dim, "query");
    const Vectors row_rows = vectors_of(rows, element_of(dtype), dim, "rows");
    const Scoring scoring = scoring_of(row_rows, metric_name, dtype, level, order);
    const auto places = static_cast<std::size_t>(out.size());
    if (query_rows.count != 1) throw Error(ErrorKind::kInvalidArgument, "query must be one row");
    if (places == 0) throw Error(ErrorKind::kInvalidArgument, "out must have at least one place");
    float* const values = out.mutable_data();

    const py::gil_scoped_release release;
    const PlainCodec codec(scoring.type, scoring.metric, dim, scoring.table, row_rows.data, row_rows.count);
    QueryBlock block;
    codec.prepare(query_rows, block);
    const std::unique_ptr<Scorer> scorer = codec.make_scorer();
    scorer->bind_query(block, 0);
    for (std::size_t time = 0; time < times; ++time) {
        for (std::size_t row = 0; row < scoring.columns;) {
            std::size_t count = std::min(places, scoring.columns - row);
            if (!scoring.slots.empty()) {
                scorer->score(scoring.slots.data() + row, count, values);
            } else {
                count = std::min(count, codec.run(static_cast<Slot>(row)));
                codec.score_block(block, 0, 1, static_cast<Slot>(row), count, values, count);
            }
            row += count;
        }
    }
}

std::uint64_t read_all(const py::array_t<std::uint8_t, py::array::c_style>& data, const std::string& level) {
    const KernelTable& table = level_of(level);
    const void* const bytes = data.data();
    const auto size = static_cast<std::size_t>(data.nbytes());
    const py::gil_scoped_release release;
    return table.read_all(bytes, size);
}

}  // namespace

Metric metric_of(const std::string& name) {
    const std::optional<Metric> metric = parse_metric(name);
    if (!metric)
        throw Error(ErrorKind::kInvalidArgument, "metric must be one of " + metric_names() + ", got '" + name + "'");
    return *metric;
}

ElementType element_of(const std::string& name) {
    const std::optional<ElementType> type = parse_element(name);
    if (!type)
        throw Error(ErrorKind::kInvalidArgument, "dtype must be one of " + element_names() + ", got '" + name + "'");
    return *type;
}

void bind_kernels(py::module_& module) {
    module.def("kernel_distances", &kernel_distances, py::arg("queries"), py::arg("rows"), py::arg("dim"),
               py::arg("metric"), py::arg("dtype"), py::arg("level"), py::arg("shape"), py::arg("order"),
               py::arg("out").noconvert());
    module.def("kernel_scan", &kernel_scan, py::arg("query"), py::arg("rows"), py::arg("dim"), py::arg("metric"),
               py::arg("dtype"), py::arg("level"), py::arg("order"), py::arg("times"), py::arg("out").noconvert());
    module.def("read_all", &read_all, py::arg("data"), py::arg("level"));
    module.def("active_isa", &active_isa);
    module.def("available_isas", &available_isas);
    module.def("default_threads", &default_threads);
    module.def("set_default_threads", &set_default_threads, py::arg("threads"));
}

}  // namespace lanner::bindings
