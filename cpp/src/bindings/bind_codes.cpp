// Searches over codes of bits: arrays in, arrays out.
#include "bindings/bind.hpp"
#include "bindings/hash_files.hpp"
#include "bindings/hits.hpp"
#include "hashing/signed_bits.hpp"
#include "search/code_scan.hpp"
#include "search/duplicates.hpp"
#include "search/hamming_codes.hpp"
#include "search/hashed_rows.hpp"

namespace lanner::bindings {
namespace {

using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;
using FloatArray = py::array_t<float, py::array::c_style>;
std::size_t columns_of(const ByteArray& codes) {
    if (codes.ndim() != 2 || codes.shape(1) < 1 || static_cast<std::size_t>(codes.shape(1)) > kMaxHashBits / 8)
        throw Error(ErrorKind::kInvalidArgument,
                    "codes must have two axes and 1 to " + std::to_string(kMaxHashBits / 8) + " bytes a row");
    return static_cast<std::size_t>(codes.shape(1));
}

std::unique_ptr<HammingCodes> make_codes(const ByteArray& codes, const std::string& method, std::size_t threads) {
    const std::size_t bytes = columns_of(codes);
    const CodeSearch how = method == "scan"          ? CodeSearch::kScan
                           : method == "multi_index" ? CodeSearch::kMultiIndex
                                                     : CodeSearch::kAuto;
    const std::uint8_t* const from = codes.data();
    const std::size_t count = rows_of(codes);
    const py::gil_scoped_release release;
    return std::make_unique<HammingCodes>(from, count, bytes, how, Work{threads, see_signals});
}

py::tuple search_codes(const HammingCodes& codes, const ByteArray& queries, std::size_t k, const RowSets* among,
                       std::size_t threads) {
    require_columns(queries, codes.code_bytes(), "queries");
    const std::uint8_t* const from = queries.data();
    const std::size_t count = rows_of(queries);
    const RowSets& sets = rows_among(among, count, codes.count());
    Found found;
    {
        const py::gil_scoped_release release;
        found = codes.nearest(from, count, k, {threads, see_signals}, sets);
    }
    return hit_table(found, k);
}

py::tuple search_codes_within(const HammingCodes& codes, const ByteArray& queries, std::size_t radius,
                              const RowSets* among, std::size_t threads) {
    require_columns(queries, codes.code_bytes(), "queries");
    const std::uint8_t* const from = queries.data();
    const std::size_t count = rows_of(queries);
    const RowSets& sets = rows_among(among, count, codes.count());
    Found found;
    {
        const py::gil_scoped_release release;
        found = codes.within(from, count, radius, {threads, see_signals}, sets);
    }
    return hit_lists(found);
}

// The codes laid out for queries of real numbers.
PackedCodes pack_signed(const HammingCodes& codes, std::size_t threads) {
    const py::gil_scoped_release release;
    std::vector<std::uint8_t> rows(codes.count() * codes.code_bytes());
    for (std::size_t i = 0; i < codes.count(); ++i)
        std::copy_n(codes.row(i), codes.code_bytes(), rows.data() + i * codes.code_bytes());
    return PackedCodes(std::make_shared<SignedBits>(codes.code_bytes()), rows.data(), codes.count(), Metric::kL2,
                       {threads, see_signals});
}

DuplicateOptions options_of(std::size_t radius, std::size_t threads, const py::object& progress) {
    return {radius, threads, progress_of(progress)};
}

// (pairs of shape (p, 2), distances).
py::tuple pairs(const ByteArray& codes, std::size_t radius, std::size_t threads, const py::object& progress) {
    const std::size_t bytes = columns_of(codes);
    const DuplicateOptions options = options_of(radius, threads, progress);
    const std::uint8_t* const from = codes.data();
    const std::size_t count = rows_of(codes);
    std::vector<CodePair> found;
    {
        const py::gil_scoped_release release;
        found = duplicate_pairs(from, count, bytes, options);
    }
    const auto size = static_cast<py::ssize_t>(found.size());
    py::array_t<std::int64_t> rows({size, py::ssize_t{2}});
    py::array_t<std::int64_t> distances(size);
    for (std::size_t i = 0; i < found.size(); ++i) {
        rows.mutable_data()[2 * i] = found[i].first;
        rows.mutable_data()[2 * i + 1] = found[i].second;
        distances.mutable_data()[i] = found[i].distance;
    }
    return py::make_tuple(rows, distances);
}

py::array_t<std::int64_t> groups(const ByteArray& codes, std::size_t radius, std::size_t threads,
                                 const py::object& progress) {
    const std::size_t bytes = columns_of(codes);
    const DuplicateOptions options = options_of(radius, threads, progress);
    const std::uint8_t* const from = codes.data();
    const std::size_t count = rows_of(codes);
    py::array_t<std::int64_t> out(static_cast<py::ssize_t>(count));
    std::int64_t* const to = out.mutable_data();
    const py::gil_scoped_release release;
    const std::vector<std::uint32_t> found = duplicate_groups(from, count, bytes, options);
    std::copy(found.begin(), found.end(), to);
    return out;
}

// As the family takes them: the same array, or one of its type.
py::array rows_for(const HashFamily& family, const py::array& rows, const char* what) {
    if (family.input() == HashInput::kBits) {
        require_columns(rows, (family.dim() + 7) / 8, what);
        return rows.cast<ByteArray>();
    }
    require_columns(rows, family.dim(), what);
    return rows.cast<FloatArray>();
}

std::unique_ptr<HashedRows> hash_rows(const std::shared_ptr<HashFamily>& family, const py::array& rows,
                                      const std::string& metric, std::size_t threads) {
    const Metric asked = metric_of(metric);
    const py::array given = rows_for(*family, rows, "vectors");
    const void* const from = given.data();
    const std::size_t count = rows_of(rows);
    const py::gil_scoped_release release;
    return std::make_unique<HashedRows>(family, from, count, asked, Work{threads, see_signals});
}

py::tuple search_hashed(const HashedRows& rows, const py::array& queries, std::size_t k, std::size_t candidates,
                        bool asymmetric, const RowSets* among, std::size_t threads) {
    const py::array given = rows_for(rows.family(), queries, "queries");
    const void* const from = given.data();
    const std::size_t count = rows_of(queries);
    const RowSets& sets = rows_among(among, count, rows.count());
    Found found;
    {
        const py::gil_scoped_release release;
        found = rows.nearest(from, count, k, candidates, asymmetric, {threads, see_signals}, sets);
    }
    return hit_table(found, k);
}

}  // namespace

void bind_codes(py::module_& module) {
    py::class_<HammingCodes>(module, "HammingCodes")
        .def("search", &search_codes, py::arg("queries"), py::arg("k"), py::arg("among"), py::arg("threads"))
        .def("search_radius", &search_codes_within, py::arg("queries"), py::arg("radius"), py::arg("among"),
             py::arg("threads"))
        .def("pack_signed", &pack_signed, py::arg("threads"))
        .def(
            "save",
            [](const HammingCodes& codes, const std::string& path, const RowAttributes* attributes) {
                save_sections(path, codes, attributes);
            },
            py::arg("path"), py::arg("attributes"))
        .def("__len__", &HammingCodes::count)
        .def_property_readonly("code_bytes", &HammingCodes::code_bytes)
        .def_property_readonly("nbytes", &HammingCodes::bytes)
        .def_property_readonly("tables", &HammingCodes::tables)
        .def_property_readonly("reach", &HammingCodes::reach);
    py::class_<HashedRows>(module, "HashedRows")
        .def("search", &search_hashed, py::arg("queries"), py::arg("k"), py::arg("candidates"), py::arg("asymmetric"),
             py::arg("among"), py::arg("threads"))
        .def("__len__", &HashedRows::count)
        .def_property_readonly("nbytes", &HashedRows::bytes);
    module.def("hamming_codes", &make_codes, py::arg("codes"), py::arg("method"), py::arg("threads"));
    module.def("hash_rows", &hash_rows, py::arg("family"), py::arg("rows"), py::arg("metric"), py::arg("threads"));
    module.def("duplicate_pairs", &pairs, py::arg("codes"), py::arg("radius"), py::arg("threads"), py::arg("progress"));
    module.def("duplicate_groups", &groups, py::arg("codes"), py::arg("radius"), py::arg("threads"),
               py::arg("progress"));
}

}  // namespace lanner::bindings
