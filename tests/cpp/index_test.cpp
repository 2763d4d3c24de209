#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "doctest/doctest.h"
#include "lanner/index.hpp"

namespace lanner {
namespace {

constexpr std::size_t kDim = 16;

std::vector<float> random_rows(std::size_t count, std::uint64_t seed) {
    std::vector<float> rows(count * kDim);
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i] = static_cast<float>(random_at(seed, i) >> 40) / 16777216.0F - 0.5F;
    return rows;
}

Vectors view(const std::vector<float>& rows) { return {rows.data(), rows.size() / kDim, ElementType::kFloat32}; }

std::vector<std::int64_t> iota(std::int64_t first, std::size_t count) {
    std::vector<std::int64_t> ids(count);
    for (std::size_t i = 0; i < count; ++i) ids[i] = first + static_cast<std::int64_t>(i);
    return ids;
}

Ids ids_of(const std::vector<std::int64_t>& ids) { return std::span<const std::int64_t>(ids); }

struct Hits {
    std::vector<std::int64_t> ids;
    std::vector<float> distances;
    std::vector<std::int64_t> counts;
};

Hits search(const Index& index, const Vectors& queries, const SearchOptions& options) {
    Hits hits{std::vector<std::int64_t>(queries.count * options.k), std::vector<float>(queries.count * options.k),
              std::vector<std::int64_t>(queries.count)};
    index.search(queries, options, {hits.ids.data(), nullptr, hits.distances.data(), hits.counts.data()});
    return hits;
}

double recall(const Index& index, const Vectors& queries, std::size_t k, std::size_t ef) {
    const Hits found = search(index, queries, {k, ef, false, 1});
    const Hits exact = search(index, queries, {k, 0, true, 1});
    std::size_t hits = 0;
    for (std::size_t query = 0; query < queries.count; ++query) {
        for (std::size_t i = 0; i < k; ++i)
            hits += found.distances[query * k + i] <= exact.distances[query * k + k - 1] ? 1 : 0;
    }
    return static_cast<double>(hits) / static_cast<double>(queries.count * k);
}

template <typename Call>
ErrorKind kind_thrown(const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.kind();
    }
    throw std::logic_error("nothing was thrown");
}

IndexOptions l2_options() { return {.dim = kDim, .metric = Metric::kL2, .M = 8, .ef_construction = 60}; }

TEST_CASE("a graph finds what a scan finds, for every metric on floats") {
    // Recall over 200 queries at this ef is above 0.99 in every run seen; 0.97 leaves room for another draw of data.
    const std::vector<float> rows = random_rows(4000, 1);
    const std::vector<float> queries = random_rows(200, 2);
    for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kIp, Metric::kSnr, Metric::kSnrItem}) {
        IndexOptions options = l2_options();
        options.metric = metric;
        Index index(options);
        index.add(view(rows));
        CHECK(recall(index, view(queries), 10, 150) >= 0.97);
        CHECK(index.validate().reachable == 4000);
    }
}

TEST_CASE("the distances of one query alone, of a batch, and of a scan are the same bits") {
    const std::vector<float> rows = random_rows(3000, 3);
    const std::vector<float> queries = random_rows(30, 4);
    Index index(l2_options());
    index.add(view(rows));
    const Hits batch = search(index, view(queries), {5, 200, false, 2});
    const Hits scan = search(index, view(queries), {5, 0, true, 2});
    for (std::size_t query = 0; query < 30; ++query) {
        const Vectors single{queries.data() + query * kDim, 1, ElementType::kFloat32};
        const Hits one = search(index, single, {5, 200, false, 1});
        const Hits exact = search(index, single, {5, 0, true, 1});
        CHECK(std::equal(one.distances.begin(), one.distances.end(),
                         batch.distances.begin() + static_cast<std::ptrdiff_t>(query * 5)));
        CHECK(std::equal(exact.distances.begin(), exact.distances.end(),
                         scan.distances.begin() + static_cast<std::ptrdiff_t>(query * 5)));
        CHECK(
            std::equal(exact.ids.begin(), exact.ids.end(), scan.ids.begin() + static_cast<std::ptrdiff_t>(query * 5)));
    }
}

