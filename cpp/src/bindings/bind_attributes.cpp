// Attributes: Python's arrays, lists and Arrow capsules become columns, and columns become arrays.
#include <pybind11/stl.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "attributes/column_view.hpp"
#include "base/near_name.hpp"
#include "bindings/arrow_reader.hpp"
#include "bindings/bind.hpp"
#include "bindings/columns.hpp"

namespace lanner::bindings {
namespace {

// `T` as NumPy has it, `Stored` as columns keep it.
template <typename T, typename Stored = T>
std::vector<Stored> numbers_of(const py::object& values, const std::string& name) {
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(values))
        throw Error(ErrorKind::kWrongType, "column '" + name + "' must be a contiguous array of its type");
    const auto array = py::reinterpret_borrow<py::array>(values);
    if (array.ndim() != 1) throw Error(ErrorKind::kInvalidArgument, "column '" + name + "' must have one axis");
    const auto* const first = static_cast<const Stored*>(array.data());
    return {first, first + array.size()};
}

// A list of str; None stands for a null and has no text.
void take_text(const py::list& values, OwnedColumn& column) {
    column.text_offsets.reserve(values.size() + 1);
    column.text_offsets.push_back(0);
    for (const py::handle value : values) {
        if (!value.is_none()) {
            Py_ssize_t size = 0;
            const char* const text = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
            if (text == nullptr) throw py::error_already_set();
            column.text.append(text, static_cast<std::size_t>(size));
        }
        column.text_offsets.push_back(static_cast<std::int64_t>(column.text.size()));
    }
}

void add_column(Columns& columns, const std::string& name, const std::string& type, const py::object& elements,
                const py::object& valid, const py::object& row_offsets) {
    OwnedColumn column;
    column.name = name;
    column.type = type_of(type);
    if (!valid.is_none()) column.valid = numbers_of<bool, std::uint8_t>(valid, name);
    if (!row_offsets.is_none()) column.row_offsets = numbers_of<std::int64_t>(row_offsets, name);
    if (is_text(column.type)) {
        if (!py::isinstance<py::list>(elements))
            throw Error(ErrorKind::kWrongType, "column '" + name + "' must be a list of str");
        take_text(py::reinterpret_borrow<py::list>(elements), column);
    } else if (column.type == ColumnType::kFloat64) {
        column.floats = numbers_of<double>(elements, name);
    } else if (column.type == ColumnType::kBool) {
        column.bools = numbers_of<bool, std::uint8_t>(elements, name);
    } else {
        column.integers = numbers_of<std::int64_t>(elements, name);
    }
    columns.add(std::move(column));
}

py::array objects_array(std::size_t rows) {
    return py::array(py::dtype("O"), std::vector<py::ssize_t>{static_cast<py::ssize_t>(rows)});
}

void put(const py::array& array, std::size_t row, py::object value) {
    auto* const places = static_cast<PyObject**>(const_cast<void*>(array.data()));
    Py_XDECREF(places[row]);
    places[row] = value.release().ptr();
}

py::object text_element(const OwnedColumn& column, std::size_t element) {
    const auto begin = static_cast<std::size_t>(column.text_offsets[element]);
    const auto end = static_cast<std::size_t>(column.text_offsets[element + 1]);
    return py::str(column.text.data() + begin, end - begin);
}

py::object list_element(const OwnedColumn& column, std::size_t row) {
    const auto begin = static_cast<std::size_t>(column.row_offsets[row]);
    const auto end = static_cast<std::size_t>(column.row_offsets[row + 1]);
    py::list list(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
        list[i - begin] =
            column.type == ColumnType::kStringList ? text_element(column, i) : py::int_(column.integers[i]);
    }
    return list;
}

py::object object_element(const OwnedColumn& column, std::size_t row) {
    switch (column.type) {
        case ColumnType::kBool:
            return py::bool_(column.bools[row] != 0);
        case ColumnType::kString:
            return text_element(column, row);
        case ColumnType::kStringList:
        case ColumnType::kInt64List:
            return list_element(column, row);
        default:
            return py::int_(column.integers[row]);
    }
}

// What a capsule of the Arrow C data interface holds.
template <typename T>
T& held_by(const py::capsule& capsule, const char* name) {
    void* const pointer = PyCapsule_GetPointer(capsule.ptr(), name);
    if (pointer == nullptr) throw py::error_already_set();
    return *static_cast<T*>(pointer);
}

// Any str, also one that is no text of UTF-8.
std::string text_of(const py::str& text) { return py::bytes(text.attr("encode")("utf-8", "replace")); }

py::tuple as_tuple(ArrowTable table) { return py::make_tuple(std::move(table.columns), std::move(table.untyped)); }

}  // namespace

