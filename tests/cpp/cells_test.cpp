// Cells: which slots belong to them, how they are ranked, what a file of them may hold, and scans that stop early.
#include "codecs/cells.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "codecs/sketch_codec.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/pruned_scan.hpp"

namespace {

using namespace lanner;

constexpr std::size_t kDim = 24;
constexpr std::size_t kRows = 6000;

class Bytes final : public Sink {
  public:
    void write(const void* bytes, std::size_t size) override {
        const auto* from = static_cast<const std::byte*>(bytes);
        kept.insert(kept.end(), from, from + size);
    }
    void write_at(std::uint64_t offset, const void* bytes, std::size_t size) override {
        std::memcpy(kept.data() + offset, bytes, size);
    }
    std::vector<std::byte> kept;
};

// Rows around forty centres.
std::vector<float> clustered() {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> centres(40 * kDim);
    for (float& each : centres) each = 3 * normal(random);
    std::vector<float> rows(kRows * kDim);
    for (std::size_t i = 0; i < kRows; ++i) {
        const std::size_t centre = random() % 40;
        for (std::size_t j = 0; j < kDim; ++j) rows[i * kDim + j] = centres[centre * kDim + j] + normal(random);
    }
    return rows;
}

struct Filled {
    explicit Filled(std::size_t threads = 1)
        : rows(clustered()),
          cells(Metric::kL2, kDim, 5, active_kernels()),
          sketches(Metric::kL2, kDim, 5, active_kernels()) {
        cells.fit({rows.data(), kDim, kRows, kDim}, kRows, threads, nullptr);
        cells.resize(kRows);
        sketches.set_mean(std::vector<float>(kDim, 0.0F));
        sketches.grow(kRows);
        for (std::size_t i = 0; i < kRows; ++i) {
            cells.put(static_cast<Slot>(i), cells.nearest(row(i)));
            sketches.store(static_cast<Slot>(i), row(i));
        }
    }
    const float* row(std::size_t i) const { return rows.data() + i * kDim; }

