// Conditions on attributes and ids: lanner::Filter as an immutable Python object.
#include "lanner/filter.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>

#include "bindings/bind.hpp"

namespace lanner::bindings {
namespace {

// Trees are copied, compared and evaluated by recursion: none may be so deep that a thread's stack runs out.
constexpr int kMaxFilterDepth = 100;

constexpr std::array<std::pair<FilterOp, const char*>, 18> kOpNames{{{FilterOp::kAnd, "and"},
                                                                     {FilterOp::kOr, "or"},
                                                                     {FilterOp::kNot, "not"},
                                                                     {FilterOp::kEqual, "=="},
                                                                     {FilterOp::kNotEqual, "!="},
                                                                     {FilterOp::kLess, "<"},
                                                                     {FilterOp::kLessEqual, "<="},
                                                                     {FilterOp::kGreater, ">"},
                                                                     {FilterOp::kGreaterEqual, ">="},
                                                                     {FilterOp::kBetween, "between"},
                                                                     {FilterOp::kIn, "in"},
                                                                     {FilterOp::kContains, "contains"},
                                                                     {FilterOp::kContainsAny, "contains_any"},
                                                                     {FilterOp::kContainsAll, "contains_all"},
                                                                     {FilterOp::kStartsWith, "startswith"},
                                                                     {FilterOp::kIsNull, "is_null"},
                                                                     {FilterOp::kIdIn, "id_in"},
                                                                     {FilterOp::kMask, "mask"}}};

FilterOp op_of(const std::string& name) {
    for (const auto& [op, spelling] : kOpNames) {
        if (name == spelling) return op;
    }
    throw Error(ErrorKind::kInvalidArgument, "op must be one that filters know, got '" + name + "'");
}

const char* op_name(FilterOp op) { return kOpNames[static_cast<std::size_t>(op)].second; }

FilterValue value_of(py::handle value) {
    PyObject* const object = value.ptr();
    if (PyBool_Check(object)) return object == Py_True;
    if (PyLong_Check(object)) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
        if (overflow != 0) {
            throw Error(ErrorKind::kInvalidArgument,
                        "an integer of a filter must fit 64 bits with sign, got one that does not");
        }
        return static_cast<std::int64_t>(number);
    }
    if (PyFloat_Check(object)) {
        const double number = PyFloat_AsDouble(object);
        if (std::isnan(number)) {
            throw Error(ErrorKind::kInvalidArgument,
                        "a filter must compare with numbers, got NaN: ask is_null() for missing values");
        }
        return number;
    }
    if (PyUnicode_Check(object)) return value.cast<std::string>();
    if (py::isinstance<Timestamp>(value)) return value.cast<Timestamp>();
    throw Error(ErrorKind::kWrongType,
                std::string("a value of a filter must be a bool, int, float, str or Timestamp, got ") +
                    Py_TYPE(object)->tp_name);
}

py::object to_python(const FilterValue& value) {
    return std::visit([](const auto& each) -> py::object { return py::cast(each); }, value);
}

OwnedIds owned(const Ids& ids) {
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&ids))
        return std::vector<std::int64_t>(integers->begin(), integers->end());
    if (const auto* const strings = std::get_if<std::span<const std::string_view>>(&ids))
        return std::vector<std::string>(strings->begin(), strings->end());
    return std::vector<std::int64_t>();
}

int depth_of(const Filter& filter) {
    int depth = 0;
    for (const Filter& operand : filter.operands) depth = std::max(depth, depth_of(operand));
    return depth + 1;
}

bool is_junction(FilterOp op) { return op == FilterOp::kAnd || op == FilterOp::kOr || op == FilterOp::kNot; }

