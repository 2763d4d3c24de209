#include "base/paged_rows.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace lanner {
namespace {

// A page is at least this large, so that huge pages fit it.
constexpr std::size_t kPageBytes = std::size_t{4} << 20;

}  // namespace

PagedRows::PagedRows(std::size_t stride) : stride_(stride) {
    const std::size_t rows = std::bit_ceil(std::max<std::size_t>(1, (kPageBytes + stride - 1) / stride));
    page_shift_ = static_cast<unsigned>(std::countr_zero(rows));
    page_mask_ = rows - 1;
}

void PagedRows::grow(std::size_t rows) {
    if (rows <= capacity_) return;
    const std::size_t page_rows = page_mask_ + 1;
    // Small arrays grow like a vector inside the first page; from then on by whole pages.
    const std::size_t wanted = rows <= page_rows ? std::min(page_rows, std::bit_ceil(std::max<std::size_t>(rows, 8)))
                                                 : (rows + page_mask_) & ~page_mask_;
    std::vector<PageMemory> fresh;
    std::vector<std::byte*> pages = pages_;
    std::size_t covered = capacity_ & ~page_mask_;  // rows in pages that are full-size and stay
    if (covered < capacity_) pages.pop_back();
    while (covered < wanted) {
        const std::size_t count = std::min(page_rows, wanted - covered);
        fresh.push_back(allocate_page(count * stride_));
        pages.push_back(fresh.back().get());
        covered += count;
    }
    owned_.reserve(owned_.size() + fresh.size());
    const std::size_t partial = capacity_ & page_mask_;
    if (partial > 0) {
        std::memcpy(pages[capacity_ >> page_shift_], pages_.back(), partial * stride_);
        if (!owned_.empty() && owned_.back().get() == pages_.back()) {
            allocated_ -= partial * stride_;
            owned_.pop_back();
        }
    }
    allocated_ += (wanted - (capacity_ - partial)) * stride_;
    for (PageMemory& page : fresh) owned_.push_back(std::move(page));
    pages_ = std::move(pages);
    capacity_ = wanted;
}

void PagedRows::adopt(std::byte* rows_begin, std::size_t rows, std::shared_ptr<void> owner) {
    pages_.clear();
    owned_.clear();
    const std::size_t page_rows = page_mask_ + 1;
    for (std::size_t first = 0; first < rows; first += page_rows) pages_.push_back(rows_begin + first * stride_);
    capacity_ = rows;
    adopted_rows_ = rows;
    allocated_ = 0;
    owner_ = std::move(owner);
}

}  // namespace lanner
