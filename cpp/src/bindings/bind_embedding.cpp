// Embedding tables by hashes: a caller's array is read, or added to, in place.
#include "bindings/bind.hpp"
#include "hashing/embedding_table.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using LongArray = py::array_t<std::int64_t, py::array::c_style>;

void require(bool holds, const char* why) {
    if (!holds) throw Error(ErrorKind::kInvalidArgument, why);
}

std::size_t rows_of(const EmbeddingTable& table, const LongArray& values) {
    require(values.ndim() == 2 && static_cast<std::size_t>(values.shape(1)) == table.shape().features,
            "values must have a column a feature");
    return static_cast<std::size_t>(values.shape(0));
}

EmbeddingTable make(const std::string& kind, std::size_t features, std::size_t rows, std::size_t dim,
                    std::size_t lookups, std::size_t block, bool concat, std::size_t remainders, std::uint64_t seed) {
    const EmbeddingKind which = kind == "blocks"               ? EmbeddingKind::kBlocks
                                : kind == "quotient_remainder" ? EmbeddingKind::kQuotientRemainder
                                                               : EmbeddingKind::kMultiplex;
    require(features > 0 && rows > 0 && dim > 0 && lookups > 0 && lookups <= 65536 && block > 0,
            "sizes must be above 0");
    require(which != EmbeddingKind::kBlocks || dim % block == 0, "block must divide dim");
    require(which != EmbeddingKind::kQuotientRemainder || (remainders > 0 && remainders < rows),
            "remainders must leave rows for quotients");
    return EmbeddingTable({which, features, rows, dim, lookups, block, concat, remainders, seed});
}

FloatArray gather(const EmbeddingTable& table, const FloatArray& memory, const LongArray& values, std::size_t threads) {
    require(static_cast<std::size_t>(memory.size()) == table.numbers(), "memory must have the size of the table");
    const std::size_t count = rows_of(table, values);
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
    require(py::isinstance<FloatArray>(memory) && memory.writeable(), "memory must be contiguous, writable float32");
    require(static_cast<std::size_t>(memory.size()) == table.numbers(), "memory must have the size of the table");
    const std::size_t count = rows_of(table, values);
    require(static_cast<std::size_t>(gradients.size()) == count * table.shape().features * table.width(),
            "gradients must be as gather() returns");
    auto* const to = static_cast<float*>(const_cast<void*>(memory.data()));
    const std::int64_t* const asked = values.data();
    const float* const from = gradients.data();
    const py::gil_scoped_release release;
    table.scatter_add(to, asked, count, from);
}

// Where each slice of each value begins: (rows, features, slices).
LongArray places(const EmbeddingTable& table, const LongArray& values) {
    const std::size_t count = rows_of(table, values);
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
    module.def("embedding_table", &make, py::arg("kind"), py::arg("features"), py::arg("rows"), py::arg("dim"),
               py::arg("lookups"), py::arg("block"), py::arg("concat"), py::arg("remainders"), py::arg("seed"));
}

}  // namespace lanner::bindings
