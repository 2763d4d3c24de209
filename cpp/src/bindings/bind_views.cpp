// Several views of an item, and what a file of hashing holds.
#include <pybind11/stl.h>

#include <array>
#include <utility>

#include "bindings/bind.hpp"
#include "bindings/hash_files.hpp"
#include "bindings/hits.hpp"
#include "search/hashed_file.hpp"
#include "search/view_weight.hpp"
#include "storage/mapped_file.hpp"

namespace lanner::bindings {
namespace {

using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;
using LabelArray = py::array_t<std::uint32_t, py::array::c_style>;

constexpr std::array<std::pair<Fusion, const char*>, kFusionCount> kFusions{
    {{Fusion::kWeighted, "weighted"}, {Fusion::kConcat, "concat"}, {Fusion::kVote, "vote"}}};

Fusion fusion_of(const std::string& name) {
    for (const auto& [fusion, spelling] : kFusions) {
        if (name == spelling) return fusion;
    }
    throw Error(ErrorKind::kInvalidArgument, "fusion must be weighted, concat or vote, got '" + name + "'");
}

std::unique_ptr<MultiView> make_views(const std::vector<std::shared_ptr<HashFamily>>& views, const std::string& fusion,
                                      std::vector<double> weights) {
    return std::make_unique<MultiView>(std::vector<std::shared_ptr<const HashFamily>>(views.begin(), views.end()),
                                       fusion_of(fusion), std::move(weights));
}

ByteArray fuse(const MultiView& fused, const std::vector<ByteArray>& codes, std::size_t threads) {
    if (codes.size() != fused.views().size())
        throw Error(ErrorKind::kInvalidArgument, "codes must be one array a view, " +
                                                     std::to_string(fused.views().size()) + ", got " +
                                                     std::to_string(codes.size()));
    std::vector<const std::uint8_t*> from;
    for (std::size_t view = 0; view < codes.size(); ++view) {
        require_columns(codes[view], fused.views()[view]->code_bytes(), "codes");
        if (rows_of(codes[view]) != rows_of(codes[0]))
            throw Error(ErrorKind::kInvalidArgument, "codes must be as many in every view, got " +
                                                         std::to_string(rows_of(codes[0])) + " and " +
                                                         std::to_string(rows_of(codes[view])));
        from.push_back(codes[view].data());
    }
    const std::size_t count = rows_of(codes[0]);
    ByteArray out({static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(fused.code_bytes())});
    std::uint8_t* const to = out.mutable_data();
    const py::gil_scoped_release release;
    fused.fuse(from, count, to, {threads, see_signals});
    return out;
}

LabelledCodes labelled(const ByteArray& codes, const LabelArray& labels, const char* name) {
    if (labels.ndim() != 1 || codes.ndim() != 2 || codes.shape(1) < 1 || labels.size() != codes.shape(0))
        throw Error(ErrorKind::kInvalidArgument, std::string(name) + " must be one a code, " +
                                                     std::to_string(codes.ndim() < 1 ? 0 : codes.shape(0)) + ", got " +
                                                     std::to_string(labels.size()));
    return {codes.data(), labels.data(), rows_of(codes), static_cast<std::size_t>(codes.shape(1))};
}

// (mean average precision, stability).
std::pair<double, double> view_figures(const ByteArray& rows, const LabelArray& labels, const ByteArray& queries,
                                       const LabelArray& query_labels, std::size_t k, std::size_t threads) {
    const LabelledCodes base = labelled(rows, labels, "labels");
    const LabelledCodes asked = labelled(queries, query_labels, "query_labels");
    require_columns(queries, base.bytes, "queries");
    const py::gil_scoped_release release;
    const Work work{threads, see_signals};
    return {mean_average_precision(base, asked, work), neighbour_stability(base, asked, k, work)};
}

// A HashFamily; a HammingCodes or an LshIndex with the attributes; or the families, the fusion and the weights of views.
py::object load_views(const std::string& path, std::size_t threads) {
    std::unique_ptr<HashedFile> opened;
    {
        const py::gil_scoped_release release;
        const MappedFile file = map_file(path, false);
        opened = std::make_unique<HashedFile>(SectionReader(file.bytes, file.owner), Work{threads, see_signals});
    }
    if (opened->codes) return py::make_tuple(std::move(opened->codes), std::move(opened->attributes));
    if (opened->tables) return py::make_tuple(std::move(opened->tables), std::move(opened->attributes));
    if (!opened->views) return py::cast(opened->family);
    py::list views;
    for (const auto& each : opened->views->views()) views.append(std::const_pointer_cast<HashFamily>(each));
    const std::span<const double> weights = opened->views->weights();
    return py::make_tuple(views, kFusions[static_cast<std::size_t>(opened->views->fusion())].second,
                          std::vector<double>(weights.begin(), weights.end()));
}

}  // namespace

void bind_views(py::module_& module) {
    py::class_<MultiView>(module, "MultiView")
        .def(py::init(&make_views), py::arg("views"), py::arg("fusion"), py::arg("weights"))
        .def("fuse", &fuse, py::arg("codes"), py::arg("threads"))
        .def("weights",
             [](const MultiView& fused) { return std::vector<double>(fused.weights().begin(), fused.weights().end()); })
        .def(
            "save", [](const MultiView& fused, const std::string& path) { save_sections(path, fused, nullptr); },
            py::arg("path"));
    module.def("view_figures", &view_figures, py::arg("rows"), py::arg("labels"), py::arg("queries"),
               py::arg("query_labels"), py::arg("k"), py::arg("threads"));
    module.def("load_hashed", &load_views, py::arg("path"), py::arg("threads"));
}

}  // namespace lanner::bindings