    std::vector<float> rows;
    Cells cells;
    SketchCodec sketches;
};

std::vector<Slot> slots_of(const Cells& cells, Cell cell) {
    std::vector<Slot> slots;
    for (const SlotRun& run : cells.runs(cell)) {
        CHECK(run.first < run.last);
        if (!slots.empty()) CHECK(slots.back() + 1 < run.first);
        for (Slot slot = run.first; slot < run.last; ++slot) slots.push_back(slot);
    }
    return slots;
}

TEST_CASE("runs hold what was put into a cell and has not left it, whatever the order") {
    Cells cells(Metric::kL2, kDim, 1, active_kernels());
    const std::vector<float> rows = clustered();
    cells.fit({rows.data(), kDim, 2500, kDim}, 2500, 1, nullptr);
    std::mt19937 random(9);
    std::vector<Cell> model(300, kNoCell);
    cells.resize(model.size());
    for (int step = 0; step < 4000; ++step) {
        const auto slot = static_cast<Slot>(random() % model.size());
        const auto cell = static_cast<Cell>(random() % 3);
        cells.put(slot, cell);
        model[slot] = cell;
        if (step % 500 == 499) {
            const std::size_t left = model.size() - random() % 20;
            cells.truncate(left);
            model.resize(left);
            cells.resize(300);
            model.resize(300, kNoCell);
        }
        if (step % 97 != 0) continue;
        for (Cell each = 0; each < 3; ++each) {
            std::vector<Slot> wanted;
            for (Slot at = 0; at < model.size(); ++at) {
                if (model[at] == each) wanted.push_back(at);
            }
            CHECK(slots_of(cells, each) == wanted);
        }
        CHECK(cells.of(slot) == model[slot]);
    }
}

TEST_CASE("the same centroids on any number of threads, and a row's own cell ranks first") {
    const Filled one(1);
    const Filled three(3);
    CHECK(one.cells.count() == three.cells.count());
    QueryBlock queries;
    one.cells.prepare({one.rows.data(), 400, ElementType::kFloat32}, queries);
    CellRanking ranking;
    std::size_t first = 0;
    for (std::size_t i = 0; i < 400; ++i) {
        CHECK(one.cells.of(static_cast<Slot>(i)) == three.cells.of(static_cast<Slot>(i)));
        one.cells.rank(queries, i, ranking);
        std::vector<Cell> sorted = ranking.order;
        std::sort(sorted.begin(), sorted.end());
        for (std::size_t c = 0; c < sorted.size(); ++c) REQUIRE(sorted[c] == c);
        const auto place = std::find(ranking.order.begin(), ranking.order.end(), one.cells.of(static_cast<Slot>(i)));
        first += place - ranking.order.begin() < 4 ? 1 : 0;
    }
    // A row is held against three groups of cells alone, ranks are by codes of 8 bits and by parts of the range.
    CHECK(first >= 380);
}

TEST_CASE("a pruned scan finds nearly what a whole one finds, gives k where there are k, and looks at less") {
    const Filled world;
    const std::size_t k = 10;
    QueryBlock cells;
    QueryBlock sketches;
    world.cells.prepare({world.rows.data(), 100, ElementType::kFloat32}, cells);
    world.sketches.prepare({world.rows.data(), 100, ElementType::kFloat32}, sketches);
    FilteredScanScratch scratch;
    std::vector<Candidate> found;
    for (const std::size_t every : {std::size_t{1}, std::size_t{7}, std::size_t{500}}) {
        std::vector<std::uint64_t> words(SlotSet::word_count(kRows), 0);
        std::vector<Slot> list;
        for (Slot slot = 0; slot < kRows; slot += static_cast<Slot>(every)) {
            words[slot / 64] |= std::uint64_t{1} << (slot % 64);
            list.push_back(slot);
        }
        const SlotSet bitmap(words, kRows);
        const SlotSet listed(list, kRows);
        std::size_t near = 0;
        std::size_t looked_at = 0;
        for (std::size_t query = 0; query < 100; ++query) {
            std::vector<std::pair<float, Slot>> truth;
            for (const Slot slot : list) {
                float distance = 0;
                for (std::size_t j = 0; j < kDim; ++j) {
                    const float apart = world.row(slot)[j] - world.row(query)[j];
                    distance += apart * apart;
                }
                truth.emplace_back(distance, slot);
            }
            std::sort(truth.begin(), truth.end());
            world.cells.rank(cells, query, scratch.ranking);
            const double share = share_nearby(world.cells, bitmap, 1000, scratch);
            CHECK(share == share_nearby(world.cells, listed, 1000, scratch));
            if (every < 100) CHECK(share > 0.2 / static_cast<double>(every));
            CHECK(share <= 1);
            const PrunedWork work =
                pruned_scan(world.sketches, world.cells, sketches, query, bitmap, {{k, 3.0F}, 400}, scratch, found);
            std::set<Slot> slots;
            for (const Candidate& each : found) slots.insert(each.slot);
            CHECK(slots.size() == found.size());
            CHECK(found.size() >= std::min(k, list.size()));
            for (std::size_t i = 0; i < k; ++i) near += slots.count(truth[i].second);
            looked_at += work.rows;
            pruned_scan(world.sketches, world.cells, sketches, query, listed, {{k, 3.0F}, 400}, scratch, found);
            CHECK(found.size() == slots.size());
            for (const Candidate& each : found) CHECK(slots.count(each.slot) == 1);
        }
        CHECK(near >= 970);
        if (every == 1) CHECK(looked_at < 100 * kRows / 2);
    }
    // However little patience there is.
    const SlotSet few(std::vector<Slot>{5, 4000, 5999}, kRows);
    world.cells.rank(cells, 0, scratch.ranking);
    pruned_scan(world.sketches, world.cells, sketches, 0, few, {{k}, 1}, scratch, found);
    CHECK(found.size() == 3);
}

TEST_CASE("cells come back from a file as they were, and a damaged one is refused") {
    const Filled world;
    const auto write = [&](const Cells& from) {
        auto bytes = std::make_shared<Bytes>();
        SectionWriter writer(*bytes);
        from.save(writer, kRows);
        writer.finish();
        return bytes;
    };
    const auto read = [&](const std::shared_ptr<Bytes>& bytes) {
        Cells cells(Metric::kL2, kDim, 5, active_kernels());
        cells.load(SectionReader({bytes->kept.data(), bytes->kept.size()}, bytes), kRows);
        return cells;
    };
    const std::shared_ptr<Bytes> bytes = write(world.cells);
    const Cells back = read(bytes);
    CHECK(write(back)->kept == bytes->kept);
    for (Cell cell = 0; cell < back.count(); ++cell) CHECK(slots_of(back, cell) == slots_of(world.cells, cell));
    // Every section that says where something is: other counts, other cells, and no numbers.
    SectionReader reader({bytes->kept.data(), bytes->kept.size()}, bytes);
    const auto spoilt = [&](const char* section, std::size_t at, std::uint32_t value) {
        const auto copy = std::make_shared<Bytes>();
        copy->kept = bytes->kept;
        const std::size_t offset =
            static_cast<std::size_t>(reader.section(section).data() - bytes->kept.data()) + at * sizeof value;
        std::memcpy(copy->kept.data() + offset, &value, sizeof value);
        return copy;
    };
    CHECK_THROWS_AS(read(spoilt("cells.of", 17, static_cast<std::uint32_t>(back.count()))), Error);
    CHECK_THROWS_AS(read(spoilt("cells.groups", 0, 0)), Error);
    CHECK_THROWS_AS(read(spoilt("cells.groups", 0, 0xffffffffU)), Error);
    CHECK_THROWS_AS(read(spoilt("cells.centroids", 3, 0x7fc00000U)), Error);
}

}  // namespace
