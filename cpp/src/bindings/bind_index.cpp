// The index: arrays in, arrays out.
#include <pybind11/stl.h>

#include <optional>

#include "bindings/bind.hpp"
#include "bindings/columns.hpp"
#include "bindings/explanation.hpp"
#include "kernels/metric.hpp"

namespace lanner::bindings {
namespace {

std::string shape_text(const py::array& array) {
    std::string text = "(";
    for (py::ssize_t axis = 0; axis < array.ndim(); ++axis)
        text += (axis > 0 ? ", " : "") + std::to_string(array.shape(axis));
    return text + ")";
}

// Whatever waits for a lock of an index lets other threads run: one of them may hold that lock and want the interpreter's.
template <typename Work>
auto unlocked(const Work& work) {
    const py::gil_scoped_release release;
    return work();
}

// What an index is doing may take a while to end.
struct DestroyWithoutGil {
    void operator()(Index* index) const noexcept {
        const py::gil_scoped_release release;
        delete index;
    }
};

std::vector<py::ssize_t> shape_of(bool single, std::size_t count, std::size_t k) {
    if (single) return {static_cast<py::ssize_t>(k)};
    return {static_cast<py::ssize_t>(count), static_cast<py::ssize_t>(k)};
}

// One str a place; None from `counts` of each row of k on, where counts are given.
py::array strings_array(const std::vector<std::string>& strings, const std::vector<py::ssize_t>& shape, std::size_t k,
                        const std::int64_t* counts) {
    py::array array(py::dtype("O"), shape);
    auto* const places = static_cast<PyObject**>(array.mutable_data());
    for (std::size_t i = 0; i < strings.size(); ++i) {
        const bool hit = counts == nullptr || i % k < static_cast<std::size_t>(counts[i / k]);
        py::object value = hit ? py::object(py::str(strings[i])) : py::object(py::none());
        Py_XDECREF(places[i]);
        places[i] = value.release().ptr();
    }
    return array;
}

py::object ids_array(const OwnedIds& ids) {
    if (const auto* const integers = std::get_if<std::vector<std::int64_t>>(&ids)) {
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(integers->size()), integers->data());
    }
    const auto& strings = std::get<std::vector<std::string>>(ids);
    return strings_array(strings, {static_cast<py::ssize_t>(strings.size())}, 1, nullptr);
}

// None, one filter, or a list of them.
std::vector<Filter> filters_of(const py::object& given) {
    if (given.is_none()) return {};
    if (py::isinstance<Filter>(given)) return {given.cast<const Filter&>()};
    std::vector<Filter> filters;
    for (const py::handle each : given.cast<py::list>()) filters.push_back(each.cast<const Filter&>());
    return filters;
}

// One query is answered before anybody could lose patience, and its call should cost nothing more.
SearchOptions options_of(std::size_t queries, std::size_t k, std::size_t ef, bool exact, std::size_t threads,
                         std::optional<std::size_t> rerank, double recall, std::span<const Filter> filters) {
    SearchOptions options{k, ef, exact, threads, nullptr, rerank, recall, filters};
    if (queries > 1) options.poll = see_signals;
    return options;
}

Keep keep_of(const std::optional<std::string>& name, const std::string& dtype) {
    if (!name) return Keep::kNothing;
    if (*name == dtype) return Keep::kAsGiven;
    if (*name == "float16") return Keep::kFloat16;
    throw Error(ErrorKind::kInvalidArgument, "keep must be '" + dtype + "', 'float16' or none, got '" + *name + "'");
}

// search() and search_by_id() differ in what they are asked with.
template <typename Search>
py::tuple hits_of(const Index& index, bool single, std::size_t count, const SearchOptions& options, HitColumns* columns,
                  const Search& search) {
    if (options.k == 0) throw Error(ErrorKind::kInvalidArgument, "k must be at least 1, got 0");
    // A k meant as "all" costs no more than what is there; room for billions of hits that cannot be is refused.
    constexpr std::size_t kPlentyOfPlaces = std::size_t{1} << 24;
    if (count > 0 && options.k > kPlentyOfPlaces / count) {
        const std::size_t items = [&] {
            const py::gil_scoped_release release;
            return index.size();
        }();
        if (options.k > items) {
            throw Error(ErrorKind::kInvalidArgument, "k must be at most the number of items, " + std::to_string(items) +
                                                         ", where it is this large, got " + std::to_string(options.k));
        }
    }
    const std::vector<py::ssize_t> shape = shape_of(single, count, options.k);
    py::array_t<float> distances(shape);
    float* const distances_out = distances.mutable_data();
    if (index.id_kind() == IdKind::kString) {
        std::vector<std::string> strings(count * options.k);
        std::vector<std::int64_t> counts(count);
        {
            const py::gil_scoped_release release;
            search(HitBuffers{nullptr, strings.data(), distances_out, counts.data(), columns});
        }
        const py::array ids = strings_array(strings, shape, options.k, counts.data());
        if (single) return py::make_tuple(ids, distances, counts[0]);
        return py::make_tuple(ids, distances,
                              py::array_t<std::int64_t>(static_cast<py::ssize_t>(count), counts.data()));
    }
    py::array_t<std::int64_t> ids(shape);
    std::int64_t* const ids_out = ids.mutable_data();
    if (single) {
        std::int64_t found = 0;
        {
            const py::gil_scoped_release release;
            search(HitBuffers{ids_out, nullptr, distances_out, &found, columns});
        }
        return py::make_tuple(std::move(ids), std::move(distances), found);
    }
    py::array_t<std::int64_t> counts(static_cast<py::ssize_t>(count));
    std::int64_t* const counts_out = counts.mutable_data();
    {
        const py::gil_scoped_release release;
        search(HitBuffers{ids_out, nullptr, distances_out, counts_out, columns});
    }
    return py::make_tuple(std::move(ids), std::move(distances), std::move(counts));
}

using Names = std::optional<std::vector<std::string>>;

// With columns behind the hits where there are names.
template <typename Search>
py::tuple run_search(const Index& index, bool single, std::size_t count, const SearchOptions& options,
                     const Names& names, const Search& search) {
    if (!names) return hits_of(index, single, count, options, nullptr, search);
    HitColumns columns{*names, {}};
    const py::tuple hits = hits_of(index, single, count, options, &columns, search);
    return py::make_tuple(hits[0], hits[1], hits[2], columns_of(joined(columns.queries)));
}

py::tuple search(const Index& index, const py::array& queries, std::size_t k, std::size_t ef, bool exact,
                 std::size_t threads, std::optional<std::size_t> rerank, double recall, const py::object& filter,
                 const Names& names) {
    const Vectors vectors = vectors_of(queries, index.options().type, index.options().dim, "queries");
    const std::vector<Filter> filters = filters_of(filter);
    const SearchOptions options = options_of(vectors.count, k, ef, exact, threads, rerank, recall, filters);
    return run_search(index, queries.ndim() == 1, vectors.count, options, names,
                      [&](const HitBuffers& out) { index.search(vectors, options, out); });
}

py::tuple search_by_id(const Index& index, const py::object& ids, std::size_t k, std::size_t ef, bool exact,
                       std::size_t threads, std::optional<std::size_t> rerank, double recall, const py::object& filter,
                       const Names& names) {
    const GivenIds given(ids);
    const std::vector<Filter> filters = filters_of(filter);
    const SearchOptions options = options_of(given.count(), k, ef, exact, threads, rerank, recall, filters);
    return run_search(index, false, given.count(), options, names,
                      [&](const HitBuffers& out) { index.search_by_id(given.get(), options, out); });
}

py::tuple search_radius(const Index& index, const py::array& queries, float radius, std::size_t ef, bool exact,
                        std::size_t threads, const py::object& filter, const Names& names) {
    const Vectors vectors = vectors_of(queries, index.options().type, index.options().dim, "queries");
    const std::vector<Filter> filters = filters_of(filter);
    RadiusHits hits;
    {
        const py::gil_scoped_release release;
        const SearchOptions options = options_of(vectors.count, 1, ef, exact, threads, std::nullopt, 0, filters);
        hits = index.search_radius(vectors, radius, options, names ? &*names : nullptr);
    }
    const auto count = static_cast<py::ssize_t>(hits.distances.size());
    const py::object ids = ids_array(hits.ids);
    const py::array_t<float> distances(count, hits.distances.data());
    const py::array_t<std::int64_t> offsets(static_cast<py::ssize_t>(hits.offsets.size()), hits.offsets.data());
    if (!names) return py::make_tuple(ids, distances, offsets);
    return py::make_tuple(ids, distances, offsets,
                          columns_of({static_cast<std::size_t>(count), std::move(hits.columns)}));
}

py::dict explain(const Index& index, const py::array& query, const Filter* filter, std::size_t k, std::size_t ef,
                 bool exact, std::optional<std::size_t> rerank, double recall) {
    const Vectors vectors = vectors_of(query, index.options().type, index.options().dim, "query");
    Explanation report;
    {
        const py::gil_scoped_release release;
        const SearchOptions options = options_of(1, k, ef, exact, 1, rerank, recall, {});
        report = filter != nullptr ? index.explain(vectors, *filter, options) : index.explain(vectors, options);
    }
    return explained(report);
}

py::object add(Index& index, const py::array& vectors, const py::object& ids, bool upsert, std::size_t threads,
               const py::object& progress, const Columns* attributes) {
    const Vectors rows = vectors_of(vectors, index.options().type, index.options().dim, "vectors");
    const GivenIds given(ids);
    const Progress poll = progress_of(progress);
    OwnedIds result;
    {
        const py::gil_scoped_release release;
        const TableView table = attributes != nullptr ? attributes->view() : TableView();
        result = index.add(rows, given.get(), {threads, poll}, upsert, attributes != nullptr ? &table : nullptr);
    }
    if (const auto* const strings = std::get_if<std::vector<std::string>>(&result)) return py::cast(*strings);
    return ids_array(result);
}

py::array get(const Index& index, const py::object& ids) {
    const GivenIds given(ids);
    const ElementType type = index.options().type;
    const char* const format = type == ElementType::kFloat32    ? "float32"
                               : type == ElementType::kFloat16  ? "float16"
                               : type == ElementType::kBFloat16 ? "uint16"
                               : type == ElementType::kInt8     ? "int8"
                                                                : "uint8";
    const py::dtype dtype(format);
    const std::size_t columns = index.row_bytes() / static_cast<std::size_t>(dtype.itemsize());
    py::array rows(
        dtype, std::vector<py::ssize_t>{static_cast<py::ssize_t>(given.count()), static_cast<py::ssize_t>(columns)});
    void* const out = rows.mutable_data();
    {
        const py::gil_scoped_release release;
        index.get(given.get(), out);
    }
    return rows;
}

void update_attributes(Index& index, const py::object& ids, const Columns& attributes) {
    const GivenIds given(ids);
    const py::gil_scoped_release release;
    index.update_attributes(given.get(), attributes.view());
}

Columns attributes(const Index& index, const py::object& ids, const std::vector<std::string>& names) {
    const GivenIds given(ids);
    const py::gil_scoped_release release;
    return columns_of({given.count(), index.attributes(given.get(), names)});
}

bool contains(const Index& index, const py::object& id) {
    if (py::isinstance<py::str>(id)) {
        const auto text = id.cast<std::string>();
        const py::gil_scoped_release release;
        return index.contains(std::string_view(text));
    }
    const auto integer = id.cast<std::int64_t>();
    const py::gil_scoped_release release;
    return index.contains(integer);
}

Sync sync_of(const std::string& name) {
    if (name == "always") return Sync::kAlways;
    if (name == "batch") return Sync::kBatch;
    throw Error(ErrorKind::kInvalidArgument, "sync must be 'always' or 'batch', got '" + name + "'");
}

py::object journal(const Index& index) {
    const std::optional<DurableState> state = unlocked([&] { return index.durable(); });
    if (!state) return py::none();
    py::dict dict;
    dict["path"] = state->path;
    dict["bytes"] = state->bytes;
    dict["changes"] = state->changes;
    dict["replayed"] = state->replayed;
    dict["cut_bytes"] = state->cut_bytes;
    dict["checkpoints"] = state->checkpoints;
    dict["failure"] = state->failure.empty() ? py::object(py::none()) : py::object(py::str(state->failure));
    return dict;
}

py::bytes to_bytes(const Index& index) {
    const std::vector<std::byte> bytes = unlocked([&] { return index.to_bytes(); });
    return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

Progress progress_of(const py::object& callable) {
    return [&callable](std::size_t done, std::size_t total) {
        const py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (!callable.is_none()) callable(done, total);
    };
}

void see_signals() {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

Vectors vectors_of(const py::array& array, ElementType type, std::size_t dim, const char* argument) {
    // Words are put together only where they are needed: one query's call is short enough to feel them.
    const auto refuse = [&](ErrorKind kind, const std::string& wanted, const std::string& got) {
        throw Error(kind, std::string(argument) + " must " + wanted + ", got " + got);
    };
    if ((array.flags() & py::array::c_style) == 0) refuse(ErrorKind::kWrongType, "be C-contiguous", "other strides");
    Vectors vectors;
    vectors.type = type;
    if (is_float(type)) {
        if (py::isinstance<py::array_t<float>>(array)) {
            vectors.type = ElementType::kFloat32;
        } else if (array.dtype().kind() == 'f' && array.itemsize() == 2) {
            vectors.type = ElementType::kFloat16;
        } else {
            if (!py::isinstance<py::array_t<std::uint16_t>>(array))
                refuse(ErrorKind::kWrongType, "be float32, float16 or bfloat16 bits", py::str(array.dtype()));
            vectors.type = ElementType::kBFloat16;
        }
    } else if (type == ElementType::kInt8) {
        if (!py::isinstance<py::array_t<std::int8_t>>(array))
            refuse(ErrorKind::kWrongType, "be int8", py::str(array.dtype()));
    } else if (!py::isinstance<py::array_t<std::uint8_t>>(array)) {
        refuse(ErrorKind::kWrongType, "be uint8", py::str(array.dtype()));
    }
    if (array.ndim() != 1 && array.ndim() != 2)
        refuse(ErrorKind::kInvalidArgument, "have one or two axes", "shape " + shape_text(array));
    const std::size_t columns = type == ElementType::kBits ? (dim + 7) / 8 : dim;
    const auto given = static_cast<std::size_t>(array.shape(array.ndim() - 1));
    if (given != columns) {
        refuse(ErrorKind::kInvalidArgument,
               type == ElementType::kBits
                   ? "have " + std::to_string(columns) + " bytes a row for dim " + std::to_string(dim)
                   : "have dim " + std::to_string(dim),
               std::to_string(given));
    }
    vectors.data = array.data();
    vectors.count = array.ndim() == 1 ? 1 : static_cast<std::size_t>(array.shape(0));
    return vectors;
}

GivenIds::GivenIds(const py::object& ids) : keeper_(ids) {
    if (ids.is_none()) return;
    if (py::isinstance<py::list>(ids)) {
        for (const py::handle each : ids) {
            Py_ssize_t size = 0;
            const char* const text = PyUnicode_AsUTF8AndSize(each.ptr(), &size);
            if (text == nullptr) throw py::error_already_set();
            strings_.emplace_back(text, static_cast<std::size_t>(size));
        }
        ids_ = std::span<const std::string_view>(strings_);
        return;
    }
    if (!py::isinstance<py::array_t<std::int64_t, py::array::c_style>>(ids)) {
        throw Error(ErrorKind::kWrongType, "ids must be an int64 array or a list of str");
    }
    const auto array = py::reinterpret_borrow<py::array>(ids);
    if (array.ndim() != 1)
        throw Error(ErrorKind::kInvalidArgument, "ids must have one axis, got shape " + shape_text(array));
    ids_ = std::span<const std::int64_t>(static_cast<const std::int64_t*>(array.data()),
                                         static_cast<std::size_t>(array.shape(0)));
}

std::optional<std::string> codec_of(const IndexOptions& options) {
    if (options.codec == CodecKind::kNone) return std::nullopt;
    return codec_name(options);
}

std::optional<std::string> keep_name(const IndexOptions& options) {
    if (options.keep == Keep::kNothing) return std::nullopt;
    return options.keep == Keep::kFloat16 ? "float16" : std::string(element_name(options.type));
}

std::size_t GivenIds::count() const noexcept {
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&ids_)) return integers->size();
    return strings_.size();
}

void bind_index(py::module_& module) {
    const auto without_gil = py::call_guard<py::gil_scoped_release>();
    py::class_<Index, std::unique_ptr<Index, DestroyWithoutGil>>(module, "Index")
        .def(py::init([](std::size_t dim, const std::string& metric, const std::string& dtype, bool graph,
                         std::uint32_t M, std::uint32_t ef_construction, std::uint64_t seed,
                         const std::optional<std::string>& codec, const std::optional<std::string>& keep,
                         const std::optional<std::vector<std::pair<std::string, std::string>>>& schema,
                         std::optional<std::size_t> memory_budget) {
                 IndexOptions options{dim, metric_of(metric), element_of(dtype), graph, M, ef_construction, seed};
                 if (memory_budget) {
                     fit_budget(options, *memory_budget);
                 } else {
                     set_codec(options, codec.value_or("none"));
                     options.keep = keep_of(keep, dtype);
                 }
                 if (schema) options.schema = schema_of(*schema);
                 return Index(options);
             }),
             py::arg("dim"), py::arg("metric"), py::arg("dtype"), py::arg("graph"), py::arg("M"),
             py::arg("ef_construction"), py::arg("seed"), py::arg("codec"), py::arg("keep"),
             py::arg("schema"), py::arg("memory_budget"))
        .def_property_readonly("bytes_a_vector", [](const Index& index) { return bytes_a_vector(index.options()); })
        .def_property_readonly("codec_recall",
                               [](const Index& index) { return unlocked([&] { return index.codec_recall(); }); })
        .def_static(
            "open",
            [](const std::string& path, bool writable, bool verify, bool preload, bool durable, const std::string& sync,
               std::uint64_t journal_bytes, const py::object& progress) {
                const Progress report = progress_of(progress);
                const py::gil_scoped_release release;
                return Index::open(path, {.writable = writable,
                                          .verify = verify,
                                          .preload = preload,
                                          .durable = durable,
                                          .sync = sync_of(sync),
                                          .journal_bytes = journal_bytes,
                                          .progress = report});
            },
            py::arg("path"), py::arg("writable"), py::arg("verify"), py::arg("preload"), py::arg("durable"),
            py::arg("sync"), py::arg("journal_bytes"), py::arg("progress"))
        .def("close", &Index::close, without_gil)
        .def("journal", &journal)
        .def_static(
            "from_bytes",
            [](const py::bytes& data) {
                const std::string_view view = data;
                const py::gil_scoped_release release;
                return Index::from_bytes(std::as_bytes(std::span(view)));
            },
            py::arg("data"))
        .def("to_bytes", &to_bytes)
        .def("save", &Index::save, py::arg("path"), without_gil)
        .def(
            "fit",
            [](Index& index, const py::array& vectors, std::size_t threads, const py::object& progress) {
                const Vectors rows = vectors_of(vectors, index.options().type, index.options().dim, "vectors");
                const Progress report = progress_of(progress);
                const py::gil_scoped_release release;
                index.fit(rows, {threads, report});
            },
            py::arg("vectors"), py::arg("threads"), py::arg("progress"))
        .def_property_readonly("rows_to_fit",
                               [](const Index& index) {
                                   const auto rows = unlocked([&] { return index.rows_to_fit(); });
                                   return py::make_tuple(rows.least, rows.ample);
                               })
        .def("add", &add, py::arg("vectors"), py::arg("ids"), py::arg("upsert"), py::arg("threads"),
             py::arg("progress"), py::arg("attributes"))
        .def("update_attributes", &update_attributes, py::arg("ids"), py::arg("attributes"))
        .def("attributes", &attributes, py::arg("ids"), py::arg("names"))
        .def_property_readonly(
            "schema", [](const Index& index) { return schema_pairs(unlocked([&] { return index.schema(); })); })
        .def_property_readonly("schema_given",
                               [](const Index& index) { return unlocked([&] { return index.schema_given(); }); })
        .def(
            "remove",
            [](Index& index, const py::object& ids, std::size_t threads) {
                const GivenIds given(ids);
                const py::object nobody = py::none();
                const Progress poll = progress_of(nobody);
                const py::gil_scoped_release release;
                index.remove(given.get(), {threads, poll});
            },
            py::arg("ids"), py::arg("threads"))
        .def(
            "remove_where",
            [](Index& index, const Filter& filter, std::size_t threads) {
                const py::object nobody = py::none();
                const Progress poll = progress_of(nobody);
                const py::gil_scoped_release release;
                return index.remove(filter, {threads, poll});
            },
            py::arg("filter"), py::arg("threads"))
        .def("get", &get, py::arg("ids"))
        .def("contains", &contains, py::arg("id"))
        .def("ids",
             [](const Index& index) { return ids_array(unlocked([&] { return index.ids(); })); })
        .def(
            "ids_where",
            [](const Index& index, const Filter& filter) {
                return ids_array(unlocked([&] { return index.ids(filter); }));
            },
            py::arg("filter"))
        .def("search", &search, py::arg("queries"), py::arg("k"), py::arg("ef"), py::arg("exact"), py::arg("threads"),
             py::arg("rerank"), py::arg("recall"), py::arg("filter"), py::arg("attributes") = py::none())
        .def("search_by_id", &search_by_id, py::arg("ids"), py::arg("k"), py::arg("ef"), py::arg("exact"),
             py::arg("threads"), py::arg("rerank"), py::arg("recall"), py::arg("filter"),
             py::arg("attributes") = py::none())
        .def("search_radius", &search_radius, py::arg("queries"), py::arg("radius"), py::arg("ef"), py::arg("exact"),
             py::arg("threads"), py::arg("filter"), py::arg("attributes") = py::none())
        .def(
            "count",
            [](const Index& index, const Filter& filter) {
                const py::gil_scoped_release release;
                return index.count(filter);
            },
            py::arg("filter"))
        .def("explain", &explain, py::arg("query"), py::arg("filter"), py::arg("k"), py::arg("ef"), py::arg("exact"),
             py::arg("rerank"), py::arg("recall"))
        .def(
            "compact",
            [](Index& index, std::size_t threads, const py::object& progress) {
                const Progress poll = progress_of(progress);
                const py::gil_scoped_release release;
                index.compact({threads, poll});
            },
            py::arg("threads"), py::arg("progress"))
        .def("validate",
             [](const Index& index) {
                 const GraphFigures figures = unlocked([&] { return index.validate(); });
                 py::dict dict;
                 dict["nodes"] = figures.nodes;
                 dict["reachable"] = figures.reachable;
                 dict["levels"] = figures.levels;
                 dict["edges"] = figures.edges;
                 return dict;
             })
        .def("memory",
             [](const Index& index) {
                 const MemoryUse use = unlocked([&] { return index.memory(); });
                 py::dict dict;
                 dict["vectors"] = use.vectors;
                 dict["graph"] = use.graph;
                 dict["ids"] = use.ids;
                 dict["attributes"] = use.attributes;
                 dict["scratch"] = use.scratch;
                 dict["total"] = use.total();
                 return dict;
             })
        .def(
            "search_stats",
            [](const Index& index, bool reset) {
                const SearchStats stats = index.search_stats(reset);
                py::dict dict;
                dict["queries"] = stats.queries;
                dict["distances"] = stats.distances;
                dict["hops"] = stats.hops;
                return dict;
            },
            py::arg("reset"))
        .def("__len__", &Index::size, without_gil)
        .def_property_readonly("dim", [](const Index& index) { return index.options().dim; })
        .def_property_readonly("metric", [](const Index& index) { return traits(index.options().metric).name; })
        .def_property_readonly("dtype", [](const Index& index) { return element_name(index.options().type); })
        .def_property_readonly("graph", [](const Index& index) { return index.options().graph; })
        .def_property_readonly("M", [](const Index& index) { return index.options().M; })
        .def_property_readonly("codec", [](const Index& index) { return codec_of(index.options()); })
        .def_property_readonly("keep", [](const Index& index) { return keep_name(index.options()); })
        .def_property_readonly("ef_construction", [](const Index& index) { return index.options().ef_construction; })
        .def_property_readonly("seed", [](const Index& index) { return index.options().seed; })
        .def_property_readonly("id_kind",
                               [](const Index& index) -> py::object {
                                   const IdKind kind = index.id_kind();
                                   if (kind == IdKind::kNone) return py::none();
                                   return py::str(kind == IdKind::kInt ? "int" : "str");
                               })
        .def_property_readonly("read_only", &Index::read_only);
}

}  // namespace lanner::bindings
