// The lock of a change, and of whatever wants no change beside it. See Impl.
#pragma once

#include "index/impl.hpp"

namespace lanner {

class Index::Impl::WriterGuard {
  public:
    // Refuses where this thread holds it already, as a progress callback does, rather than wait for ever.
    explicit WriterGuard(const Impl& index) : index_(index) {
        if (index_.writer_thread_.load() == std::this_thread::get_id()) {
            throw Error(
                ErrorKind::kInvalidArgument,
                "the index is being changed by this very thread; a progress callback can search it, but neither "
                "change nor save it");
        }
        lock_ = std::unique_lock(index_.writer_);
        index_.writer_thread_.store(std::this_thread::get_id());
    }
    ~WriterGuard() { index_.writer_thread_.store(std::thread::id()); }
    WriterGuard(const WriterGuard&) = delete;
    WriterGuard& operator=(const WriterGuard&) = delete;

  private:
    const Impl& index_;
    std::unique_lock<std::mutex> lock_;
};

}  // namespace lanner
