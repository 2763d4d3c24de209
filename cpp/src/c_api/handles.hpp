// What the files of the C interface share: handles, and how exceptions become a status and a message of the thread.
// Threads: any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "lanner/index.hpp"
#include "lanner/lanner.h"

struct lanner_index {
    lanner::Index index;
};

struct lanner_filter {
    lanner::Filter filter;
};

struct lanner_ids {
    std::vector<std::int64_t> ids;
};

struct lanner_table {
    std::vector<lanner::OwnedColumn> columns;
};

namespace lanner::c_api {

// What lanner_last_error() says on this thread from now on.
void remember(const char* message) noexcept;

lanner_status status_of(ErrorKind kind) noexcept;

template <typename Body>
lanner_status guarded(const Body& body) noexcept {
    try {
        body();
        return LANNER_OK;
    } catch (const Error& error) {
        remember(error.what());
        return status_of(error.kind());
    } catch (const std::bad_alloc&) {
        remember("out of memory");
        return LANNER_OUT_OF_MEMORY;
    } catch (const std::exception& error) {
        remember(error.what());
        return LANNER_INTERNAL;
    } catch (...) {
        remember("unknown exception");
        return LANNER_INTERNAL;
    }
}

[[noreturn]] inline void refuse(const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); }

inline void require(const void* pointer, const char* name) {
    if (pointer == nullptr) {
        refuse(std::string(name) + " must not be null");
    }
}

// An empty batch needs no array.
inline void require_array(const void* pointer, std::size_t count, const char* name) {
    if (count != 0) {
        require(pointer, name);
    }
}

// The options as this library knows them: what an older caller's structure lacks is zero.
template <typename Options>
Options read_options(const Options* given) {
    Options options{};
    if (given == nullptr) {
        return options;
    }
    if (given->struct_size < sizeof(std::size_t)) {
        refuse("options.struct_size must be the size of the structure, got " + std::to_string(given->struct_size));
    }
    std::memcpy(&options, given, std::min(given->struct_size, sizeof(Options)));
    return options;
}

Vectors read_vectors(const void* data, std::int32_t type, std::size_t count, const char* name);

void require_int_ids(const Index& index);

}  // namespace lanner::c_api
