// The lock of a change. See Impl.
#pragma once

#include "index/impl.hpp"

namespace lanner {

class Index::Impl::WriterGuard {
  public:
    explicit WriterGuard(Impl& index) : index_(index) {
        if (index_.writer_thread_.load() == std::this_thread::get_id()) {
            throw Error(ErrorKind::kInvalidArgument, "the index is being changed by this very thread; a progress callback cannot change it");
        }
        lock_ = std::unique_lock(index_.writer_);
        index_.writer_thread_.store(std::this_thread::get_id());
    }
    ~WriterGuard() { index_.writer_thread_.store(std::thread::id()); }
    WriterGuard(const WriterGuard&) = delete;
    WriterGuard& operator=(const WriterGuard&) = delete;

  private:
    Impl& index_;
    std::unique_lock<std::mutex> lock_;
};

}  // namespace lanner
