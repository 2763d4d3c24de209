#include <algorithm>
#include <set>
#include <stdexcept>
#include <vector>

#include "base/random.hpp"
#include "codecs/plain_codec.hpp"
#include "doctest/doctest.h"
#include "graph/build.hpp"
#include "graph/repair.hpp"
#include "graph/select.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

constexpr std::size_t kDim = 12;

std::vector<float> random_rows(std::size_t count, std::uint64_t seed) {
    std::vector<float> rows(count * kDim);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(random_at(seed, i) >> 40) / 16777216.0F;
    return rows;
}

// A graph over rows of its own, with nothing around it.
struct World {
    explicit World(std::uint32_t M = 8)
        : codec(ElementType::kFloat32, Metric::kL2, kDim, active_kernels()), layers(M, 7) {}

    void add(const std::vector<float>& rows, std::size_t threads = 1) {
        const std::size_t count = rows.size() / kDim;
        const std::size_t first = layers.slots();
        codec.grow(first + count);
        layers.grow(first + count);
        std::vector<Slot> slots;
        for (std::size_t row = 0; row < count; ++row) {
            slots.push_back(static_cast<Slot>(first + row));
            codec.store(slots.back(), {rows.data(), count, ElementType::kFloat32}, row);
        }
        live.resize(first + count, 1);
        GraphEdit edit(layers, mutex, false);
        Builder(layers, codec, codec, {40, threads, nullptr})
            .insert(
                slots, first, [](std::size_t, std::size_t) {}, edit);
    }

    std::vector<std::vector<Slot>> edges() const {
        std::vector<std::vector<Slot>> all;
        for (std::size_t at = 0; at < layers.slots(); ++at) {
            for (unsigned layer = 0; layer <= layers.level(static_cast<Slot>(at)); ++layer) {
                const auto list = layers.neighbours(layer, static_cast<Slot>(at));
                all.emplace_back(list.begin(), list.end());
            }
        }
        return all;
    }

    PlainCodec codec;
    Layers layers;
    FairSharedMutex mutex;
    std::vector<std::uint8_t> live;
};

TEST_CASE("levels are geometric with factor M, and a function of seed and slot") {
    const Layers layers(16, 3);
    std::size_t counts[4] = {};
    constexpr std::size_t kNodes = 200000;
    for (Slot slot = 0; slot < kNodes; ++slot) {
        for (unsigned level = 0; level <= std::min(3U, layers.level(slot)); ++level) ++counts[level];
    }
    // Binomial: 12500 +- 108 and 781 +- 28; six deviations are allowed.
    CHECK(counts[1] == doctest::Approx(12500).epsilon(6 * 108 / 12500.0));
    CHECK(counts[2] == doctest::Approx(781).epsilon(6 * 28 / 781.0));
    CHECK(Layers(16, 3).level(77) == layers.level(77));
}

TEST_CASE("a beam keeps the nearest and hands each out once, nearest first") {
    Beam beam;
    beam.reset(3);
    const float given[] = {5, 1, 4, 2, 3};
    for (Slot slot = 0; slot < 5; ++slot) beam.offer(given[slot], slot);
    CHECK(beam.size() == 3);
    CHECK(beam.pop() == 1);
    beam.offer(0.5F, 9);
    CHECK(beam.pop() == 9);
    CHECK(beam.pop() == 3);
    CHECK(beam.pop() == kNoSlot);
    CHECK(beam[0].slot == 9);
    CHECK(beam[2].distance == 2.0F);
    beam.reset(2);
    beam.offer(std::numeric_limits<float>::quiet_NaN(), 1);
    CHECK(beam.size() == 0);
    beam.offer(std::numeric_limits<float>::infinity(), 1);
    CHECK(beam.size() == 1);
}

TEST_CASE("the graph does not depend on the number of threads") {
    const std::vector<float> rows = random_rows(3000, 1);
    World one;
    one.add(rows, 1);
    for (const std::size_t threads : {2U, 5U}) {
        World many;
        many.add(rows, threads);
        CHECK(many.edges() == one.edges());
        CHECK(many.layers.entry() == one.layers.entry());
    }
}

TEST_CASE("lists hold no slot twice, not the node itself, and nothing beyond their layer") {
    World world;
    world.add(random_rows(2000, 2), 2);
    for (Slot slot = 0; slot < world.layers.slots(); ++slot) {
        for (unsigned layer = 0; layer <= world.layers.level(slot); ++layer) {
            const auto list = world.layers.neighbours(layer, slot);
            CHECK(std::set<Slot>(list.begin(), list.end()).size() == list.size());
            for (const Slot next : list) {
                CHECK(next != slot);
                CHECK(world.layers.level(next) >= layer);
            }
        }
    }
}