TEST_CASE("saved bytes do not depend on the number of threads, and come back as the same index") {
    const std::vector<float> rows = random_rows(2500, 5);
    std::vector<std::vector<std::byte>> saved;
    for (const std::size_t threads : {1U, 2U, 5U}) {
        Index index(l2_options());
        index.add(view(rows), {}, {threads, nullptr});
        saved.push_back(index.to_bytes());
    }
    CHECK(saved[0] == saved[1]);
    CHECK(saved[0] == saved[2]);
    const Index again = Index::from_bytes(saved[0]);
    CHECK(again.to_bytes() == saved[0]);
    CHECK(again.size() == 2500);
}

TEST_CASE("a failed add leaves the index as it was, byte for byte") {
    for (const Metric metric : {Metric::kL2, Metric::kIp}) {
        for (const bool graph : {true, false}) {
            IndexOptions options = l2_options();
            options.metric = metric;
            options.graph = graph;
            Index index(options);
            index.add(view(random_rows(1500, 6)));
            index.remove(ids_of(iota(100, 200)));
            const std::vector<std::byte> before = index.to_bytes();
            std::vector<float> more = random_rows(3000, 7);
            for (float& each : more) each *= 3;
            // Ids from 300 on exist and are replaced; the progress callback gives up half way.
            const std::vector<std::int64_t> ids = iota(300, 3000);
            const auto give_up = [](std::size_t done, std::size_t) {
                if (done > 0) throw std::runtime_error("enough");
            };
            CHECK_THROWS_WITH(index.add(view(more), ids_of(ids), {2, give_up}, true), "enough");
            CHECK(index.to_bytes() == before);
            more[40 * kDim] = std::numeric_limits<float>::quiet_NaN();
            CHECK(kind_thrown([&] { index.add(view(more), ids_of(ids), {}, true); }) == ErrorKind::kInvalidArgument);
            CHECK(kind_thrown([&] {
                      index.add(view(random_rows(2, 8)), ids_of({7, 7}));
                  }) == ErrorKind::kInvalidArgument);
            CHECK(kind_thrown([&] {
                      index.add(view(random_rows(2, 8)), ids_of({5000, 3}));
                  }) == ErrorKind::kInvalidArgument);
            CHECK(kind_thrown([&] { index.remove(ids_of({3, 100})); }) == ErrorKind::kNotFound);
            CHECK(index.to_bytes() == before);
        }
    }
}

TEST_CASE("removed items never come back, their slots are used again, recall stays") {
    const std::vector<float> queries = random_rows(100, 9);
    Index index(l2_options());
    index.add(view(random_rows(3000, 10)));
    for (std::int64_t round = 0; round < 4; ++round) {
        const std::vector<std::int64_t> gone = iota(round * 700, 700);
        index.remove(ids_of(gone));
        const Hits hits = search(index, view(queries), {10, 100, false, 1});
        for (const std::int64_t id : hits.ids) CHECK(id >= (round + 1) * 700);
        CHECK_FALSE(index.contains(gone[5]));
        index.add(view(random_rows(700, 11 + static_cast<std::uint64_t>(round))));
        CHECK(index.size() == 3000);
        const GraphFigures figures = index.validate();
        CHECK(figures.reachable == 3000);
        CHECK(recall(index, view(queries), 10, 120) >= 0.97);
    }
    CHECK(index.to_bytes().size() < 3100 * (kDim * 4 + 8 * 8 + 60));
    index.remove(ids_of(std::get<std::vector<std::int64_t>>(index.ids())));
    CHECK(index.size() == 0);
    CHECK(search(index, view(queries), {3, 0, false, 1}).counts[0] == 0);
    index.add(view(random_rows(100, 20)));
    CHECK(search(index, view(queries), {3, 0, false, 1}).counts[0] == 3);
}

TEST_CASE("thousands of equal vectors do not hide the rest") {
    std::vector<float> rows(2000 * kDim, 0.25F);
    const std::vector<float> others = random_rows(2000, 21);
    rows.insert(rows.end(), others.begin(), others.end());
    Index index(l2_options());
    index.add(view(rows));
    CHECK(index.validate().reachable == 4000);
    const Hits hits = search(index, view(others), {1, 100, false, 1});
    std::size_t found = 0;
    for (const float distance : hits.distances) found += distance == 0.0F ? 1 : 0;
    CHECK(found >= 1960);
}

