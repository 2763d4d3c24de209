// Hash families: vectors, bits or sets in, arrays of codes out.
#include <pybind11/stl.h>

#include "bindings/bind.hpp"
#include "bindings/given_rows.hpp"
#include "bindings/hash_files.hpp"
#include "codecs/quantizer.hpp"
#include "hashing/bit_sampling.hpp"
#include "hashing/cross_polytope.hpp"
#include "hashing/linear_hash.hpp"
#include "hashing/set_hashes.hpp"
#include "hashing/snr_hash.hpp"
#include "hashing/spectral_hash.hpp"
#include "hashing/stable_hash.hpp"
#include "hashing/supervised_hash.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using LongArray = py::array_t<std::int64_t, py::array::c_style>;
using ItemArray = py::array_t<std::uint64_t, py::array::c_style>;
using LabelArray = py::array_t<std::uint32_t, py::array::c_style>;
using Shared = std::shared_ptr<HashFamily>;

// Rows of what `fill` writes.
template <typename T, typename Fill>
py::array_t<T> rows_out(const HashFamily& family, const py::object& given, std::size_t columns, std::size_t threads,
                        const Fill& fill) {
    const GivenRows rows(family.input(), family.dim(), given);
    py::array_t<T> out({static_cast<py::ssize_t>(rows.get().count), static_cast<py::ssize_t>(columns)});
    T* const to = out.mutable_data();
    const py::gil_scoped_release release;
    rows.check();
    fill(rows.get(), to, Work{threads, see_signals});
    return out;
}

py::array hash_vectors(const HashFamily& family, const py::object& rows, std::size_t threads) {
    return rows_out<std::uint8_t>(
        family, rows, family.code_bytes(), threads,
        [&](const HashRows& given, std::uint8_t* out, const Work& work) { family.encode(given, out, work); });
}

py::array values(const HashFamily& family, const py::object& rows, std::size_t threads) {
    return rows_out<float>(
        family, rows, family.bits(), threads,
        [&](const HashRows& given, float* out, const Work& work) { family.values(given, out, work); });
}

py::array symbols(const HashFamily& family, const py::object& rows, std::size_t threads) {
    return rows_out<std::uint32_t>(
        family, rows, family.bits(), threads,
        [&](const HashRows& given, std::uint32_t* out, const Work& work) { family.symbols(given, out, work); });
}

py::array positions(const HashFamily& family, const py::object& rows, std::size_t threads) {
    const auto* const stable = dynamic_cast<const StableHash*>(&family);
    if (stable == nullptr) throw Error(ErrorKind::kWrongType, "only E2LSH has positions");
    return rows_out<float>(
        family, rows, family.bits(), threads,
        [&](const HashRows& given, float* out, const Work& work) { stable->positions(given, out, work); });
}

Shared make_hash(const std::string& kind, std::size_t dim, std::size_t bits, double width, std::uint64_t seed) {
    const py::gil_scoped_release release;
    if (kind == "hyperplanes") return random_hyperplanes(dim, bits, seed);
    if (kind == "cross_polytope") return std::make_shared<CrossPolytope>(dim, bits, seed);
    if (kind == "e2lsh") return std::make_shared<StableHash>(dim, bits, width, seed);
    if (kind == "bit_sampling") return std::make_shared<BitSampling>(dim, bits, seed);
    if (kind == "minhash") return std::make_shared<MinHash>(bits, seed);
    if (kind == "simhash") return std::make_shared<SimHash>(bits, seed);
    refuse("there is no hash of kind '" + kind + "' that learns nothing");
}

Shared fit_hash(const FloatArray& vectors, const std::optional<LabelArray>& labels, std::size_t classes,
                const py::dict& parameters, std::uint64_t seed, std::size_t threads, const py::object& progress) {
    if (vectors.ndim() != 2) refuse("vectors must have two axes");
    if (labels && (labels->ndim() != 1 || labels->size() != vectors.shape(0)))
        refuse("labels must be as many as vectors");
    const auto kind = parameters["kind"].cast<std::string>();
    const auto bits = parameters["bits"].cast<std::size_t>();
    const LearningRows rows{vectors.data(), rows_of(vectors), static_cast<std::size_t>(vectors.shape(1))};
    const FitOptions options{seed, threads, progress_of(progress)};
    if (bits < 8 || bits > kMaxHashBits || bits % 8 != 0) refuse("bits must be a multiple of 8");
    std::size_t rounds = 0;
    SupervisedOptions supervised;
    SnrOptions snr;
    if (kind == "itq") rounds = parameters["rounds"].cast<std::size_t>();
    if (kind == "sdh") {
        supervised = {parameters["rounds"].cast<std::size_t>(), parameters["lambda"].cast<double>(),
                      parameters["nu"].cast<double>()};
    }
    if (kind == "snr") {
        snr = {parameters["steps"].cast<std::size_t>(), parameters["margin"].cast<double>(),
               parameters["balance"].cast<double>(), parameters["quantization"].cast<double>()};
    }
    Labels given{nullptr, classes};
    if (kind == "sdh" || kind == "snr") {
        if (!labels) refuse("labels must be given");
        given.of_rows = labels->data();
        for (std::size_t i = 0; i < rows.count; ++i) {
            if (given.of_rows[i] >= classes) refuse("labels must be below the number of classes");
        }
    }
    const py::gil_scoped_release release;
    if (kind == "pca") return fit_pca_hash(rows, bits, options);
    if (kind == "itq") return fit_itq(rows, bits, rounds, options);
    if (kind == "spectral") return SpectralHash::fit(rows, bits, options);
    if (kind == "sdh") return fit_supervised(rows, given, bits, supervised, options);
    if (kind == "snr") return fit_snr(rows, given, bits, snr, options);
    refuse("there is no hash of kind '" + kind + "' that learns");
}

