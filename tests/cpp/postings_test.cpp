// Postings and the order of numbers, which say which slots have a value.
#include "attributes/postings.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "attribute_model.hpp"
#include "attributes/number_order.hpp"
#include "attributes/selection.hpp"
#include "base/paged_rows.hpp"
#include "base/slot_set.hpp"
#include "doctest/doctest.h"

namespace lanner {
namespace {

using model::Chance;

TEST_CASE("postings and orders hold what a set holds, at every size") {
    Chance chance(5);
    for (const std::size_t span : {3U, 70U, 600U, 200000U}) {
        Postings postings;
        PagedRows values(sizeof(std::int64_t));
        values.grow(span);
        NumberOrder<std::int64_t> order(values, {});
        std::vector<std::set<Slot>> sets(3);
        std::vector<std::set<Slot>> ordered_sets(3);
        for (std::size_t step = 0; step < 4 * span + 100; ++step) {
            const auto slot = static_cast<Slot>(chance.below(span));
            const auto code = static_cast<Code>(chance.below(3));
            const bool shrinking = step > 3 * span;
            if (chance.below(shrinking ? 20 : 3) == 0 || !shrinking) {
                postings.add(code, slot);
                sets[code].insert(slot);
                const auto before = static_cast<Code>(*values.as<std::int64_t>(slot));
                if (ordered_sets[before].erase(slot) > 0) order.remove(slot);
                *values.as<std::int64_t>(slot) = code;
                order.add(slot);
                ordered_sets[code].insert(slot);
            } else {
                postings.remove(code, slot);
                sets[code].erase(slot);
                if (ordered_sets[code].erase(slot) > 0) order.remove(slot);
            }
        }
        REQUIRE(order.count() == ordered_sets[0].size() + ordered_sets[1].size() + ordered_sets[2].size());
        for (Code code = 0; code < 3; ++code) {
            REQUIRE(postings.count(code) == sets[code].size());
            const auto from = order.lower_bound(code);
            const auto to = order.upper_bound(code);
            CHECK(order.count_between(from, to) == ordered_sets[code].size());
            for (const std::size_t expected : {std::size_t{0}, span}) {
                Selection posted(span, expected);
                postings.collect(code, posted);
                posted.finish();
                Selection ordered(span, expected);
                order.collect(from, to, {}, true, ordered);
                ordered.finish();
                for (const auto& [selection, set] :
                     {std::pair(&posted, &sets[code]), std::pair(&ordered, &ordered_sets[code])}) {
                    std::vector<Slot> found;
                    std::move(*selection).take(span).for_each([&](Slot slot) { found.push_back(slot); });
                    CHECK(found == std::vector<Slot>(set->begin(), set->end()));
                }
            }
            for (const Slot slot : std::set<Slot>(sets[code])) postings.remove(code, slot);
            CHECK(postings.count(code) == 0);
        }
    }
}

TEST_CASE("ranges of an order with marks hold what a scan of the values holds, after any changes") {
    constexpr std::size_t kSlots = 20000;
    // Values that all differ, some heavy ones among many, few, one.
    for (const std::size_t values : {1000000U, 300U, 20U, 1U}) {
        Chance chance(static_cast<unsigned>(values));
        const auto draw = [&] {
            const auto value = static_cast<std::int64_t>(chance.below(values));
            return values == 300 && value < 150 ? value % 5 : value;
        };
        std::vector<std::optional<std::int64_t>> held(kSlots);
        PagedRows stored(sizeof(std::int64_t));
        stored.grow(kSlots);
        std::vector<std::pair<std::int64_t, Slot>> entries;
        for (Slot slot = 0; slot < kSlots; ++slot) {
            if (chance.below(10) == 0) continue;
            held[slot] = *stored.as<std::int64_t>(slot) = draw();
            entries.emplace_back(*held[slot], slot);
        }
        NumberOrder<std::int64_t> order(stored, entries);
        CHECK(!order.outdated());
        for (int round = 0; round < 40; ++round) {
            for (int change = 0; change < 100; ++change) {
                const auto slot = static_cast<Slot>(chance.below(kSlots));
                if (held[slot]) order.remove(slot);
                held[slot].reset();
                if (chance.below(3) == 0) continue;
                held[slot] = *stored.as<std::int64_t>(slot) = draw();
                order.add(slot);
            }
            std::vector<std::uint64_t> all(SlotSet::word_count(kSlots));
            for (Slot slot = 0; slot < kSlots; ++slot) {
                if (held[slot]) all[slot / 64] |= std::uint64_t{1} << (slot % 64);
            }
            std::vector<std::int64_t> ends;
            const std::size_t ranges = 1 + chance.below(4);
            for (std::size_t i = 0; i < 2 * ranges; ++i)
                ends.push_back(static_cast<std::int64_t>(chance.below(values + 2)) - 1);
            std::sort(ends.begin(), ends.end());
            for (const std::size_t expected : {std::size_t{0}, kSlots}) {
                Selection selection(kSlots, expected);
                for (std::size_t i = 0; i < ranges; ++i) {
                    order.collect(order.upper_bound(ends[2 * i]), order.upper_bound(ends[2 * i + 1]), all, ranges == 1,
                                  selection);
                }
                selection.finish();
                std::vector<Slot> wanted;
                for (Slot slot = 0; slot < kSlots; ++slot) {
                    bool inside = false;
                    for (std::size_t i = 0; held[slot] && i < ranges; ++i)
                        inside = inside || (*held[slot] > ends[2 * i] && *held[slot] <= ends[2 * i + 1]);
                    if (inside) wanted.push_back(slot);
                }
                std::vector<Slot> found;
                std::move(selection).take(kSlots).for_each([&](Slot slot) { found.push_back(slot); });
                CHECK(found == wanted);
            }
        }
        stored.grow(2 * kSlots);
        for (std::size_t change = 0; change < kSlots; ++change) {
            const auto slot = static_cast<Slot>(kSlots + change);
            *stored.as<std::int64_t>(slot) = 5;
            order.add(slot);
        }
        CHECK(order.outdated());
    }
}

}  // namespace
}  // namespace lanner