TEST_CASE("every chosen neighbour is nearer to the node than to those chosen before") {
    World world;
    const std::vector<float> rows = random_rows(300, 3);
    world.add(rows);
    const std::unique_ptr<Scorer> scorer = world.codec.make_scorer();
    std::vector<Candidate> candidates;
    scorer->bind_slot(0);
    for (Slot slot = 1; slot < 300; ++slot) {
        float distance = 0;
        scorer->score(&slot, 1, &distance);
        candidates.push_back({distance, slot});
    }
    std::sort(candidates.begin(), candidates.end(), nearer);
    std::vector<Candidate> chosen;
    select_neighbours(candidates, 8, *scorer, chosen);
    CHECK(chosen.size() > 1);
    CHECK(chosen.size() <= 8);
    CHECK(chosen[0].slot == candidates[0].slot);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        scorer->bind_slot(chosen[i].slot);
        for (std::size_t j = 0; j < i; ++j) {
            float between = 0;
            scorer->score(&chosen[j].slot, 1, &between);
            CHECK(between >= chosen[i].distance);
        }
    }
}

TEST_CASE("nothing points at removed nodes, and the rest stays reachable") {
    for (const bool every_other : {true, false}) {
        World world;
        world.add(random_rows(2000, 4), 2);
        std::vector<Slot> dead;
        for (Slot slot = 0; slot < 2000; ++slot) {
            if (every_other ? slot % 2 == 0 : slot < 1000) dead.push_back(slot);
        }
        dead.push_back(world.layers.entry());
        std::sort(dead.begin(), dead.end());
        dead.erase(std::unique(dead.begin(), dead.end()), dead.end());
        for (const Slot slot : dead) world.live[slot] = 0;
        GraphEdit edit(world.layers, world.mutex, true);
        const std::vector<std::vector<Slot>> before = world.edges();
        const Slot entry = world.layers.entry();
        remove_nodes(world.layers, world.codec, dead, world.live, {40, 2, nullptr}, edit);
        connect(world.layers, world.codec, world.live, edit, {40, 1, nullptr});
        CHECK(world.live[world.layers.entry()] == 1);
        for (Slot slot = 0; slot < 2000; ++slot) {
            const auto list = world.layers.neighbours(0, slot);
            if (world.live[slot] == 0) CHECK(list.empty());
            for (const Slot next : list) CHECK(world.live[next] == 1);
        }
        const std::vector<std::uint8_t> reached = reachable(world.layers);
        CHECK(std::equal(reached.begin(), reached.end(), world.live.begin()));
        edit.roll_back();
        CHECK(world.edges() == before);
        CHECK(world.layers.entry() == entry);
    }
}

TEST_CASE("what is kept of who points at whom follows every change, and removal with it is removal without") {
    World kept;
    World plain;
    for (World* const world : {&kept, &plain}) world->add(random_rows(3000, 4), 2);
    kept.layers.take_incoming(kept.layers.make_incoming());
    CHECK(kept.layers.memory_bytes() > plain.layers.memory_bytes());
    std::size_t most = 0;
    for (std::uint64_t turn = 0; turn < 120; ++turn) {
        std::vector<Slot> dead{static_cast<Slot>(random_at(9, turn) % 3000)};
        if (turn == 40) dead.front() = kept.layers.entry();
        if (turn % 3 == 0) dead.push_back((dead.front() + 1) % 3000);
        std::erase_if(dead, [&](Slot slot) { return kept.live[slot] == 0; });
        std::sort(dead.begin(), dead.end());
        if (dead.empty()) continue;
        most = std::max<std::size_t>(most, kept.layers.level(dead.front()));
        const bool back = turn % 5 == 0;
        for (World* const world : {&kept, &plain}) {
            GraphEdit edit(world->layers, world->mutex, true);
            if (world == &plain) world->layers.forget_incoming();
            for (const Slot slot : dead) world->live[slot] = 0;
            remove_nodes(world->layers, world->codec, dead, world->live, {40, 2, nullptr}, edit);
            if (!back) continue;
            for (const Slot slot : dead) world->live[slot] = 1;
            edit.roll_back();
        }
        REQUIRE(kept.layers.has_incoming());
        REQUIRE_FALSE(plain.layers.has_incoming());
        if (turn % 20 == 0) CHECK(kept.layers.incoming_sound());
        CHECK(kept.edges() == plain.edges());
    }
    CHECK(most > 0);
    for (World* const world : {&kept, &plain}) world->add(random_rows(40, 5), 2);
    REQUIRE(kept.layers.has_incoming());
    CHECK(kept.layers.incoming_sound());
    for (World* const world : {&kept, &plain}) world->add(random_rows(400, 6), 2);
    CHECK_FALSE(kept.layers.has_incoming());
    CHECK(kept.edges() == plain.edges());
}

