// Reads tables and arrays that come through the Arrow C data interface, without Arrow:
// https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html.
// Integers become int64, floats float64 (NaN is a null), dates and times of any unit timestamps (finer than microseconds
// are rounded down), dictionaries their values; lists hold strings or integers. Everything else is refused by name.
// What a producer says is checked as far as it can be: formats, counts, offsets, indices, text. Lengths of its buffers it
// does not say.
// Threads: none shared. What is given is taken: released on every path, also where an error is thrown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bindings/columns.hpp"

// Layouts and names are the interface's own.
extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
    const char* format;
    const char* name;
    const char* metadata;
    std::int64_t flags;
    std::int64_t n_children;
    ArrowSchema** children;
    ArrowSchema* dictionary;
    void (*release)(ArrowSchema*);
    void* private_data;
};

struct ArrowArray {
    std::int64_t length;
    std::int64_t null_count;
    std::int64_t offset;
    std::int64_t n_buffers;
    std::int64_t n_children;
    const void** buffers;
    ArrowArray** children;
    ArrowArray* dictionary;
    void (*release)(ArrowArray*);
    void* private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(ArrowArrayStream*, ArrowSchema* out);
    int (*get_next)(ArrowArrayStream*, ArrowArray* out);
    const char* (*get_last_error)(ArrowArrayStream*);
    void (*release)(ArrowArrayStream*);
    void* private_data;
};

#endif

}  // extern "C"

namespace lanner::bindings {

struct ArrowTable {
    Columns columns;
    // Columns of Arrow's null type, which are in `columns` not at all, and lists of it, which are there as lists of strings.
    std::vector<std::string> untyped;
};

// The fields of a struct are the columns; any other array is one column of the given name.
ArrowTable read_arrow_array(ArrowSchema& schema, ArrowArray& array, const std::string& name);
ArrowTable read_arrow_stream(ArrowArrayStream& stream, const std::string& name);

}  // namespace lanner::bindings