TEST_CASE("inner products over rows of very unequal length stay sound while rows come and go") {
    for (const std::uint32_t M : {4U, 16U}) {
        IndexOptions options = l2_options();
        options.metric = Metric::kIp;
        options.M = M;
        Index index(options);
        const auto rows_of = [](std::size_t count, std::uint64_t seed) {
            std::vector<float> rows = random_rows(count, seed);
            for (std::size_t i = 0; i < rows.size(); ++i)
                rows[i] *= static_cast<float>(1 + random_at(seed, i / kDim) % 8);
            return rows;
        };
        index.add(view(rows_of(2000, 70)));
        for (std::int64_t round = 0; round < 10; ++round) {
            index.remove(ids_of(iota(round * 50, 50)));
            index.add(view(rows_of(50, 71 + static_cast<std::uint64_t>(round))));
            CHECK(index.validate().reachable == 2000);
        }
        CHECK(Index::from_bytes(index.to_bytes()).size() == 2000);
    }
}

TEST_CASE("scans beside an upsert give back ids that exist, and all of them") {
    for (const bool graph : {true, false}) {
        IndexOptions options = l2_options();
        options.graph = graph;
        Index index(options);
        index.add(view(random_rows(1200, 90)), ids_of(iota(1000, 1200)));
        std::atomic<bool> stop{false};
        std::atomic<int> unsound{0};
        std::thread reader([&] {
            const std::vector<float> query = random_rows(1, 91);
            while (!stop) {
                const RadiusHits hits = index.search_radius(view(query), 1e9F, {10, 0, true, 1});
                const auto& ids = std::get<std::vector<std::int64_t>>(hits.ids);
                const std::set<std::int64_t> distinct(ids.begin(), ids.end());
                if (distinct.size() != 1200 || *distinct.begin() != 1000 || *distinct.rbegin() != 2199) ++unsound;
            }
        });
        for (std::uint64_t round = 0; round < 4; ++round) {
            index.add(view(random_rows(600, 92 + round)), ids_of(iota(1300, 600)), {2, nullptr}, true);
        }
        stop = true;
        reader.join();
        CHECK(unsound.load() == 0);
        CHECK(index.size() == 1200);
    }
}

TEST_CASE("searches survive an index that is emptied beside them") {
    Index index(l2_options());
    const std::vector<float> rows = random_rows(900, 95);
    index.add(view(rows));
    std::atomic<bool> stop{false};
    std::thread reader([&] {
        const std::vector<float> queries = random_rows(8, 96);
        while (!stop) search(index, view(queries), {3, 10, false, 1});
    });
    for (int round = 0; round < 5; ++round) {
        index.remove(ids_of(std::get<std::vector<std::int64_t>>(index.ids())));
        index.add(view(rows));
    }
    stop = true;
    reader.join();
    CHECK(index.size() == 900);
}

TEST_CASE("no queries give no hits") {
    Index index(l2_options());
    index.add(view(random_rows(50, 97)));
    const Vectors none{nullptr, 0, ElementType::kFloat32};
    CHECK(index.search_radius(none, 1.0F, {}).offsets == std::vector<std::int64_t>{0});
    CHECK(search(index, none, {3, 0, true, 1}).ids.empty());
    CHECK(search(index, none, {3, 0, false, 1}).ids.empty());
}

TEST_CASE("a long add tells its progress as it goes, also when its batches are quick") {
    Index index(l2_options());
    std::vector<std::size_t> told;
    std::size_t rows = 0;
    // Until a call takes long enough for several reports, whatever the machine.
    for (std::size_t count = 4000; told.size() < 3 && count < 1000000; count *= 2) {
        told.clear();
        rows = count;
        index.add(view(random_rows(count, 98 + count)), {},
                  {2, [&](std::size_t done, std::size_t) { told.push_back(done); }});
    }
    CHECK(told.size() >= 3);
    CHECK(std::is_sorted(told.begin(), told.end()));
    CHECK(told.back() == rows);
}

TEST_CASE("a bfloat16 vector at the edge of what is allowed is refused, or comes back") {
    Index index({.dim = 1, .metric = Metric::kL2, .type = ElementType::kBFloat16});
    const float edge = std::nextafter(9223372036854775808.0F, 0.0F);
    try {
        index.add({&edge, 1, ElementType::kFloat32});
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::kInvalidArgument);
    }
    CHECK(Index::from_bytes(index.to_bytes()).size() == index.size());
}

