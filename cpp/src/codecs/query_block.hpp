// Queries made ready for the kernels: converted to the type that they take, centred where the metric asks for it, each
// row at an aligned place, with what the metric needs to know of each.
// Threads: one at a time may fill it; any number may read it.
#pragma once

#include <cstddef>
#include <vector>

#include "base/page_memory.hpp"

namespace lanner {

class QueryBlock {
  public:
    // Makes room; keeps memory from one search to the next.
    void resize(std::size_t count, std::size_t row_bytes) {
        stride_ = (row_bytes + 63) / 64 * 64;
        if (count * stride_ > room_) {
            room_ = 0;
            rows_ = allocate_page(count * stride_);
            room_ = count * stride_;
        }
        offsets_.resize(count);
        scales_.resize(count);
    }

    std::size_t count() const noexcept { return scales_.size(); }
    std::size_t bytes() const noexcept { return room_ + (offsets_.capacity() + scales_.capacity()) * sizeof(float); }
    std::size_t stride() const noexcept { return stride_; }
    const std::byte* row(std::size_t query) const noexcept { return rows_.get() + query * stride_; }
    std::byte* row(std::size_t query) noexcept { return rows_.get() + query * stride_; }
    const float* offsets() const noexcept { return offsets_.data(); }
    float* offsets() noexcept { return offsets_.data(); }
    const float* scales() const noexcept { return scales_.data(); }
    float* scales() noexcept { return scales_.data(); }

  private:
    std::size_t stride_ = 0;
    std::size_t room_ = 0;
    PageMemory rows_;
    std::vector<float> offsets_;
    std::vector<float> scales_;
};

}  // namespace lanner
