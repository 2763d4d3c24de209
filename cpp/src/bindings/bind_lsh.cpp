// Tables of hashes: vectors or sets in, arrays out.
#include "bindings/bind.hpp"
#include "search/lsh_index.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using LongArray = py::array_t<std::int64_t, py::array::c_style>;
using ItemArray = py::array_t<std::uint64_t, py::array::c_style>;

[[noreturn]] void refuse(const char* why) { throw Error(ErrorKind::kInvalidArgument, why); }

// Vectors of float32 (n, dim), or sets as (offsets, items); keeps the arrays.
class LshRows {
  public:
    explicit LshRows(const py::object& given) {
        if (py::isinstance<py::tuple>(given)) {
            const auto parts = given.cast<py::tuple>();
            if (parts.size() != 2) refuse("sets must come as offsets and items");
            offsets_ = parts[0].cast<LongArray>();
            items_ = parts[1].cast<ItemArray>();
            if (offsets_.ndim() != 1 || offsets_.size() < 1 || items_.ndim() != 1) refuse("sets must have one axis");
            rows_.count = static_cast<std::size_t>(offsets_.size() - 1);
            rows_.offsets = offsets_.data();
            rows_.items = items_.data();
            for (std::size_t i = 0; i < rows_.count; ++i) {
                if (rows_.offsets[i + 1] < rows_.offsets[i]) refuse("offsets must not fall");
            }
            if (rows_.offsets[0] != 0 || rows_.offsets[rows_.count] != items_.size())
                refuse("offsets must begin at 0 and end at the number of items");
        } else {
            vectors_ = given.cast<FloatArray>();
            if (vectors_.ndim() != 2) refuse("vectors must have two axes");
            rows_.count = static_cast<std::size_t>(vectors_.shape(0));
            rows_.vectors = vectors_.data();
            dim_ = static_cast<std::size_t>(vectors_.shape(1));
        }
    }
    const HashRows& get() const noexcept { return rows_; }
    std::size_t dim() const noexcept { return dim_; }

  private:
    FloatArray vectors_;
    LongArray offsets_;
    ItemArray items_;
    HashRows rows_;
    std::size_t dim_ = 0;
};

std::unique_ptr<LshIndex> make(const py::object& given, const std::string& metric, std::size_t tables,
                               std::size_t hashes, double width, std::uint64_t seed, std::size_t threads) {
    const LshRows rows(given);
    const Metric asked = metric_of(metric);
    if ((asked == Metric::kJaccard) != (rows.get().vectors == nullptr && rows.dim() == 0))
        refuse("metric must be jaccard for sets, l2 or cosine for vectors");
    if (asked != Metric::kJaccard && asked != Metric::kL2 && asked != Metric::kCosine)
        refuse("metric must be l2, cosine or jaccard");
    const LshOptions options{tables, hashes, width, seed};
    const py::gil_scoped_release release;
    return std::make_unique<LshIndex>(asked, rows.get(), rows.dim(), options, Work{threads, see_signals});
}

py::tuple search(const LshIndex& index, const py::object& given, std::size_t k, std::size_t probes,
                 std::size_t threads) {
    const LshRows queries(given);
    if (queries.dim() != index.dim()) refuse("queries must have the dimension of the index");
    std::vector<std::vector<Candidate>> found;
    {
        const py::gil_scoped_release release;
        found = index.nearest(queries.get(), k, probes, {threads, see_signals});
    }
    const auto count = static_cast<py::ssize_t>(found.size());
    py::array_t<std::int64_t> ids({count, static_cast<py::ssize_t>(k)});
    py::array_t<float> distances({count, static_cast<py::ssize_t>(k)});
    LongArray counts(count);
    for (std::size_t i = 0; i < found.size(); ++i) {
        counts.mutable_data()[i] = static_cast<std::int64_t>(found[i].size());
        for (std::size_t j = 0; j < k; ++j) {
            const bool hit = j < found[i].size();
            ids.mutable_data()[i * k + j] = hit ? static_cast<std::int64_t>(found[i][j].slot) : -1;
            distances.mutable_data()[i * k + j] = hit ? found[i][j].distance : std::numeric_limits<float>::infinity();
        }
    }
    return py::make_tuple(ids, distances, counts);
}

}  // namespace

void bind_lsh(py::module_& module) {
    py::class_<LshIndex>(module, "LshIndex")
        .def("search", &search, py::arg("queries"), py::arg("k"), py::arg("probes"), py::arg("threads"))
        .def("probes_for", &LshIndex::probes_for, py::arg("recall"))
        .def("__len__", &LshIndex::count)
        .def_property_readonly("dim", &LshIndex::dim)
        .def_property_readonly("tables", [](const LshIndex& index) { return index.tables().shape().tables; })
        .def_property_readonly("hashes", [](const LshIndex& index) { return index.tables().shape().hashes; })
        .def_property_readonly("width", &LshIndex::width)
        .def_property_readonly("nbytes", &LshIndex::bytes);
    module.def("lsh_index", &make, py::arg("rows"), py::arg("metric"), py::arg("tables"), py::arg("hashes"),
               py::arg("width"), py::arg("seed"), py::arg("threads"));
}

}  // namespace lanner::bindings
