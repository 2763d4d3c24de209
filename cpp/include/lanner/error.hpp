// The one exception type of the library. The kind says what a caller can do about it; the message names the argument,
// what came, what was wanted, and the mend where there is one.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace lanner {

enum class ErrorKind : std::uint8_t {
    kInvalidArgument,  // a value out of range, a wrong shape, NaN: Python's ValueError
    kWrongType,        // the wrong kind of data altogether: TypeError
    kNotFound,         // an id that is not in the index: KeyError
    kReadOnly,         // a change asked of an index opened read-only: PermissionError
    kStorage,          // the operating system refused to read or write: OSError
    kFileFormat,       // bytes that are not a sound lanner file: FileFormatError
};

class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

    ErrorKind kind() const noexcept { return kind_; }

  private:
    ErrorKind kind_;
};

}  // namespace lanner
