// Tables of hashes: vectors or sets in, arrays out.
#include "bindings/bind.hpp"
#include "bindings/given_rows.hpp"
#include "bindings/hash_files.hpp"
#include "bindings/hits.hpp"
#include "search/lsh_index.hpp"

namespace lanner::bindings {
namespace {

GivenRows given_rows(const py::object& given, std::size_t dim) {
    return {py::isinstance<py::tuple>(given) ? HashInput::kSets : HashInput::kVectors, dim, given};
}

std::unique_ptr<LshIndex> make_lsh(const py::object& given, const std::string& metric, std::size_t tables,
                                   std::size_t hashes, double width, std::uint64_t seed, std::size_t threads) {
    const GivenRows rows = given_rows(given, GivenRows::kAnyDim);
    const Metric asked = metric_of(metric);
    if ((asked == Metric::kJaccard) != (rows.dim() == 0))
        refuse("metric must be jaccard for sets, l2 or cosine for vectors, got '" + metric + "'");
    if (asked != Metric::kJaccard && asked != Metric::kL2 && asked != Metric::kCosine)
        refuse("metric must be l2, cosine or jaccard, got '" + metric + "'");
    const LshOptions options{tables, hashes, width, seed};
    const py::gil_scoped_release release;
    return std::make_unique<LshIndex>(asked, rows.get(), rows.dim(), options, Work{threads, see_signals});
}

// Queries of one search, and the rows that they may find.
struct LshQueries {
    LshQueries(const LshIndex& index, const py::object& given, const RowSets* among)
        : rows(index.dim() == 0 ? HashInput::kSets : HashInput::kVectors, index.dim(), given),
          sets(rows_among(among, rows.get().count, index.count())) {}
    GivenRows rows;
    const RowSets& sets;
};

py::tuple search_lsh(const LshIndex& index, const py::object& given, std::size_t k, double recall, std::size_t probes,
                     const RowSets* among, std::size_t threads) {
    const LshQueries queries(index, given, among);
    Found found;
    {
        const py::gil_scoped_release release;
        found = index.nearest(queries.rows.get(), k, {recall, probes}, {threads, see_signals}, queries.sets);
    }
    return hit_table(found, k);
}

py::tuple search_lsh_within(const LshIndex& index, const py::object& given, float radius, double recall,
                            std::size_t probes, const RowSets* among, std::size_t threads) {
    const LshQueries queries(index, given, among);
    Found found;
    {
        const py::gil_scoped_release release;
        found = index.within(queries.rows.get(), radius, {recall, probes}, {threads, see_signals}, queries.sets);
    }
    return hit_lists(found);
}

}  // namespace

void bind_lsh(py::module_& module) {
    py::class_<LshIndex>(module, "LshIndex")
        .def("search", &search_lsh, py::arg("queries"), py::arg("k"), py::arg("recall"), py::arg("probes"),
             py::arg("among"), py::arg("threads"))
        .def("search_radius", &search_lsh_within, py::arg("queries"), py::arg("radius"), py::arg("recall"),
             py::arg("probes"), py::arg("among"), py::arg("threads"))
        .def("probes_for", &LshIndex::probes_for, py::arg("recall"), py::arg("nearest"))
        .def(
            "save",
            [](const LshIndex& index, const std::string& path, const RowAttributes* attributes) {
                save_sections(path, index, attributes);
            },
            py::arg("path"), py::arg("attributes"))
        .def("__len__", &LshIndex::count)
        .def_property_readonly("metric", [](const LshIndex& index) { return std::string(traits(index.metric()).name); })
        .def_property_readonly("dim", &LshIndex::dim)
        .def_property_readonly("tables", [](const LshIndex& index) { return index.tables().shape().tables; })
        .def_property_readonly("hashes", [](const LshIndex& index) { return index.tables().shape().hashes; })
        .def_property_readonly("width", &LshIndex::width)
        .def_property_readonly("nbytes", &LshIndex::bytes);
    module.def("lsh_index", &make_lsh, py::arg("rows"), py::arg("metric"), py::arg("tables"), py::arg("hashes"),
               py::arg("width"), py::arg("seed"), py::arg("threads"));
}

}  // namespace lanner::bindings
