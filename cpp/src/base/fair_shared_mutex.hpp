// A shared mutex under which a waiting writer is not starved by a stream of readers.
// Threads: any. Not recursive, in either mode.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace lanner {

class FairSharedMutex {
  public:
    void lock() {
        turnstile_.lock();
        inner_.lock();
    }
    void unlock() {
        inner_.unlock();
        turnstile_.unlock();
    }
    void lock_shared() {
        // A writer waits with the turnstile in hand, so later readers queue behind it.
        const std::lock_guard pass(turnstile_);
        inner_.lock_shared();
    }
    void unlock_shared() { inner_.unlock_shared(); }

  private:
    std::mutex turnstile_;
    std::shared_mutex inner_;
};

}  // namespace lanner
