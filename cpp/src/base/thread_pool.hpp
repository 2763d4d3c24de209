// Loops over ranges on several threads. Workers are started when first needed and sleep in between; they are never
// joined, so that neither interpreter exit nor static destruction can hang, and a forked child starts its own.
// Threads: any may call, also at the same time, also from inside a loop's body (the inner loop then runs on its caller).
#pragma once

#include <cstddef>
#include <functional>

namespace lanner {

// Called as body(begin, end, worker), worker < threads: no two calls at one time share a worker number.
using RangeBody = std::function<void(std::size_t begin, std::size_t end, std::size_t worker)>;

// Runs the body over [0, count) in ranges of at most `grain`, on up to `threads` threads, the caller among them.
// `poll`, where given, is called on the calling thread after every range that it ran itself, and some 20 times a second
// while it waits for others; what it throws stops the loop.
// The first exception of any thread is rethrown here once all have left the loop.
void parallel_for(std::size_t count, std::size_t grain, std::size_t threads, const RangeBody& body,
                  const std::function<void()>& poll = nullptr);

// The processors this process may run on, unless set otherwise; at least 1.
std::size_t default_thread_count() noexcept;
void set_default_thread_count(std::size_t threads) noexcept;

}  // namespace lanner