// What each operation takes, as filter.hpp says.
void check_shape(const Filter& filter, bool has_ids) {
    const auto refuse = [&](const char* wanted) {
        throw Error(ErrorKind::kInvalidArgument, std::string("a filter '") + op_name(filter.op) + "' takes " + wanted);
    };
    const std::size_t values = filter.values.size();
    if (filter.op == FilterOp::kMask) refuse("a mask alone: Filter.of_mask");
    if (has_ids != (filter.op == FilterOp::kIdIn)) refuse(has_ids ? "no ids" : "ids");
    if (is_junction(filter.op)) {
        if (!filter.column.empty() || values > 0) refuse("operands alone");
        if (filter.op == FilterOp::kNot && filter.operands.size() != 1) refuse("one operand");
        return;
    }
    if (!filter.operands.empty()) refuse("no operands");
    if (filter.op == FilterOp::kIdIn) {
        if (!filter.column.empty() || values > 0) refuse("ids alone");
        return;
    }
    if (filter.column.empty()) refuse("a column");
    switch (filter.op) {
        case FilterOp::kIn:
        case FilterOp::kContainsAny:
        case FilterOp::kContainsAll:
            return;
        case FilterOp::kIsNull:
            if (values != 0) refuse("no value");
            return;
        case FilterOp::kBetween:
            if (values != 2) refuse("two values");
            return;
        case FilterOp::kStartsWith:
            if (values != 1 || !std::holds_alternative<std::string>(filter.values[0])) refuse("one string");
            return;
        default:
            if (values != 1) refuse("one value");
    }
}

// Appends what tells a plain value from every other, type and all. False for what is not plain, or too much.
bool write_key(PyObject* value, std::size_t most, std::string& key, int depth = 0) {
    const auto put = [&](char kind, const void* bytes, std::size_t size) {
        if (key.size() + size > most) return false;
        key += kind;
        key.append(reinterpret_cast<const char*>(&size), sizeof size);
        if (size > 0) key.append(static_cast<const char*>(bytes), size);
        return key.size() <= most;
    };
    if (depth > kMaxFilterDepth) return false;
    if (PyUnicode_CheckExact(value)) {
        Py_ssize_t size = 0;
        const char* const text = PyUnicode_AsUTF8AndSize(value, &size);
        return text != nullptr && put('s', text, static_cast<std::size_t>(size));
    }
    if (value == Py_None || value == Py_True || value == Py_False)
        return put(value == Py_None ? 'n' : value == Py_True ? 't' : 'f', nullptr, 0);
    if (PyFloat_CheckExact(value)) {
        const double number = PyFloat_AS_DOUBLE(value);
        return put('d', &number, sizeof number);
    }
    if (PyLong_CheckExact(value)) {
        int overflow = 0;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return overflow == 0 && put('i', &number, sizeof number);
    }
    // References of one's own: another thread may change a list or dict meanwhile.
    const auto put_all = [&](char open, PyObject* sequence) {
        const auto own = py::reinterpret_steal<py::object>(sequence);
        if (!own || !put(open, nullptr, 0)) return false;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(own.ptr()); ++i) {
            if (!write_key(PyTuple_GET_ITEM(own.ptr(), i), most, key, depth + 1)) return false;
        }
        return put(')', nullptr, 0);
    };
    if (PyList_CheckExact(value)) return put_all('[', PyList_AsTuple(value));
    if (PyTuple_CheckExact(value)) return put_all('(', Py_NewRef(value));
    if (!PyDict_CheckExact(value)) return false;
    const auto items = py::reinterpret_steal<py::object>(PyDict_Items(value));
    return items && put_all('{', PyList_AsTuple(items.ptr()));
}

py::object plain_key(const py::object& value, std::size_t most) {
    std::string key;
    key.reserve(256);
    if (!write_key(value.ptr(), most, key)) {
        PyErr_Clear();
        return py::none();
    }
    return py::bytes(key);
}

Filter make_filter(const std::string& op, std::string column, const py::tuple& values, const py::tuple& operands,
                   const py::object& ids) {
    Filter filter{op_of(op), std::move(column), {}, {}, {}};
    filter.values.reserve(values.size());
    for (const py::handle value : values) filter.values.push_back(value_of(value));
    filter.operands.reserve(operands.size());
    for (const py::handle operand : operands) {
        if (!py::isinstance<Filter>(operand))
            throw Error(ErrorKind::kWrongType, "the operands of a filter must be filters");
        filter.operands.push_back(operand.cast<const Filter&>());
    }
    filter.ids = owned(GivenIds(ids).get());
    check_shape(filter, !ids.is_none());
    if (depth_of(filter) > kMaxFilterDepth) {
        throw Error(ErrorKind::kInvalidArgument,
                    "a filter must be at most " + std::to_string(kMaxFilterDepth) + " deep, got a deeper one");
    }
    return filter;
}

