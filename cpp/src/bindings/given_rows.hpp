// What hashes take, as Python hands it over: vectors or packed bits as an array, sets as (offsets, items), weighted sets as
// (offsets, items, weights).
// Threads: made with the GIL held; check() without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bindings/bind.hpp"
#include "bindings/hits.hpp"
#include "hashing/hash_family.hpp"

namespace lanner::bindings {

[[noreturn]] inline void refuse(const std::string& why) { throw Error(ErrorKind::kInvalidArgument, why); }

// Keeps the arrays.
class GivenRows {
  public:
    // `dim` features, or bits; kAnyDim for those of the array.
    static constexpr std::size_t kAnyDim = static_cast<std::size_t>(-1);
    GivenRows(HashInput input, std::size_t dim, const py::object& given);

    GivenRows(const GivenRows&) = delete;
    GivenRows& operator=(const GivenRows&) = delete;

    const HashRows& get() const noexcept { return rows_; }
    std::size_t dim() const noexcept { return dim_; }
    // Throws Error for numbers that are not finite.
    void check() const;

  private:
    template <typename Array>
    Array take(const py::object& given);
    void take_sets(const py::tuple& parts);

    HashInput input_;
    std::size_t dim_;
    HashRows rows_;
    std::size_t weights_ = 0;
    std::vector<std::int64_t> offsets_;  // a copy: what was checked must not change while sets are hashed
    std::vector<py::object> keepers_;
};

}  // namespace lanner::bindings
