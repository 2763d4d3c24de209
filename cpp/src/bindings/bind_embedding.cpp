// Embedding tables by hashes: a caller's array is read, or added to, in place.
#include "bindings/bind.hpp"
#include "bindings/hits.hpp"
#include "hashing/embedding_table.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using LongArray = py::array_t<std::int64_t, py::array::c_style>;

// Places of the seeds of a feature.
constexpr std::size_t kMaxLookups = 65536;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::kInvalidArgument, why); }

void require_above_0(const char* name, std::size_t value) {
    if (value == 0) refuse(std::string(name) + " must be above 0, got 0");
}

std::size_t values_of(const EmbeddingTable& table, const LongArray& values) {
    require_columns(values, table.shape().features, "values");
    return rows_of(values);
}

void require_size(const py::array& array, std::size_t size, const char* name) {
    if (static_cast<std::size_t>(array.size()) != size)
        refuse(std::string(name) + " must have " + std::to_string(size) + " numbers, got " +
               std::to_string(array.size()));
}

EmbeddingTable make_table(const std::string& kind, std::size_t features, std::size_t rows, std::size_t dim,
                          std::size_t lookups, std::size_t block, bool concat, std::size_t remainders,
                          std::uint64_t seed) {
    const EmbeddingKind which = kind == "blocks"               ? EmbeddingKind::kBlocks
                                : kind == "quotient_remainder" ? EmbeddingKind::kQuotientRemainder
                                                               : EmbeddingKind::kMultiplex;
    require_above_0("features", features);
    require_above_0("rows", rows);
    require_above_0("dim", dim);
    require_above_0("block", block);
    if (lookups == 0 || lookups > kMaxLookups)
        refuse("lookups must be 1 to " + std::to_string(kMaxLookups) + ", got " + std::to_string(lookups));
    if (which == EmbeddingKind::kBlocks && dim % block != 0)
        refuse("block must divide dim, " + std::to_string(dim) + ", got " + std::to_string(block));
    if (which == EmbeddingKind::kQuotientRemainder && (remainders == 0 || remainders >= rows))
        refuse("remainders must be 1 to " + std::to_string(rows - 1) + ", so as to leave rows for quotients, got " +
               std::to_string(remainders));
    return EmbeddingTable({which, features, rows, dim, lookups, block, concat, remainders, seed});
}

FloatArray gather(const EmbeddingTable& table, const FloatArray& memory, const LongArray& values, std::size_t threads) {
    require_size(memory, table.numbers(), "memory");
    const std::size_t count = values_of(table, values);
    FloatArray out({values.shape(0), values.shape(1), static_cast<py::ssize_t>(table.width())});
    const float* const from = memory.data();
    const std::int64_t* const asked = values.data();
    float* const to = out.mutable_data();
    const py::gil_scoped_release release;
    table.gather(from, asked, count, to, {threads, see_signals});
    return out;
}

// Into the array itself: nothing that would have to be converted is taken.
void scatter_add(const EmbeddingTable& table, const py::array& memory, const LongArray& values,
                 const FloatArray& gradients) {
    if (!py::isinstance<FloatArray>(memory) || !memory.writeable())
        refuse("memory must be a contiguous, writable array of float32, got one of " +
               py::str(memory.dtype()).cast<std::string>() +
               ((memory.flags() & py::array::c_style) == 0 ? ", not contiguous" : "") +
               (memory.writeable() ? "" : ", read-only"));
    require_size(memory, table.numbers(), "memory");
    const std::size_t count = values_of(table, values);
    require_size(gradients, count * table.shape().features * table.width(), "gradients");
    auto* const to = static_cast<float*>(const_cast<void*>(memory.data()));
    const std::int64_t* const asked = values.data();
    const float* const from = gradients.data();
    const py::gil_scoped_release release;
    table.scatter_add(to, asked, count, from);
}

// Where each slice of each value begins: (rows, features, slices).
LongArray places(const EmbeddingTable& table, const LongArray& values) {
    const std::size_t count = values_of(table, values);
    LongArray out({values.shape(0), values.shape(1), static_cast<py::ssize_t>(table.slices())});
    const std::int64_t* const asked = values.data();
    std::int64_t* to = out.mutable_data();
    const py::gil_scoped_release release;
    for (std::size_t i = 0; i < count * table.shape().features; ++i) {
        for (std::size_t at = 0; at < table.slices(); ++at)
            *to++ = static_cast<std::int64_t>(table.place(i % table.shape().features, asked[i], at));
    }
    return out;
}

}  // namespace

void bind_embedding(py::module_& module) {
    py::class_<EmbeddingTable>(module, "EmbeddingTable")
        .def("gather", &gather, py::arg("memory"), py::arg("values"), py::arg("threads"))
        .def("scatter_add", &scatter_add, py::arg("memory"), py::arg("values"), py::arg("gradients"))
        .def("places", &places, py::arg("values"))
        .def_property_readonly("numbers", &EmbeddingTable::numbers)
        .def_property_readonly("width", &EmbeddingTable::width);
    module.def("embedding_table", &make_table, py::arg("kind"), py::arg("features"), py::arg("rows"), py::arg("dim"),
               py::arg("lookups"), py::arg("block"), py::arg("concat"), py::arg("remainders"), py::arg("seed"));
}

}  // namespace lanner::bindings
