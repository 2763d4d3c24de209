#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "base/random.hpp"
#include "codecs/plain_codec.hpp"
#include "doctest/doctest.h"
#include "graph/build.hpp"
#include "kernels/dispatch.hpp"
#include "search/filtered_traverse.hpp"
#include "search/matches.hpp"
#include "search/planner.hpp"

namespace lanner {
namespace {

constexpr std::size_t kDim = 8;
constexpr std::size_t kRows = 3000;

const PlanCosts kCosts{40, 20, 20, 2000, 10, 14};

PlanRequest request(std::size_t matches) {
    PlanRequest made;
    made.items = 100000;
    made.matches = matches;
    made.k = 10;
    made.ef = 48;
    made.sparse_ef = 64;
    made.graph_width = 32;
    return made;
}

TEST_CASE("the plan follows the number of matches") {
    CHECK(cheapest_plan(kCosts, request(0)) == Plan::kEmpty);
    CHECK(cheapest_plan(kCosts, request(100)) == Plan::kScan);
    CHECK(cheapest_plan(kCosts, request(30000)) == Plan::kFilteredWalk);
    PlanRequest flat = request(90000);
    flat.graph_width = 0;
    CHECK(cheapest_plan(kCosts, flat) == Plan::kScan);
}

TEST_CASE("with cells, a scan of them takes the place of a walk over matching nodes, and looks at so much alone") {
    PlanCosts costs = kCosts;
    costs.rank = 5000;
    costs.cell = 40;
    costs.pruned_row = costs.scan_row;
    costs.pruned_rows = 4000;
    costs.pruned_patience = 2000;
    PlanRequest with_cells = request(30000);
    with_cells.cells = 1000;
    with_cells.patience = 2000;
    CHECK(cheapest_plan(costs, with_cells) == Plan::kPrunedScan);
    CHECK(predict(Plan::kPrunedScan, costs, with_cells).distances == 4000);
    with_cells.patience = 4000;
    CHECK(predict(Plan::kPrunedScan, costs, with_cells).distances == 8000);
    with_cells.matches = 3000;
    CHECK(predict(Plan::kPrunedScan, costs, with_cells).distances == 3000);
    CHECK(cheapest_plan(costs, with_cells) == Plan::kScan);
    // A walk that checks is the quicker one where nearly all near the query match, and not where they do not.
    with_cells.matches = 95000;
    with_cells.share_nearby = 0.95;
    CHECK(cheapest_plan(costs, with_cells) == Plan::kCheckedWalk);
    CHECK(walk_width(Plan::kCheckedWalk, with_cells) == 51);
    with_cells.share_nearby = 0.1;
    CHECK(cheapest_plan(costs, with_cells) == Plan::kPrunedScan);
    CHECK(walk_width(Plan::kCheckedWalk, with_cells) == 480);
}

TEST_CASE("every plan is weighed once, and only the one taken is without a reason against it") {
    const std::vector<PlanOption> options = weigh_plans(kCosts, request(30000));
    REQUIRE(options.size() == 3);
    CHECK(options[0].why_not.empty());
    for (std::size_t i = 1; i < options.size(); ++i) {
        CHECK(!options[i].why_not.empty());
        CHECK(options[i].predicted.nanoseconds >= options[0].predicted.nanoseconds);
    }
}

TEST_CASE("a walk with checks is as much wider as fewer match, and never wider than the index") {
    CHECK(walk_width(Plan::kCheckedWalk, request(50000)) == 96);
    CHECK(walk_width(Plan::kCheckedWalk, request(1)) == 100000);
    CHECK(walk_width(Plan::kFilteredWalk, request(50000)) == 64);
    CHECK(walk_width(Plan::kFilteredWalk, request(20)) == 20);
}

struct World {
    World() : codec(ElementType::kFloat32, Metric::kL2, kDim, active_kernels()), layers(8, 7), rows(kRows * kDim) {
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(random_at(1, i) >> 40) / 16777216.0F;
        codec.grow(kRows);
        layers.grow(kRows);
        std::vector<Slot> slots(kRows);
        for (std::size_t row = 0; row < kRows; ++row) {
            slots[row] = static_cast<Slot>(row);
            codec.store(slots[row], {rows.data(), kRows, ElementType::kFloat32}, row);
        }
        GraphEdit edit(layers, mutex, false);
        Builder(layers, codec, codec, {40, 1, nullptr})
            .insert(
                slots, 0, [](std::size_t, std::size_t) {}, edit);
    }

    PlainCodec codec;
    Layers layers;
    FairSharedMutex mutex;
    std::vector<float> rows;
};

TEST_CASE("a filtered walk finds the nearest admitted nodes, none but those, and stops when told") {
    World world;
    std::vector<std::uint64_t> words(SlotSet::word_count(kRows), 0);
    for (std::size_t slot = 0; slot < kRows; slot += 5) words[slot / 64] |= std::uint64_t{1} << (slot % 64);
    const Matches matches(SlotSet(words, kRows));
    matches.ready_for_walks(world.layers, {});
    CHECK(matches.seeds().size() == std::set<Slot>(matches.seeds().begin(), matches.seeds().end()).size());
    CHECK(std::all_of(matches.seeds().begin(), matches.seeds().end(), [](Slot slot) { return slot % 5 == 0; }));
    TraverseScratch scratch(world.codec);
    FilteredScratch filtered;
    std::size_t found = 0;
    constexpr std::size_t kQueries = 50;
    for (Slot query = 0; query < kQueries; ++query) {
        scratch.scorer->bind_slot(query);
        const FilteredWalk walk{matches.node_bits(), matches.seeds(), {}, 40, kRows * 100};
        REQUIRE(search_filtered(world.layers, walk, scratch, filtered));
        std::vector<Slot> admitted;
        std::vector<float> distances(kRows / 5);
        for (Slot slot = 0; slot < kRows; slot += 5) admitted.push_back(slot);
        scratch.scorer->score(admitted.data(), admitted.size(), distances.data());
        std::nth_element(distances.begin(), distances.begin() + 9, distances.end());
        for (std::size_t i = 0; i < scratch.beam.size(); ++i) CHECK(scratch.beam[i].slot % 5 == 0);
        for (std::size_t i = 0; i < 10; ++i) found += scratch.beam[i].distance <= distances[9] ? 1 : 0;
    }
    // Of 500; the standard deviation of a share of 0.98 is 3.
    CHECK(found >= 480);
    const FilteredWalk short_of_patience{matches.node_bits(), matches.seeds(), {}, 40, 50};
    CHECK(!search_filtered(world.layers, short_of_patience, scratch, filtered));
}

}  // namespace
}  // namespace lanner
