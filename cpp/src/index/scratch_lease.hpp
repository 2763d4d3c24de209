// What one search thread needs, borrowed from the index and given back at the end.
// Threads: any.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "index/impl.hpp"

namespace lanner {

class Index::Impl::ScratchLease {
  public:
    explicit ScratchLease(const Impl& index) : index_(index) {
        {
            const std::lock_guard lock(index_.scratch_mutex_);
            if (!index_.scratch_.empty()) {
                scratch_ = std::move(index_.scratch_.back());
                index_.scratch_.pop_back();
                return;
            }
        }
        scratch_ = std::make_unique<SearchScratch>(index_.store_);
    }
    ~ScratchLease() {
        // The queries of one large batch are not kept for the next.
        if (scratch_->queries.bytes() > kKeptQueryBytes) scratch_->queries = PreparedQueries();
        const std::lock_guard lock(index_.scratch_mutex_);
        // Not kept where that would take memory; it is then made again.
        if (index_.scratch_.size() < index_.scratch_.capacity()) index_.scratch_.push_back(std::move(scratch_));
    }
    ScratchLease(const ScratchLease&) = delete;
    ScratchLease& operator=(const ScratchLease&) = delete;
    SearchScratch& operator*() const noexcept { return *scratch_; }
    SearchScratch* operator->() const noexcept { return scratch_.get(); }

  private:
    static constexpr std::size_t kKeptQueryBytes = std::size_t{1} << 20;

    const Impl& index_;
    std::unique_ptr<SearchScratch> scratch_;
};

}  // namespace lanner