Schema schema_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Schema schema;
    for (const auto& [name, type] : pairs) schema.push_back({name, type_of(type)});
    return schema;
}

std::vector<std::pair<std::string, std::string>> schema_pairs(const Schema& schema) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const ColumnSpec& spec : schema) pairs.emplace_back(spec.name, type_name(spec.type));
    return pairs;
}

py::array array_of(const OwnedColumn& column, std::size_t rows) {
    const auto is_null = [&](std::size_t row) { return !column.valid.empty() && column.valid[row] == 0; };
    const bool nulls = std::find(column.valid.begin(), column.valid.end(), std::uint8_t{0}) != column.valid.end();
    const auto count = static_cast<py::ssize_t>(rows);
    if (column.type == ColumnType::kFloat64) {
        py::array_t<double> array(count);
        double* const out = array.mutable_data();
        for (std::size_t row = 0; row < rows; ++row)
            out[row] = is_null(row) ? std::numeric_limits<double>::quiet_NaN() : column.floats[row];
        return array;
    }
    if (column.type == ColumnType::kTimestamp) {
        py::array array(py::dtype("datetime64[us]"), std::vector<py::ssize_t>{count});
        auto* const out = static_cast<std::int64_t*>(array.mutable_data());
        for (std::size_t row = 0; row < rows; ++row)  // NumPy's NaT is the least integer
            out[row] = is_null(row) ? std::numeric_limits<std::int64_t>::min() : column.integers[row];
        return array;
    }
    if (column.type == ColumnType::kInt64 && !nulls) return py::array_t<std::int64_t>(count, column.integers.data());
    if (column.type == ColumnType::kBool && !nulls) {
        py::array_t<bool> array(count);
        std::transform(column.bools.begin(), column.bools.end(), array.mutable_data(),
                       [](std::uint8_t b) { return b != 0; });
        return array;
    }
    py::array array = objects_array(rows);
    for (std::size_t row = 0; row < rows; ++row)
        put(array, row, is_null(row) ? py::object(py::none()) : object_element(column, row));
    return array;
}

py::dict arrays_of(const std::vector<OwnedColumn>& columns, std::size_t rows) {
    py::dict arrays;
    for (const OwnedColumn& column : columns) arrays[py::str(column.name)] = array_of(column, rows);
    return arrays;
}

void bind_attributes(py::module_& module) {
    py::class_<Columns>(module, "Columns")
        .def(py::init<std::size_t>(), py::arg("rows"))
        .def("add", &add_column, py::arg("name"), py::arg("type"), py::arg("elements"), py::arg("valid"),
             py::arg("row_offsets"))
        .def(
            "copy_from",
            [](Columns& self, const Columns& other, const std::string& name) {
                const OwnedColumn* const column = other.find(name);
                if (column == nullptr) throw Error(ErrorKind::kNotFound, "no column '" + name + "'");
                self.add(*column);
            },
            py::arg("other"), py::arg("name"))
        .def(
            "column",
            [](const Columns& self, const std::string& name) {
                const OwnedColumn* const column = self.find(name);
                if (column == nullptr) throw Error(ErrorKind::kNotFound, "no column '" + name + "'");
                return array_of(*column, self.rows());
            },
            py::arg("name"))
        .def("to_dict", [](const Columns& self) { return arrays_of(self.columns(), self.rows()); })
        .def_property_readonly("rows", &Columns::rows)
        .def_property_readonly("schema", [](const Columns& self) {
            Schema schema;
            for (const OwnedColumn& column : self.columns()) schema.push_back({column.name, column.type});
            return schema_pairs(schema);
        });
    module.def(
        "near_name",
        [](const py::str& name, const std::vector<std::string>& names) { return near_name(text_of(name), names); },
        py::arg("name"), py::arg("names"));
    module.def(
        "near_name_hint",
        [](const py::str& name, const std::vector<std::string>& names) { return near_name_hint(text_of(name), names); },
        py::arg("name"), py::arg("names"));
    module.def(
        "read_arrow_stream",
        [](const py::capsule& stream, const std::string& name) {
            return as_tuple(read_arrow_stream(held_by<ArrowArrayStream>(stream, "arrow_array_stream"), name));
        },
        py::arg("stream"), py::arg("name"));
    module.def(
        "read_arrow_array",
        [](const py::capsule& schema, const py::capsule& array, const std::string& name) {
            return as_tuple(read_arrow_array(held_by<ArrowSchema>(schema, "arrow_schema"),
                                             held_by<ArrowArray>(array, "arrow_array"), name));
        },
        py::arg("schema"), py::arg("array"), py::arg("name"));
}

}  // namespace lanner::bindings