py::dict figures_of_hash(const HashFamily& family) {
    py::dict dict;
    dict["kind"] = family.kind();
    dict["dim"] = family.dim();
    dict["bits"] = family.bits();
    dict["has_values"] = family.has_values();
    dict["has_symbols"] = family.has_symbols();
    if (const auto* const stable = dynamic_cast<const StableHash*>(&family)) dict["width"] = stable->width();
    return dict;
}

// One item of row `row`; nothing is lost or mistaken: numbers beyond 64 bits, floats and booleans are refused.
std::uint64_t item_of(const py::handle& item, std::size_t row) {
    if (PyUnicode_Check(item.ptr()) != 0) {
        Py_ssize_t length = 0;
        const char* const text = PyUnicode_AsUTF8AndSize(item.ptr(), &length);
        if (text == nullptr) throw py::error_already_set();
        return token_item({text, static_cast<std::size_t>(length)});
    }
    if (PyBytes_Check(item.ptr()) != 0)
        return token_item({PyBytes_AS_STRING(item.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(item.ptr()))});
    if (PyBool_Check(item.ptr()) != 0 || PyIndex_Check(item.ptr()) == 0)
        throw Error(ErrorKind::kWrongType, "items must be str, bytes or integers, got " +
                                               std::string(Py_TYPE(item.ptr())->tp_name) + " in row " +
                                               std::to_string(row));
    const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(item.ptr()));
    if (!number) throw py::error_already_set();
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
    if (overflow != 0)
        refuse("items must fit 64 bits, got " + py::str(number).cast<std::string>() + " in row " + std::to_string(row));
    return integer_item(value);
}

template <typename T>
py::array_t<T> array_from(const std::vector<T>& from) {
    py::array_t<T> out(static_cast<py::ssize_t>(from.size()));
    std::copy(from.begin(), from.end(), out.mutable_data());
    return out;
}

// A list of collections, of dicts where there are weights, as (offsets, items[, weights]).
py::tuple sets_of(const py::list& sets, bool weighted) {
    std::vector<std::int64_t> offsets{0};
    std::vector<std::uint64_t> items;
    std::vector<double> weights;
    for (std::size_t row = 0; row < sets.size(); ++row) {
        const py::handle set = sets[row];
        const bool text = PyUnicode_Check(set.ptr()) != 0 || PyBytes_Check(set.ptr()) != 0;
        const bool fits = weighted ? py::isinstance<py::dict>(set) : !text && py::isinstance<py::iterable>(set);
        if (!fits) {
            throw Error(ErrorKind::kWrongType, std::string(weighted ? "features must be dicts of weights by feature"
                                                                    : "sets must be collections of items") +
                                                   ", got " + Py_TYPE(set.ptr())->tp_name + " in row " +
                                                   std::to_string(row));
        }
        if (weighted) {
            for (const auto& [item, weight] : py::reinterpret_borrow<py::dict>(set)) {
                items.push_back(item_of(item, row));
                const double value = PyFloat_AsDouble(weight.ptr());
                if (value == -1 && PyErr_Occurred() != nullptr) {
                    const bool beyond = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
                    PyErr_Clear();
                    if (beyond) refuse("weights must be finite, got one beyond float64 in row " + std::to_string(row));
                    throw Error(ErrorKind::kWrongType, "weights must be numbers, got " +
                                                           std::string(Py_TYPE(weight.ptr())->tp_name) + " in row " +
                                                           std::to_string(row));
                }
                weights.push_back(value);
            }
        } else {
            for (const py::handle item : set) items.push_back(item_of(item, row));
        }
        offsets.push_back(static_cast<std::int64_t>(items.size()));
    }
    if (!weighted) return py::make_tuple(array_from(offsets), array_from(items));
    return py::make_tuple(array_from(offsets), array_from(items), array_from(weights));
}

ItemArray integer_items(const LongArray& values) {
    ItemArray out(values.size());
    const std::int64_t* const from = values.data();
    std::uint64_t* const to = out.mutable_data();
    for (py::ssize_t i = 0; i < values.size(); ++i) to[i] = integer_item(from[i]);
    return out;
}

}  // namespace

void bind_hashing(py::module_& module) {
    py::class_<HashFamily, Shared>(module, "HashFamily")
        .def("encode", &hash_vectors, py::arg("rows"), py::arg("threads"))
        .def("values", &values, py::arg("rows"), py::arg("threads"))
        .def("symbols", &symbols, py::arg("rows"), py::arg("threads"))
        .def("positions", &positions, py::arg("rows"), py::arg("threads"))
        .def(
            "save", [](const HashFamily& family, const std::string& path) { save_sections(path, family, nullptr); },
            py::arg("path"))
        .def("figures", &figures_of_hash);
    module.def("make_hash", &make_hash, py::arg("kind"), py::arg("dim"), py::arg("bits"), py::arg("width"),
               py::arg("seed"));
    module.def("fit_hash", &fit_hash, py::arg("vectors"), py::arg("labels"), py::arg("classes"), py::arg("parameters"),
               py::arg("seed"), py::arg("threads"), py::arg("progress"));
    module.def("sets_of", &sets_of, py::arg("sets"), py::arg("weighted"));
    module.def("integer_items", &integer_items, py::arg("values"));
}

}  // namespace lanner::bindings