TEST_CASE("an upsert moves an id to its new vector") {
    Index index(l2_options());
    const std::vector<float> rows = random_rows(1000, 22);
    index.add(view(rows));
    const std::vector<float> moved = random_rows(10, 23);
    const std::vector<std::int64_t> ids = iota(50, 10);
    index.add(view(moved), ids_of(ids), {}, true);
    CHECK(index.size() == 1000);
    const Hits hits = search(index, view(moved), {1, 0, false, 1});
    CHECK(hits.ids == ids);
    std::vector<float> back(10 * kDim);
    index.get(ids_of(ids), back.data());
    CHECK(back == moved);
    CHECK(index.validate().reachable == 1000);
}

TEST_CASE("strings serve as ids") {
    Index index(l2_options());
    const std::vector<float> rows = random_rows(300, 24);
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i)
        names.push_back("item " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), 'x'));
    const std::vector<std::string_view> views(names.begin(), names.end());
    index.add(view(rows), std::span<const std::string_view>(views));
    const Index again = Index::from_bytes(index.to_bytes());
    for (const Index* each : {static_cast<const Index*>(&index), &again}) {
        std::vector<std::string> found(300);
        std::vector<float> distances(300);
        each->search(view(rows), {1, 0, false, 2}, {nullptr, found.data(), distances.data(), nullptr});
        CHECK(found == names);
        CHECK(each->contains("item 0"));
        CHECK_FALSE(each->contains("item"));
    }
    CHECK(kind_thrown([&] { index.add(view(random_rows(1, 25)), ids_of({1})); }) == ErrorKind::kWrongType);
    CHECK(kind_thrown([&] { index.add(view(random_rows(1, 25))); }) == ErrorKind::kInvalidArgument);
}

TEST_CASE("searches beside a writer see sound results") {
    Index index(l2_options());
    const std::vector<float> rows = random_rows(600, 26);
    index.add(view(rows));
    std::atomic<bool> stop{false};
    std::atomic<int> unsound{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 2; ++reader) {
        readers.emplace_back([&, reader] {
            const std::vector<float> queries = random_rows(5, 100 + static_cast<std::uint64_t>(reader));
            while (!stop) {
                // Ids below 300 stay throughout, so at least five hits are there at any time.
                for (const bool exact : {false, true}) {
                    const Hits hits = search(index, view(queries), {5, 30, exact, 1});
                    for (std::size_t i = 0; i < hits.ids.size(); ++i) {
                        if (hits.ids[i] < 0 || (i % 5 > 0 && hits.distances[i] < hits.distances[i - 1])) ++unsound;
                    }
                }
                if (!index.contains(std::int64_t{5})) ++unsound;
            }
        });
    }
    for (std::int64_t round = 0; round < 6; ++round) {
        index.remove(ids_of(iota(300, 300)));
        index.add(view(random_rows(300, 30 + static_cast<std::uint64_t>(round))), ids_of(iota(300, 300)), {2, nullptr});
        index.add(view(random_rows(50, 40 + static_cast<std::uint64_t>(round))), ids_of(iota(400, 50)), {2, nullptr},
                  true);
    }
    stop = true;
    for (std::thread& each : readers) each.join();
    CHECK(unsound.load() == 0);
    CHECK(index.size() == 600);
    CHECK(index.validate().reachable == 600);
}

TEST_CASE("a file opened read-only refuses changes; a writable copy leaves the file alone") {
    const std::string path = (std::filesystem::temp_directory_path() / "lanner-index-test.lanner").string();
    const std::vector<float> rows = random_rows(500, 50);
    {
        Index index(l2_options());
        index.add(view(rows));
        index.save(path);
    }
    {
        Index index = Index::open(path);
        CHECK(kind_thrown([&] { index.remove(ids_of({1})); }) == ErrorKind::kReadOnly);
        CHECK(search(index, view(rows), {1, 0, false, 1}).ids == iota(0, 500));
        Index copy = Index::open(path, {.writable = true, .verify = true});
        copy.remove(ids_of(iota(0, 250)));
        copy.add(view(random_rows(900, 51)), ids_of(iota(5000, 900)));
        CHECK(copy.size() == 1150);
        CHECK(copy.validate().reachable == 1150);
        CHECK(index.size() == 500);
        CHECK(Index::open(path, {.writable = false, .verify = true}).size() == 500);
        CHECK(verify_file(path).size == 500);
        CHECK(verify_file(path).kind == FileKind::kIndex);
        copy.save(path);
    }
    CHECK(Index::open(path).size() == 1150);
    std::filesystem::remove(path);
}

