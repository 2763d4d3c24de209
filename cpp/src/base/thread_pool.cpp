#include "base/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <unistd.h>
#endif

namespace lanner {
namespace {

constexpr auto kPollEvery = std::chrono::milliseconds(50);

// Set while a thread runs a loop's body: a loop started there runs on that thread alone.
thread_local bool inside_loop = false;

struct Loop {
    std::size_t count;
    std::size_t grain;
    const RangeBody& body;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
    std::size_t running = 0;               // workers inside, under the pool's mutex
    std::exception_ptr failure = nullptr;  // the first, under the pool's mutex
};

void run(Loop& loop, std::size_t worker, const std::function<void()>* poll) {
    while (!loop.stop.load(std::memory_order_relaxed)) {
        const std::size_t begin = loop.next.fetch_add(loop.grain, std::memory_order_relaxed);
        if (begin >= loop.count) return;
        loop.body(begin, std::min(loop.count, begin + loop.grain), worker);
        if (poll != nullptr) (*poll)();
    }
}

void run_shared(Loop& loop, std::size_t worker, const std::function<void()>* poll) {
    struct Mark {
        Mark() { inside_loop = true; }
        ~Mark() { inside_loop = false; }
    } const mark;
    run(loop, worker, poll);
}

class Pool {
  public:
    void run_on(Loop& loop, std::size_t threads, const std::function<void()>* poll) {
        {
            const std::lock_guard lock(mutex_);
            start_workers(threads - 1);
            queue(loop, threads);
        }
        wake_.notify_all();
        try {
            run_shared(loop, 0, poll);
        } catch (...) {
            fail(loop);
        }
        std::unique_lock lock(mutex_);
        std::erase_if(tickets_, [&](const Ticket& ticket) { return ticket.loop == &loop; });
        while (loop.running > 0) {
            if (poll == nullptr || loop.failure) {
                left_.wait(lock);
            } else if (left_.wait_for(lock, kPollEvery) == std::cv_status::timeout) {
                lock.unlock();
                try {
                    (*poll)();
                } catch (...) {
                    fail(loop);
                }
                lock.lock();
            }
        }
        if (loop.failure) std::rethrow_exception(loop.failure);
    }

  private:
    struct Ticket {
        Loop* loop;
        std::size_t worker;
    };

    // Where memory is short, with fewer hands.
    void queue(Loop& loop, std::size_t threads) {
        try {
            for (std::size_t worker = 1; worker < threads; ++worker) tickets_.push_back({&loop, worker});
        } catch (const std::bad_alloc&) {
            return;
        }
    }

    // Where the system grants no more threads, those that run do all the work.
    void start_workers(std::size_t wanted) {
        try {
            for (; workers_ < wanted; ++workers_) std::thread([this] { work(); }).detach();
        } catch (const std::system_error&) {
            return;
        }
    }

    void fail(Loop& loop) {
        loop.stop.store(true, std::memory_order_relaxed);
        const std::lock_guard lock(mutex_);
        if (!loop.failure) loop.failure = std::current_exception();
    }

    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return !tickets_.empty(); });
            const Ticket ticket = tickets_.front();
            tickets_.pop_front();
            ++ticket.loop->running;
            lock.unlock();
            try {
                run_shared(*ticket.loop, ticket.worker, nullptr);
            } catch (...) {
                fail(*ticket.loop);
            }
            lock.lock();
            if (--ticket.loop->running == 0) left_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable left_;
    std::deque<Ticket> tickets_;
    std::size_t workers_ = 0;
};

// Never destroyed: sleeping workers refer to it until the process ends.
std::atomic<Pool*> pool{nullptr};

#if defined(__unix__) || defined(__APPLE__)
// A child of fork has none of its parent's workers, and the state of the parent's mutex; it starts afresh.
void forget_pool() noexcept { pool.store(nullptr, std::memory_order_relaxed); }
#endif

Pool& shared_pool() {
    static std::mutex creation;
    Pool* existing = pool.load(std::memory_order_acquire);
    if (existing != nullptr) return *existing;
    const std::lock_guard lock(creation);
    existing = pool.load(std::memory_order_acquire);
    if (existing == nullptr) {
#if defined(__unix__) || defined(__APPLE__)
        static const int registered = ::pthread_atfork(nullptr, nullptr, forget_pool);
        (void)registered;
#endif
        existing = new Pool();
        pool.store(existing, std::memory_order_release);
    }
    return *existing;
}

std::atomic<std::size_t> chosen_threads{0};

std::size_t usable_processors() noexcept {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
#endif
    return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

void parallel_for(std::size_t count, std::size_t grain, std::size_t threads, const RangeBody& body,
                  const std::function<void()>& poll) {
    if (count == 0) return;
    grain = std::max<std::size_t>(1, grain);
    Loop loop{.count = count, .grain = grain, .body = body};
    const std::size_t useful = std::min(threads, (count + grain - 1) / grain);
    if (useful <= 1 || inside_loop) {
        run(loop, 0, poll ? &poll : nullptr);
    } else {
        shared_pool().run_on(loop, useful, poll ? &poll : nullptr);
    }
}

std::size_t default_thread_count() noexcept {
    const std::size_t chosen = chosen_threads.load(std::memory_order_relaxed);
    if (chosen > 0) return chosen;
    // Asked once: a search of a few microseconds would notice a system call.
    static const std::size_t usable = usable_processors();
    return usable;
}

void set_default_thread_count(std::size_t threads) noexcept {
    chosen_threads.store(threads, std::memory_order_relaxed);
}

}  // namespace lanner