TEST_CASE("a node cut off on purpose is tied back") {
    World world;
    world.add(random_rows(500, 5));
    GraphEdit edit(world.layers, world.mutex, false);
    const Slot lost = world.layers.entry() == 17 ? 18 : 17;
    std::vector<EdgeList> lists;
    for (Slot slot = 0; slot < 500; ++slot) {
        EdgeList list{0, slot, {}};
        for (const Slot next : world.layers.neighbours(0, slot)) {
            if (next != lost) list.neighbours.push_back(next);
        }
        lists.push_back(list);
    }
    edit.apply({lists, {}, {}, {}, world.layers.entry()});
    REQUIRE(reachable(world.layers)[lost] == 0);
    CHECK(connect(world.layers, world.codec, world.live, edit, {40, 1, nullptr}) >= 1);
    CHECK(reachable(world.layers)[lost] == 1);
}

TEST_CASE("rows whose fingerprints collide are told apart, and equal rows share a node") {
    // The fingerprint mixes 8-byte words one after the other, so a second word can undo what the first did.
    PlainCodec codec(ElementType::kUInt8, Metric::kL2, 16, active_kernels());
    std::uint64_t a[2] = {1, 2};
    std::uint64_t b[2] = {3, 0};
    b[1] = mix64(a[0]) ^ a[1] ^ mix64(b[0]);
    const std::uint64_t rows[6] = {a[0], a[1], b[0], b[1], b[0], b[1]};
    codec.grow(3);
    Layers layers(4, 1);
    layers.grow(3);
    const std::vector<Slot> slots{0, 1, 2};
    for (const Slot slot : slots) codec.store(slot, {rows, 3, ElementType::kUInt8}, slot);
    REQUIRE(codec.fingerprint(0) == codec.fingerprint(1));
    REQUIRE_FALSE(codec.same(0, 1));
    FairSharedMutex mutex;
    GraphEdit edit(layers, mutex, false);
    Builder(layers, codec, codec, {10, 1, nullptr})
        .insert(
            slots, 5, [](std::size_t, std::size_t) {}, edit);
    CHECK_FALSE(layers.is_twin(0));
    CHECK_FALSE(layers.is_twin(1));
    CHECK(layers.is_twin(2));
    CHECK(layers.next_twin(1) == 2);
    CHECK(layers.next_twin(2) == 1);
}

TEST_CASE("an interrupted insertion can be taken back, list by list") {
    World world;
    world.add(random_rows(1000, 6));
    const std::vector<std::vector<Slot>> before = world.edges();
    const std::vector<float> more = random_rows(1000, 8);
    world.codec.grow(2000);
    world.layers.grow(2000);
    std::vector<Slot> slots;
    for (std::size_t row = 0; row < 1000; ++row) {
        slots.push_back(static_cast<Slot>(1000 + row));
        world.codec.store(slots.back(), {more.data(), 1000, ElementType::kFloat32}, row);
    }
    GraphEdit edit(world.layers, world.mutex, true);
    std::size_t committed = 0;
    Builder builder(world.layers, world.codec, world.codec, {40, 2, nullptr});
    const auto stop_later = [&](std::size_t, std::size_t end) { committed = end; };
    builder.insert(std::span(slots).first(500), 1000, stop_later, edit);
    CHECK(committed == 500);
    CHECK(world.edges() != before);
    edit.roll_back();
    std::vector<EdgeList> empty;
    for (const Slot slot : slots) {
        for (unsigned layer = 0; layer <= world.layers.level(slot); ++layer) empty.push_back({layer, slot, {}});
    }
    edit.apply({empty, {}, {}, {}, world.layers.entry()});
    world.layers.shrink(1000);
    CHECK(world.edges() == before);
}

}  // namespace
}  // namespace lanner
