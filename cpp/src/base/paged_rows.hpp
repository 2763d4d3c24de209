// Rows of a fixed number of bytes, one a slot, in pages of fixed size: growth beyond the first page copies nothing, and
// a mapped file can serve as the first pages.
// Threads: reading rows is free; grow() and adopt() exclude every other call. Rows beyond what callers wrote are zero.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/page_memory.hpp"
#include "base/slot.hpp"

namespace lanner {

class PagedRows {
  public:
    explicit PagedRows(std::size_t stride);

    std::size_t stride() const noexcept { return stride_; }
    std::size_t capacity() const noexcept { return capacity_; }

    const std::byte* row(std::size_t slot) const noexcept {
        return pages_[slot >> page_shift_] + (slot & page_mask_) * stride_;
    }
    std::byte* row(std::size_t slot) noexcept { return pages_[slot >> page_shift_] + (slot & page_mask_) * stride_; }

    template <typename T>
    const T* as(std::size_t slot) const noexcept {
        return reinterpret_cast<const T*>(row(slot));
    }
    template <typename T>
    T* as(std::size_t slot) noexcept {
        return reinterpret_cast<T*>(row(slot));
    }

    // Rows from this one on that lie one behind another.
    std::size_t run(std::size_t slot) const noexcept { return page_mask_ + 1 - (slot & page_mask_); }

    // Makes room for at least `rows`; never shrinks. Throws std::bad_alloc and is then unchanged.
    void grow(std::size_t rows);

    // Takes `rows` rows that lie in memory kept alive by `owner`. The memory must be writable if rows will be changed.
    void adopt(std::byte* rows_begin, std::size_t rows, std::shared_ptr<void> owner);

    // Bytes allocated here; adopted memory is not counted.
    std::size_t allocated_bytes() const noexcept { return allocated_; }
    std::size_t adopted_bytes() const noexcept { return adopted_rows_ * stride_; }

  private:
    std::size_t stride_;
    unsigned page_shift_;
    std::size_t page_mask_;
    std::size_t capacity_ = 0;
    std::size_t allocated_ = 0;
    std::size_t adopted_rows_ = 0;
    std::vector<std::byte*> pages_;
    std::vector<PageMemory> owned_;
    std::shared_ptr<void> owner_;
};

}  // namespace lanner