// A bool of NumPy may be any byte, and is true unless that is 0.
Filter of_mask(const py::array_t<bool, py::array::c_style>& items) {
    if (items.ndim() != 1)
        throw Error(ErrorKind::kInvalidArgument, "a mask must have one axis, got " + std::to_string(items.ndim()));
    Filter filter{FilterOp::kMask, {}, {}, {}, {}};
    filter.mask =
        mask_of({static_cast<const std::uint8_t*>(items.request().ptr), static_cast<std::size_t>(items.size())});
    return filter;
}

py::tuple values_of(const Filter& filter) {
    py::tuple values(filter.values.size());
    for (std::size_t i = 0; i < filter.values.size(); ++i) values[i] = to_python(filter.values[i]);
    return values;
}

py::object ids_of(const Filter& filter) {
    if (filter.op != FilterOp::kIdIn) return py::none();
    if (const auto* const strings = std::get_if<std::vector<std::string>>(&filter.ids)) return py::cast(*strings);
    const auto& integers = std::get<std::vector<std::int64_t>>(filter.ids);
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(integers.size()), integers.data());
}

py::tuple operands_of(const Filter& filter) {
    py::tuple operands(filter.operands.size());
    for (std::size_t i = 0; i < filter.operands.size(); ++i) operands[i] = py::cast(filter.operands[i]);
    return operands;
}

struct Hasher {
    std::size_t seed = 0;

    template <typename T>
    void add(const T& value) {
        seed ^= std::hash<T>{}(value) + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2);
    }
    void add(const Filter& filter) {
        add(static_cast<int>(filter.op));
        add(filter.column);
        for (const FilterValue& value : filter.values) {
            add(value.index());
            std::visit([this](const auto& each) { add(each); }, value);
        }
        std::visit(
            [this](const auto& ids) {
                for (const auto& id : ids) add(id);
            },
            filter.ids);
        for (const Filter& operand : filter.operands) add(operand);
    }
    void add(const Timestamp& time) { add(time.microseconds); }
};

std::size_t hash_of(const Filter& filter) {
    Hasher hasher;
    hasher.add(filter);
    return hasher.seed;
}

}  // namespace

void bind_filters(py::module_& module) {
    py::class_<Timestamp>(module, "Timestamp")
        .def(py::init([](std::int64_t microseconds) { return Timestamp{microseconds}; }), py::arg("microseconds"))
        .def_readonly("microseconds", &Timestamp::microseconds)
        .def("__eq__",
             [](const Timestamp& self, const py::object& other) {
                 return py::isinstance<Timestamp>(other) && self == other.cast<const Timestamp&>();
             })
        .def("__hash__", [](const Timestamp& self) { return std::hash<std::int64_t>{}(self.microseconds); })
        .def("__reduce__", [](const py::object& self) {
            return py::make_tuple(py::type::of(self), py::make_tuple(self.attr("microseconds")));
        });
    module.def("plain_key", &plain_key, py::arg("value"), py::arg("most"));
    py::class_<Filter>(module, "Filter")
        .def(py::init(&make_filter), py::arg("op"), py::arg("column"), py::arg("values"), py::arg("operands"),
             py::arg("ids"))
        .def_static("of_mask", &of_mask, py::arg("items"))
        .def_property_readonly("op", [](const Filter& self) { return op_name(self.op); })
        .def_readonly("column", &Filter::column)
        .def_property_readonly("values", &values_of)
        .def_property_readonly("operands", &operands_of)
        .def_property_readonly("ids", &ids_of)
        .def("__eq__",
             [](const Filter& self, const py::object& other) {
                 return py::isinstance<Filter>(other) && self == other.cast<const Filter&>();
             })
        .def("__hash__", &hash_of)
        .def("__reduce__", [](const py::object& self) {
            const auto& filter = self.cast<const Filter&>();
            return py::make_tuple(py::type::of(self),
                                  py::make_tuple(op_name(filter.op), filter.column, values_of(filter),
                                                 operands_of(filter), ids_of(filter)));
        });
}

}  // namespace lanner::bindings
