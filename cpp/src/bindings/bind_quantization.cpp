// Codes that stand alone: arrays in, arrays out.
#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "bindings/hits.hpp"
#include "codecs/binary_quantizer.hpp"
#include "codecs/load_quantizer.hpp"
#include "codecs/product_quantizer.hpp"
#include "codecs/reduction.hpp"
#include "search/code_scan.hpp"
#include "storage/mapped_file.hpp"
#include "storage/replacing.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;
using Shared = std::shared_ptr<Quantizer>;

template <typename Array>
Array matrix(std::size_t rows, std::size_t columns) {
    return Array({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
}

// What learns the quantizer that a dict names: {"kind": "pq" or "opq", "m": int, "bits": int}, {"kind": "binary",
// "bits": int} or {"kind": "reduce", "dim": int, "code": one of the others or None}.
Reduction::InnerFit fit_of(const py::dict& parameters) {
    const auto kind = parameters["kind"].cast<std::string>();
    if (kind == "reduce") {
        const auto reduced = parameters["dim"].cast<std::size_t>();
        const py::object code = parameters["code"];
        const Reduction::InnerFit inner = code.is_none() ? Reduction::InnerFit() : fit_of(code);
        return [=](const float* rows, std::size_t count, std::size_t dim, const FitOptions& options) {
            return Reduction::fit(rows, count, dim, reduced, inner, options);
        };
    }
    const auto bits = parameters["bits"].cast<unsigned>();
    if (kind == "binary") {
        return [=](const float* rows, std::size_t count, std::size_t dim, const FitOptions& options) {
            return BinaryQuantizer::fit(rows, count, dim, bits, options);
        };
    }
    const auto m = parameters["m"].cast<std::size_t>();
    return [=](const float* rows, std::size_t count, std::size_t dim, const FitOptions& options) {
        return ProductQuantizer::fit(rows, count, {dim, m, bits, kind == "opq"}, options);
    };
}

Shared fit_quantizer(const FloatArray& vectors, const py::dict& parameters, std::uint64_t seed, std::size_t threads,
                     const py::object& progress) {
    if (vectors.ndim() != 2) throw Error(ErrorKind::kInvalidArgument, "vectors must have two axes");
    const Reduction::InnerFit learn = fit_of(parameters);
    const FitOptions options{seed, threads, progress_of(progress)};
    const float* const rows = vectors.data();
    const std::size_t count = rows_of(vectors);
    const auto dim = static_cast<std::size_t>(vectors.shape(1));
    const py::gil_scoped_release release;
    return learn(rows, count, dim, options);
}

ByteArray encode(const Quantizer& quantizer, const FloatArray& vectors, std::size_t threads) {
    require_columns(vectors, quantizer.dim(), "vectors");
    auto codes = matrix<ByteArray>(rows_of(vectors), quantizer.code_bytes());
    const float* const rows = vectors.data();
    std::uint8_t* const to = codes.mutable_data();
    const std::size_t count = rows_of(vectors);
    const py::gil_scoped_release release;
    require_norms(rows, count, quantizer.dim(), "vectors");
    quantizer.encode(rows, count, to, {threads, see_signals});
    return codes;
}

FloatArray decode(const Quantizer& quantizer, const ByteArray& codes, std::size_t threads) {
    require_columns(codes, quantizer.code_bytes(), "codes");
    auto vectors = matrix<FloatArray>(rows_of(codes), quantizer.dim());
    const std::uint8_t* const from = codes.data();
    float* const to = vectors.mutable_data();
    const std::size_t count = rows_of(codes);
    const py::gil_scoped_release release;
    quantizer.decode(from, count, to, {threads, see_signals});
    return vectors;
}

PackedCodes pack(const Shared& quantizer, const ByteArray& codes, const std::string& metric, std::size_t threads) {
    require_columns(codes, quantizer->code_bytes(), "codes");
    const Metric asked = metric_of(metric);
    const std::uint8_t* const from = codes.data();
    const std::size_t count = rows_of(codes);
    const py::gil_scoped_release release;
    return PackedCodes(quantizer, from, count, asked, {threads, see_signals});
}

py::tuple search_packed(const PackedCodes& codes, const FloatArray& queries, std::size_t k, const RowSets* among,
                        std::size_t threads) {
    require_columns(queries, codes.quantizer().dim(), "queries");
    const std::size_t count = rows_of(queries);
    const RowSets& sets = rows_among(among, count, codes.count());
    const float* const rows = queries.data();
    Found found;
    {
        const py::gil_scoped_release release;
        require_norms(rows, count, codes.quantizer().dim(), "queries");
        found = codes.nearest(rows, count, k, {threads, see_signals}, sets);
    }
    return hit_table(found, k);
}

void save(const Quantizer& quantizer, const std::string& path) {
    const py::gil_scoped_release release;
    Replacement replacement(path);
    SectionWriter writer(replacement.file());
    quantizer.save(writer);
    writer.finish();
    replacement.commit();
}

Shared load_quantizer(const std::string& path) {
    const py::gil_scoped_release release;
    const MappedFile file = map_file(path, false);
    return load_quantizer(SectionReader(file.bytes, file.owner));
}

// What the classes in Python show of a fitted quantizer; what fit_of() reads is part of it.
py::dict figures_of_quantizer(const Quantizer& quantizer) {
    py::dict dict;
    dict["kind"] = quantizer.kind();
    dict["dim"] = quantizer.dim();
    dict["code_bytes"] = quantizer.code_bytes();
    if (const auto* const product = dynamic_cast<const ProductQuantizer*>(&quantizer)) {
        dict["m"] = product->shape().parts;
        dict["bits"] = product->shape().bits;
    }
    if (const auto* const binary = dynamic_cast<const BinaryQuantizer*>(&quantizer)) dict["bits"] = binary->bits();
    if (const auto* const reduction = dynamic_cast<const Reduction*>(&quantizer)) {
        dict["reduced"] = reduction->reduced();
        dict["code"] =
            reduction->inner() ? py::object(figures_of_quantizer(*reduction->inner())) : py::object(py::none());
    }
    return dict;
}

// The half-widths of binary codes' estimates.
FloatArray errors(const Quantizer& quantizer, const FloatArray& queries, const ByteArray& codes, float epsilon,
                  std::size_t threads) {
    const auto* const binary = dynamic_cast<const BinaryQuantizer*>(&quantizer);
    if (binary == nullptr) throw Error(ErrorKind::kWrongType, "only binary codes have error bounds");
    require_columns(queries, quantizer.dim(), "queries");
    require_columns(codes, quantizer.code_bytes(), "codes");
    auto out = matrix<FloatArray>(rows_of(queries), rows_of(codes));
    const float* const rows = queries.data();
    const std::uint8_t* const from = codes.data();
    float* const to = out.mutable_data();
    const std::size_t query_count = rows_of(queries);
    const std::size_t count = rows_of(codes);
    const py::gil_scoped_release release;
    require_norms(rows, query_count, quantizer.dim(), "queries");
    binary->errors(rows, query_count, from, count, epsilon, to, {threads, see_signals});
    return out;
}

FloatArray project(const Quantizer& quantizer, const FloatArray& vectors, std::size_t threads) {
    const auto* const reduction = dynamic_cast<const Reduction*>(&quantizer);
    if (reduction == nullptr) throw Error(ErrorKind::kWrongType, "only a reduction projects");
    require_columns(vectors, quantizer.dim(), "vectors");
    auto out = matrix<FloatArray>(rows_of(vectors), reduction->reduced());
    const float* const rows = vectors.data();
    float* const to = out.mutable_data();
    const std::size_t count = rows_of(vectors);
    const py::gil_scoped_release release;
    require_norms(rows, count, quantizer.dim(), "vectors");
    reduction->project(rows, count, to, {threads, see_signals});
    return out;
}

FloatArray distances(const PackedCodes& codes, const FloatArray& queries, std::size_t threads) {
    require_columns(queries, codes.quantizer().dim(), "queries");
    auto out = matrix<FloatArray>(rows_of(queries), codes.count());
    const float* const rows = queries.data();
    float* const to = out.mutable_data();
    const std::size_t count = rows_of(queries);
    const py::gil_scoped_release release;
    require_norms(rows, count, codes.quantizer().dim(), "queries");
    codes.distances(rows, count, to, {threads, see_signals});
    return out;
}

}  // namespace

void bind_quantization(py::module_& module) {
    py::class_<Quantizer, std::shared_ptr<Quantizer>>(module, "Quantizer")
        .def("encode", &encode, py::arg("vectors"), py::arg("threads"))
        .def("decode", &decode, py::arg("codes"), py::arg("threads"))
        .def(
            "pack",
            [](const std::shared_ptr<Quantizer>& quantizer, const ByteArray& codes, const std::string& metric,
               std::size_t threads) { return pack(quantizer, codes, metric, threads); },
            py::arg("codes"), py::arg("metric"), py::arg("threads"))
        .def("errors", &errors, py::arg("queries"), py::arg("codes"), py::arg("epsilon"), py::arg("threads"))
        .def("project", &project, py::arg("vectors"), py::arg("threads"))
        .def("save", &save, py::arg("path"))
        .def("figures", &figures_of_quantizer);
    py::class_<PackedCodes>(module, "PackedCodes")
        .def("search", &search_packed, py::arg("queries"), py::arg("k"), py::arg("among"), py::arg("threads"))
        .def("distances", &distances, py::arg("queries"), py::arg("threads"))
        .def("__len__", &PackedCodes::count)
        .def_property_readonly("nbytes", &PackedCodes::bytes);
    module.def("fit_quantizer", &fit_quantizer, py::arg("vectors"), py::arg("parameters"), py::arg("seed"),
               py::arg("threads"), py::arg("progress"));
    module.def("load_quantizer", &load_quantizer, py::arg("path"));
}

}  // namespace lanner::bindings