TEST_CASE("damaged bytes never crash: an error, or with checksums off an answer of some kind") {
    IndexOptions options = l2_options();
    options.metric = Metric::kCosine;
    Index index(options);
    const std::vector<float> rows = random_rows(200, 60);
    index.add(view(rows));
    index.remove(ids_of(iota(10, 20)));
    const std::vector<std::byte> good = index.to_bytes();
    const std::string path = (std::filesystem::temp_directory_path() / "lanner-damaged-test.lanner").string();
    std::size_t opened = 0;
    for (std::size_t trial = 0; trial < 600; ++trial) {
        std::vector<std::byte> bad = good;
        for (std::size_t change = 0; change < 1 + trial % 40; ++change) {
            const std::uint64_t draw = random_at(trial, change);
            bad[draw % bad.size()] ^= static_cast<std::byte>(1 + (draw >> 40) % 255);
        }
        CHECK(kind_thrown([&] { Index::from_bytes(bad); }) == ErrorKind::kFileFormat);
        std::FILE* const file = std::fopen(path.c_str(), "wb");
        REQUIRE(std::fwrite(bad.data(), 1, bad.size(), file) == bad.size());
        std::fclose(file);
        try {
            const Index damaged = Index::open(path);
            ++opened;
            for (const bool exact : {false, true}) search(damaged, view(rows), {10, 12, exact, 1});
            damaged.contains(std::int64_t{7});
            damaged.to_bytes();
            Index changed = Index::open(path, {.writable = true, .verify = false});
            changed.add(view(random_rows(20, 61)), ids_of(iota(1 << 20, 20)));
            changed.remove(ids_of(iota((1 << 20) + 3, 5)));
        } catch (const Error&) {
            continue;
        }
    }
    CHECK(opened > 100);
    std::filesystem::remove(path);
}

TEST_CASE("tables joined hold the rows of all, and nulls in what one of them lacks") {
    const auto column = [](const char* name, ColumnType type, std::vector<std::uint8_t> valid) {
        OwnedColumn made;
        made.name = name;
        made.type = type;
        made.valid = std::move(valid);
        return made;
    };
    OwnedColumn years = column("year", ColumnType::kInt64, {1, 0});
    years.integers = {2020, 0};
    OwnedColumn tags = column("tags", ColumnType::kStringList, {1, 1});
    tags.row_offsets = {0, 2, 2};
    tags.text = "abc";
    tags.text_offsets = {0, 1, 3};
    OwnedColumn more = column("year", ColumnType::kInt64, {1});
    more.integers = {2021};
    OwnedColumn name = column("name", ColumnType::kString, {1});
    name.text = "x";
    name.text_offsets = {0, 1};
    const std::vector<OwnedTable> tables = {{2, {years, tags}}, {0, {}}, {1, {more, name}}, {1, {}}};
    const OwnedTable all = joined(tables);
    CHECK(all.rows == 4);
    REQUIRE(all.columns.size() == 3);
    CHECK(all.columns[0].name == "year");
    CHECK(all.columns[0].valid == std::vector<std::uint8_t>{1, 0, 1, 0});
    CHECK(all.columns[0].integers == std::vector<std::int64_t>{2020, 0, 2021, 0});
    CHECK(all.columns[1].valid == std::vector<std::uint8_t>{1, 1, 0, 0});
    CHECK(all.columns[1].row_offsets == std::vector<std::int64_t>{0, 2, 2, 2, 2});
    CHECK(all.columns[1].text == "abc");
    CHECK(all.columns[1].text_offsets == std::vector<std::int64_t>{0, 1, 3});
    CHECK(all.columns[2].valid == std::vector<std::uint8_t>{0, 0, 1, 0});
    CHECK(all.columns[2].text == "x");
    CHECK(all.columns[2].text_offsets == std::vector<std::int64_t>{0, 0, 0, 1, 1});
    CHECK(joined({}).rows == 0);
}

}  // namespace
}  // namespace lanner
