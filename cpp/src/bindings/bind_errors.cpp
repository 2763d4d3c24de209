// lanner::Error as Python exceptions, one class a kind, each also one of Python's own.
#include <exception>

#include "bindings/bind.hpp"

namespace lanner::bindings {
namespace {

const char* class_name(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::kInvalidArgument:
            return "InvalidArgumentError";
        case ErrorKind::kWrongType:
            return "WrongTypeError";
        case ErrorKind::kNotFound:
            return "NotFoundError";
        case ErrorKind::kReadOnly:
            return "ReadOnlyError";
        case ErrorKind::kStorage:
            return "StorageError";
        case ErrorKind::kFileFormat:
            return "FileFormatError";
    }
    return "Error";
}

py::object add_class(py::module_& module, const char* name, const char* doc, const py::tuple& bases) {
    const std::string full = std::string("lanner.") + name;
    py::dict members;
    // KeyError would show its message as a quoted key.
    members["__str__"] = py::reinterpret_borrow<py::object>(PyExc_Exception).attr("__str__");
    PyObject* const made = PyErr_NewExceptionWithDoc(full.c_str(), doc, bases.ptr(), members.ptr());
    if (made == nullptr) throw py::error_already_set();
    py::object type = py::reinterpret_steal<py::object>(made);
    module.attr(name) = type;
    return type;
}

py::object builtin(PyObject* type) { return py::reinterpret_borrow<py::object>(type); }

}  // namespace

void bind_errors(py::module_& module) {
    const py::object base =
        add_class(module, "Error", "What every error of lanner is.", py::make_tuple(builtin(PyExc_Exception)));
    add_class(module, "InvalidArgumentError", "A value that is out of range, of the wrong shape, or not a number.",
              py::make_tuple(base, builtin(PyExc_ValueError)));
    add_class(module, "WrongTypeError", "An argument of the wrong type.",
              py::make_tuple(base, builtin(PyExc_TypeError)));
    add_class(module, "NotFoundError", "An id that is not in the index.",
              py::make_tuple(base, builtin(PyExc_KeyError)));
    add_class(module, "ReadOnlyError", "A change asked of an index that was opened read-only.",
              py::make_tuple(base, builtin(PyExc_PermissionError)));
    add_class(module, "StorageError", "The operating system refused to read or write.",
              py::make_tuple(base, builtin(PyExc_OSError)));
    add_class(module, "FileFormatError", "Bytes that are not a sound lanner file.",
              py::make_tuple(base, builtin(PyExc_ValueError)));
    // Classes belong to an interpreter, so they are looked up where the error arises.
    py::register_local_exception_translator([](std::exception_ptr raised) {
        if (!raised) return;
        try {
            std::rethrow_exception(raised);
        } catch (const Error& error) {
            const py::object type = py::module_::import("lanner._core").attr(class_name(error.kind()));
            PyErr_SetString(type.ptr(), error.what());
        }
    });
}

}  // namespace lanner::bindings
