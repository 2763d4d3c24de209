#include "search/calibrate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "base/thread_pool.hpp"
#include "graph/traverse.hpp"
#include "search/rerank.hpp"

namespace lanner {
namespace {

constexpr std::size_t kDeepest = kDepths.back();
// Once walks miss one neighbour of this many, wider ones are not measured.
constexpr std::uint64_t kEnough = 200;
constexpr std::size_t kNarrowestLast = 10;  // kWidths[10] is the first that says something of the greatest depth

// What one row's walk found, by depth.
struct Found {
    std::array<std::uint32_t, kDepths.size()> usual{};
    std::array<std::uint32_t, kDepths.size()> whole{};
};

// The distance of a row's k-th neighbour for each depth; NaN, which nothing is nearer than, where there are fewer.
using Borders = std::array<float, kDepths.size()>;

struct Worker {
    Worker(const Codec& quick, const Codec& exact)
        : traverse(quick), finest(&quick != &exact ? exact.make_scorer() : nullptr) {}
    TraverseScratch traverse;
    std::unique_ptr<Scorer> finest;
    std::vector<Slot> slots;
    std::vector<float> distances;
};

std::vector<Borders> true_borders(const CalibrationGraph& graph, const CalibrationRows& rows, std::size_t threads,
                                  const std::function<void()>& poll) {
    // One more than is asked for: the row itself is among them, or as near as the farthest of them.
    const auto nearest = scan_nearest(graph.finest, {rows.finest, 0, rows.slots.size()}, kDeepest + 1, threads, poll);
    std::vector<Borders> borders(rows.slots.size());
    for (std::size_t row = 0; row < nearest.size(); ++row) {
        std::vector<Candidate> others = nearest[row];
        std::erase_if(others, [&](const Candidate& each) { return each.slot == rows.slots[row]; });
        for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
            const bool known = kDepths[depth] <= others.size() && std::isfinite(others[kDepths[depth] - 1].distance);
            borders[row][depth] = known ? others[kDepths[depth] - 1].distance : std::numeric_limits<float>::quiet_NaN();
        }
    }
    return borders;
}

// The candidate and its twins, as far as they are live; no more of them than can count.
std::uint32_t live_copies(const CalibrationGraph& graph, Slot node) {
    const std::span<const std::uint8_t> live = graph.finest.live;
    std::uint32_t copies = 0;
    Slot slot = node;
    for (std::size_t seen = 0; seen <= kDeepest; ++seen) {
        if (live.empty() || (slot < live.size() && live[slot] != 0)) ++copies;
        slot = graph.layers.next_twin(slot);
        if (slot == node) break;
    }
    return copies;
}

Found count_found(const CalibrationGraph& graph, const Borders& borders, Worker& worker) {
    const Beam& beam = worker.traverse.beam;
    const std::size_t count = beam.size();
    worker.slots.resize(count);
    worker.distances.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        worker.slots[i] = beam[i].slot;
        worker.distances[i] = beam[i].distance;
    }
    if (worker.finest) worker.finest->score(worker.slots.data(), count, worker.distances.data());
    Found found;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t copies = live_copies(graph, worker.slots[i]);
        for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
            if (!(worker.distances[i] <= borders[depth])) continue;
            found.whole[depth] = std::min(kDepths[depth], found.whole[depth] + copies);
            if (!worker.finest || i < graph.reranks[depth])
                found.usual[depth] = std::min(kDepths[depth], found.usual[depth] + copies);
        }
    }
    return found;
}

void add_up(std::uint32_t found, FoundSums& sums) {
    sums.found += found;
    sums.squares += std::uint64_t{found} * found;
}

bool found_enough(const Calibration& calibration, std::size_t width) {
    for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
        const std::uint64_t all = std::uint64_t{calibration.rows[depth]} * kDepths[depth];
        if (kEnough * (all - calibration.whole[depth][width].found) > all) return false;
    }
    return true;
}

}  // namespace

void calibrate(const CalibrationGraph& graph, const CalibrationRows& rows, std::size_t threads,
               const std::function<void()>& poll, Calibration& out) {
    const std::vector<Borders> borders = true_borders(graph, rows, threads, poll);
    for (const Borders& each : borders) {
        for (std::size_t depth = 0; depth < kDepths.size(); ++depth) out.rows[depth] += std::isnan(each[depth]) ? 0 : 1;
    }
    std::vector<std::unique_ptr<Worker>> workers(threads);
    std::vector<Slot> starts(rows.slots.size(), kNoSlot);
    std::vector<Found> found(rows.slots.size());
    const auto walk = [&](std::size_t row, std::size_t width, Worker& worker) {
        worker.traverse.scorer->bind_query(rows.quick, row);
        if (worker.finest) worker.finest->bind_query(rows.finest, row);
        worker.traverse.hidden = rows.slots[row];
        if (starts[row] == kNoSlot) starts[row] = descend(graph.layers, 0, worker.traverse);
        search_layer(graph.layers, 0, starts[row], width, worker.traverse);
        found[row] = count_found(graph, borders[row], worker);
    };
    for (std::size_t width = 0; width < kWidths.size(); ++width) {
        parallel_for(
            rows.slots.size(), 4, threads,
            [&](std::size_t begin, std::size_t end, std::size_t number) {
                std::unique_ptr<Worker>& worker = workers[number];
                if (!worker) worker = std::make_unique<Worker>(graph.quick, graph.finest.codec);
                for (std::size_t row = begin; row < end; ++row) walk(row, kWidths[width], *worker);
            },
            poll);
        for (const Found& each : found) {
            for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
                add_up(each.usual[depth], out.usual[depth][width]);
                add_up(each.whole[depth], out.whole[depth][width]);
            }
        }
        out.widths = static_cast<std::uint32_t>(width + 1);
        if (width >= kNarrowestLast && found_enough(out, width)) break;
    }
}

}  // namespace lanner
