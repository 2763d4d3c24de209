// Attributes of numbered rows, and the sets of rows that filters over them let through.
#include <pybind11/stl.h>

#include "attributes/row_attributes.hpp"
#include "bindings/bind.hpp"
#include "bindings/columns.hpp"

namespace lanner::bindings {
namespace {

std::unique_ptr<RowAttributes> make_rows(std::size_t rows, const py::object& schema, const Columns* columns) {
    auto made = std::make_unique<RowAttributes>(rows);
    if (!schema.is_none()) made->set_schema(schema_of(schema.cast<std::vector<std::pair<std::string, std::string>>>()));
    const py::gil_scoped_release release;
    if (columns != nullptr) made->store(columns->view());
    return made;
}

RowSets matching(const RowAttributes& attributes, const py::list& filters, std::size_t queries) {
    std::vector<Filter> asked;
    for (const py::handle each : filters) asked.push_back(each.cast<const Filter&>());
    const py::gil_scoped_release release;
    return attributes.matching(asked, queries);
}

py::array_t<std::int64_t> ids(const RowAttributes& attributes) {
    py::array_t<std::int64_t> out(static_cast<py::ssize_t>(attributes.rows()));
    std::int64_t* const to = out.mutable_data();
    for (std::size_t i = 0; i < attributes.rows(); ++i) to[i] = static_cast<std::int64_t>(i);
    return out;
}

// As Index.attributes.
Columns attributes_of_rows(const RowAttributes& attributes, const py::array_t<std::int64_t, py::array::c_style>& rows,
                           const std::vector<std::string>& names) {
    std::vector<Slot> slots;
    for (py::ssize_t i = 0; i < rows.size(); ++i) {
        const std::int64_t row = rows.data()[i];
        if (row < 0 || static_cast<std::size_t>(row) >= attributes.rows())
            throw Error(ErrorKind::kNotFound,
                        "rows must be 0 to " + std::to_string(attributes.rows()) + ", got " + std::to_string(row));
        slots.push_back(static_cast<Slot>(row));
    }
    const py::gil_scoped_release release;
    return columns_of({slots.size(), attributes.get(slots, names)});
}

}  // namespace

void bind_rows(py::module_& module) {
    py::class_<RowSets>(module, "RowSets").def("__len__", &RowSets::size).def("counts", [](const RowSets& sets) {
        std::vector<std::size_t> counts;
        for (std::size_t i = 0; i < sets.size(); ++i) counts.push_back(sets.of(i)->count());
        return counts;
    });
    py::class_<RowAttributes>(module, "RowAttributes")
        .def(py::init(&make_rows), py::arg("rows"), py::arg("schema"), py::arg("columns"))
        .def("matching", &matching, py::arg("filters"), py::arg("queries"))
        .def("ids", &ids)
        .def("attributes", &attributes_of_rows, py::arg("ids"), py::arg("names"))
        .def("__len__", &RowAttributes::rows)
        .def_property_readonly("schema",
                               [](const RowAttributes& attributes) { return schema_pairs(attributes.schema()); })
        .def_property_readonly("nbytes", &RowAttributes::memory_bytes);
}

}  // namespace lanner::bindings
