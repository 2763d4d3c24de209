#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/checksum.hpp"
#include "base/fair_shared_mutex.hpp"
#include "base/near_name.hpp"
#include "base/paged_rows.hpp"
#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "base/top_k.hpp"
#include "base/utf8.hpp"
#include "doctest/doctest.h"

namespace lanner {
namespace {

struct BySlot final : TieBreak {
    bool before(Slot left, Slot right) const noexcept override { return left < right; }
};

TEST_CASE("crc32 is the checksum that zlib computes, in one piece or several") {
    const std::string text = "123456789";
    CHECK(crc32(0, text.data(), text.size()) == 0xcbf43926U);
    CHECK(crc32(0, nullptr, 0) == 0U);
    std::vector<unsigned char> bytes(1000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(random_at(1, i));
    const std::uint32_t whole = crc32(0, bytes.data(), bytes.size());
    for (const std::size_t cut : {1U, 15U, 16U, 17U, 500U, 999U}) {
        CHECK(crc32(crc32(0, bytes.data(), cut), bytes.data() + cut, bytes.size() - cut) == whole);
    }
    bytes[500] ^= 1;
    CHECK(crc32(0, bytes.data(), bytes.size()) != whole);
}

TEST_CASE("text is told from bytes that are not UTF-8") {
    for (const std::string good :
         {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
        CHECK(is_utf8(good));
    for (const std::string bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                  "\xf8\x88\x80\x80\x80", "\xff", "\xe2\x28\xa1", "a\xf0\x9f\x98"}) {
        CHECK_FALSE(is_utf8(bad));
    }
}

TEST_CASE("paged rows keep their contents while they grow, and are zero beyond") {
    for (const std::size_t stride : {4U, 100U, 1536U, 70000U}) {
        PagedRows rows(stride);
        std::size_t written = 0;
        for (const std::size_t capacity : {1U, 7U, 9U, 60U, 61U, 1000U, 6000U}) {
            if (stride * capacity > (64U << 20)) break;
            rows.grow(capacity);
            REQUIRE(rows.capacity() >= capacity);
            for (std::size_t row = 0; row < written; ++row) CHECK(*rows.as<std::uint32_t>(row) == row + 1);
            for (std::size_t row = written; row < capacity; ++row) {
                CHECK(*rows.as<std::uint32_t>(row) == 0);
                *rows.as<std::uint32_t>(row) = static_cast<std::uint32_t>(row + 1);
            }
            written = capacity;
        }
    }
}

TEST_CASE("paged rows leave adopted memory alone when they grow beyond it") {
    const auto owner = std::make_shared<std::vector<std::byte>>(std::size_t{4} * 10);
    std::memset(owner->data(), 7, owner->size());
    PagedRows rows(4);
    rows.adopt(owner->data(), 10, owner);
    CHECK(rows.row(3) == owner->data() + 12);
    rows.grow(11);
    CHECK(rows.row(3) != owner->data() + 12);
    CHECK(std::memcmp(rows.row(9), owner->data() + 36, 4) == 0);
    CHECK(*rows.as<std::uint32_t>(10) == 0);
}

TEST_CASE("a loop runs every place once, on no more threads than asked for") {
    for (const std::size_t threads : {1U, 2U, 5U}) {
        std::vector<std::atomic<int>> seen(1003);
        std::atomic<std::size_t> greatest{0};
        parallel_for(seen.size(), 7, threads, [&](std::size_t begin, std::size_t end, std::size_t worker) {
            CHECK(end - begin <= 7);
            std::size_t known = greatest.load();
            while (known < worker && !greatest.compare_exchange_weak(known, worker)) {
            }
            for (std::size_t i = begin; i < end; ++i) ++seen[i];
        });
        for (const auto& each : seen) CHECK(each.load() == 1);
        CHECK(greatest.load() < threads);
    }
}

TEST_CASE("an exception in a loop's body or poll reaches the caller, and the pool goes on") {
    const auto explode = [](std::size_t begin, std::size_t, std::size_t) {
        if (begin == 50) throw std::runtime_error("fifty");
    };
    CHECK_THROWS_WITH(parallel_for(100, 1, 3, explode), "fifty");
    CHECK_THROWS_WITH(parallel_for(100, 1, 1, explode), "fifty");
    const auto slow = [](std::size_t, std::size_t, std::size_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    };
    CHECK_THROWS_WITH(parallel_for(10000, 1, 2, slow, [] { throw std::runtime_error("enough"); }), "enough");
    std::atomic<int> sum{0};
    parallel_for(10, 1, 3, [&](std::size_t begin, std::size_t, std::size_t) { sum += static_cast<int>(begin); });
    CHECK(sum.load() == 45);
}

TEST_CASE("loops nest and run beside one another") {
    std::atomic<int> count{0};
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 3; ++caller) {
        callers.emplace_back([&] {
            parallel_for(20, 1, 3, [&](std::size_t, std::size_t, std::size_t) {
                parallel_for(5, 1, 3, [&](std::size_t, std::size_t, std::size_t) { ++count; });
            });
        });
    }
    for (std::thread& each : callers) each.join();
    CHECK(count.load() == 300);
}

TEST_CASE("the k best come out in order, ties by the order asked for, NaN never") {
    const BySlot ties;
    TopK top(3, ties);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Candidate given[] = {{2, 9}, {1, 5}, {nan, 1}, {2, 4}, {1, 7}, {3, 0}, {2, 2}};
    for (const Candidate& each : given) top.offer(each);
    const std::vector<Candidate> best = top.take();
    REQUIRE(best.size() == 3);
    CHECK(best[0].slot == 5);
    CHECK(best[1].slot == 7);
    CHECK(best[2].slot == 2);
    TopK none(0, ties);
    none.offer({1, 1});
    CHECK(none.take().empty());
}

TEST_CASE("a reader that comes after a waiting writer waits behind it") {
    FairSharedMutex mutex;
    std::atomic<bool> written{false};
    std::atomic<bool> read{false};
    std::atomic<bool> read_after_write{false};
    mutex.lock_shared();
    std::thread writer([&] {
        mutex.lock();
        written = true;
        mutex.unlock();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the writer is waiting by now
    std::thread reader([&] {
        mutex.lock_shared();
        read_after_write = written.load();
        read = true;
        mutex.unlock_shared();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK_FALSE(read.load());
    mutex.unlock_shared();
    writer.join();
    reader.join();
    CHECK(read_after_write.load());
}

TEST_CASE("a slip is taken for the name that it is near to, and a name of its own for none") {
    const std::vector<std::string> names = {"year", "years", "min_price", "max_price", "price_2", "größe", "год"};
    const auto near = [&](std::string_view name) { return near_name(name, names).value_or("none"); };
    CHECK(near("yaer") == "year");
    CHECK(near("YEARS") == "years");
    CHECK(near("minPrice") == "min_price");
    CHECK(near("max_prise") == "max_price");
    CHECK(near("price_3") == "none");
    CHECK(near("mid_price") == "none");
    CHECK(near("größen") == "größe");
    CHECK(near("код") == "none");
    CHECK(near("года") == "год");
    CHECK(near("gr\xc3") == "none");
    CHECK(near("year\xff") == "year");
    CHECK(near("") == "none");
    CHECK(near(std::string(1 << 20, 'y')) == "none");
    CHECK(near_name_hint("yer", names) == "; did you mean 'year'?");
    CHECK(near_name_hint("month", names).empty());
    CHECK(near_name_hint("year", {}).empty());
}

}  // namespace
}  // namespace lanner
