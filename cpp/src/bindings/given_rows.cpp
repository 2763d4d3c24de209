#include "bindings/given_rows.hpp"

#include "codecs/quantizer.hpp"

namespace lanner::bindings {
namespace {

using FloatArray = py::array_t<float, py::array::c_style>;
using DoubleArray = py::array_t<double, py::array::c_style>;
using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;
using LongArray = py::array_t<std::int64_t, py::array::c_style>;
using ItemArray = py::array_t<std::uint64_t, py::array::c_style>;

}  // namespace

GivenRows::GivenRows(HashInput input, std::size_t dim, const py::object& given) : input_(input), dim_(dim) {
    if (input_ == HashInput::kVectors) {
        rows_.vectors = take<FloatArray>(given).data();
    } else if (input_ == HashInput::kBits) {
        rows_.bits = take<ByteArray>(given).data();
    } else {
        dim_ = 0;
        const std::size_t wanted = input_ == HashInput::kSets ? 2 : 3;
        const auto parts = given.cast<py::tuple>();
        if (parts.size() != wanted)
            refuse("sets must be " + std::to_string(wanted) + " arrays, offsets, items" +
                   (wanted == 3 ? " and weights" : "") + ", got " + std::to_string(parts.size()));
        take_sets(parts);
    }
}

void GivenRows::check() const {
    if (input_ == HashInput::kVectors) require_finite(rows_.vectors, rows_.count, dim_, "vectors");
    if (input_ != HashInput::kWeightedSets || weights_ == 0) return;
    for (std::size_t i = 0; i < rows_.count; ++i) {
        const auto begin = static_cast<std::size_t>(rows_.offsets[i]);
        const auto end = static_cast<std::size_t>(rows_.offsets[i + 1]);
        for (std::size_t at = begin; at < end; ++at) {
            if (rows_.weights[at] - rows_.weights[at] != 0)
                refuse("weights must be finite, got NaN or infinity in row " + std::to_string(i));
        }
    }
}

template <typename Array>
Array GivenRows::take(const py::object& given) {
    auto array = given.cast<Array>();
    if (dim_ == kAnyDim && array.ndim() == 2) dim_ = static_cast<std::size_t>(array.shape(1));
    require_columns(array, input_ == HashInput::kBits ? (dim_ + 7) / 8 : dim_, "rows");
    rows_.count = rows_of(array);
    keepers_.push_back(array);
    return array;
}

void GivenRows::take_sets(const py::tuple& parts) {
    const auto offsets = parts[0].cast<LongArray>();
    const auto items = parts[1].cast<ItemArray>();
    if (offsets.ndim() != 1 || offsets.size() < 1 || items.ndim() != 1)
        refuse("offsets and items must have one axis, and offsets an entry, got " + std::to_string(offsets.ndim()) +
               " and " + std::to_string(items.ndim()) + " axes, and " + std::to_string(offsets.size()) + " offsets");
    rows_.count = rows_of(offsets) - 1;
    offsets_.assign(offsets.data(), offsets.data() + offsets.size());
    rows_.offsets = offsets_.data();
    rows_.items = items.data();
    for (std::size_t i = 0; i < rows_.count; ++i) {
        if (rows_.offsets[i + 1] < rows_.offsets[i])
            refuse("offsets must not fall, got " + std::to_string(rows_.offsets[i + 1]) + " after " +
                   std::to_string(rows_.offsets[i]) + " at place " + std::to_string(i + 1));
    }
    if (rows_.offsets[0] != 0 || rows_.offsets[rows_.count] != items.size())
        refuse("offsets must begin at 0 and end at the number of items, " + std::to_string(items.size()) + ", got " +
               std::to_string(rows_.offsets[0]) + " and " + std::to_string(rows_.offsets[rows_.count]));
    keepers_.push_back(items);
    if (input_ != HashInput::kWeightedSets) return;
    const auto weights = parts[2].cast<DoubleArray>();
    if (weights.ndim() != 1 || weights.size() != items.size())
        refuse("weights must be as many as items, " + std::to_string(items.size()) + ", got " +
               std::to_string(weights.size()));
    rows_.weights = weights.data();
    weights_ = rows_of(weights);
    keepers_.push_back(weights);
}

}  // namespace lanner::bindings
