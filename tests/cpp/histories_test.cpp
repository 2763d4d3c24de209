// What many threads see of one index, compared with a model: each read must show a state that the index had while the
// read ran. Small histories, many of them; and one long load of everything that can run beside a writer.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "doctest/doctest.h"
#include "lanner/index.hpp"

namespace lanner {
namespace {

// An item's version is its distance from the origin and its attribute.
using State = std::map<std::int64_t, int>;
constexpr std::int64_t kIds = 6;

struct Read {
    std::size_t first = 0;  // changes that had returned before it began
    std::size_t last = 0;   // changes that had begun before it ended
    State seen;
    bool even = false;  // of the items of even version alone
};

struct ReadBuffers {
    std::vector<std::int64_t> ids = std::vector<std::int64_t>(kIds);
    std::vector<float> distances = std::vector<float>(kIds);
    std::int64_t count = 0;
};

State search_all(const Index& index, bool even, bool exact, ReadBuffers& buffers) {
    const float origin[2] = {0.0F, 0.0F};
    const Filter filter{.op = FilterOp::kEqual, .column = "even", .values = {true}, .operands = {}, .ids = {}};
    SearchOptions options;
    options.k = kIds;
    options.exact = exact;
    options.threads = 1;
    if (even) options.filters = {&filter, 1};
    index.search({static_cast<const float*>(origin), 1, ElementType::kFloat32}, options,
                 {buffers.ids.data(), nullptr, buffers.distances.data(), &buffers.count});
    State state;
    for (std::size_t i = 0; i < static_cast<std::size_t>(buffers.count); ++i)
        state[buffers.ids[i]] = static_cast<int>(std::lround(std::sqrt(buffers.distances[i])));
    return state;
}

void put(Index& index, std::int64_t id, int version, bool upsert) {
    const float row[2] = {static_cast<float>(version), 0.0F};
    const std::uint8_t even = version % 2 == 0 ? 1 : 0;
    const ColumnView column{.name = "even", .type = ColumnType::kBool, .values = &even};
    const TableView table{1, {&column, 1}};
    index.add({static_cast<const float*>(row), 1, ElementType::kFloat32}, std::span<const std::int64_t>(&id, 1),
              {.threads = 1}, upsert, &table);
}

// One change drawn at random, made in the index and in the model.
void change(Index& index, State& model, std::uint64_t draw, int version) {
    const std::int64_t id = static_cast<std::int64_t>(draw % kIds);
    const bool there = model.find(id) != model.end();
    if (draw / 64 % 3 == 0 && model.size() >= 2) {
        // Two at once leave in one step.
        std::vector<std::int64_t> ids{model.begin()->first, model.rbegin()->first};
        index.remove(std::span<const std::int64_t>(ids), {.threads = 1});
        for (const std::int64_t each : ids) model.erase(each);
        return;
    }
    put(index, id, version, there);
    model[id] = version;
}

State even_ones(const State& state) {
    State some;
    for (const auto& [id, version] : state) {
        if (version % 2 == 0) some[id] = version;
    }
    return some;
}

bool explained(const Read& read, const std::vector<State>& states) {
    for (std::size_t at = read.first; at <= std::min(read.last, states.size() - 1); ++at) {
        if (read.seen == (read.even ? even_ones(states[at]) : states[at])) return true;
    }
    return false;
}

TEST_CASE("each search shows a state that the index had while it ran, in many small histories") {
    std::size_t reads_checked = 0;
    for (std::uint64_t history = 0; history < 60; ++history) {
        IndexOptions options{.dim = 2, .metric = Metric::kL2, .graph = history % 3 != 0, .M = 2, .ef_construction = 8};
        options.schema = Schema{{"even", ColumnType::kBool}};
        Index index(options);
        constexpr std::size_t kChanges = 40;
        std::vector<State> states(kChanges + 1);
        std::atomic<std::size_t> begun{0};
        std::atomic<std::size_t> returned{0};
        std::atomic<std::size_t> reads_done{0};
        std::vector<std::vector<Read>> reads(3);
        std::vector<std::thread> readers;
        for (std::size_t reader = 0; reader < reads.size(); ++reader) {
            readers.emplace_back([&, reader] {
                ReadBuffers buffers;
                for (std::size_t turn = 0; returned.load() < kChanges; ++turn) {
                    Read mine;
                    mine.even = turn % 2 == 1;
                    mine.first = returned.load();
                    mine.seen = search_all(index, mine.even, turn % 4 < 2, buffers);
                    mine.last = begun.load();
                    reads[reader].push_back(std::move(mine));
                    ++reads_done;
                }
            });
        }
        for (std::size_t at = 1; at <= kChanges; ++at) {
            states[at] = states[at - 1];
            // On a busy machine all changes would be over before anybody had read.
            while (reads_done.load() < at) std::this_thread::yield();
            begun.store(at);
            change(index, states[at], random_at(history, at), static_cast<int>(at));
            returned.store(at);
        }
        for (std::thread& each : readers) each.join();
        for (const std::vector<Read>& mine : reads) {
            for (const Read& read : mine) {
                REQUIRE(explained(read, states));
                ++reads_checked;
            }
        }
        index.validate();
    }
    MESSAGE(reads_checked << " reads of 60 histories");
    CHECK(reads_checked > 1000);
}

TEST_CASE("everything at once, beside a writer that is durable") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() /
        ("lanner-load-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / "a.lanner").string();
    const auto rows = [](std::uint64_t seed, std::size_t count) {
        std::vector<float> values(count * 8);
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(random_at(seed, i) >> 40) / 16777216.0F;
        return values;
    };
    {
        Index first({.dim = 8, .metric = Metric::kL2, .M = 4, .ef_construction = 30, .codec = CodecKind::kSQ8});
        const std::vector<float> values = rows(1, 400);
        first.add({values.data(), 400, ElementType::kFloat32});
        first.save(path);
    }
    std::vector<std::byte> bytes;
    {
        Index index = Index::open(path, {.durable = true, .sync = Sync::kBatch, .journal_bytes = 20000});
        std::atomic<bool> stop{false};
        std::atomic<int> unsound{0};
        std::vector<std::thread> readers;
        for (int reader = 0; reader < 3; ++reader) {
            readers.emplace_back([&, reader] {
                const std::vector<float> queries = rows(50 + static_cast<std::uint64_t>(reader), 3);
                const Filter filter{
                    .op = FilterOp::kLess, .column = "n", .values = {std::int64_t{20}}, .operands = {}, .ids = {}};
                while (!stop) {
                    std::vector<std::int64_t> ids(30);
                    std::vector<float> distances(30);
                    std::vector<std::int64_t> counts(3);
                    SearchOptions options;
                    options.ef = reader == 0 ? 20 : 0;
                    options.exact = reader == 1;
                    options.threads = 2;
                    try {
                        if (reader == 2 && !index.schema().empty()) options.filters = {&filter, 1};
                        index.search({queries.data(), 3, ElementType::kFloat32}, options,
                                     {ids.data(), nullptr, distances.data(), counts.data()});
                    } catch (const Error&) {
                        ++unsound;
                    }
                    for (std::size_t i = 0; i < 30; ++i) {
                        if (i % 10 > 0 && distances[i] < distances[i - 1]) ++unsound;
                    }
                    if (index.memory().total() == 0 || index.size() == 0) ++unsound;
                    (void)index.durable();
                }
            });
        }
        for (std::uint64_t round = 0; round < 12; ++round) {
            const std::vector<float> values = rows(100 + round, 60);
            std::vector<std::int64_t> numbers(60);
            for (std::size_t i = 0; i < 60; ++i) numbers[i] = static_cast<std::int64_t>(i + round);
            const ColumnView column{.name = "n", .type = ColumnType::kInt64, .values = numbers.data()};
            const TableView table{60, {&column, 1}};
            std::vector<std::int64_t> ids(60);
            for (std::size_t i = 0; i < 60; ++i) ids[i] = static_cast<std::int64_t>(300 + 40 * round + i);
            const std::span<const std::int64_t> some(ids);
            index.add({values.data(), 60, ElementType::kFloat32}, some, {.threads = 2}, true, &table);
            index.update_attributes(some, table);
            index.remove(some.first(30), {.threads = 2});
            if (round % 4 == 1) index.compact({.threads = 2});
            if (round % 4 == 2) index.save(path);
            if (round % 4 == 3) index.save((folder / "copy").string());
            index.validate();
        }
        stop = true;
        for (std::thread& each : readers) each.join();
        CHECK(unsound.load() == 0);
        bytes = index.to_bytes();
        index.close();
    }
    {
        const Index again = Index::open(path, {.durable = true});
        CHECK(again.to_bytes() == bytes);
        CHECK(again.durable()->failure.empty());
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lanner
