// How much of the truth walks of a given width find: measured on stored rows, each looked for as if it were not there.
// What comes out depends on the rows, the graph and the choice of rows alone, not on the machine or the threads.
// Threads: the measurement spreads over threads itself; nothing may change beside it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "graph/layers.hpp"
#include "search/exact_scan.hpp"

namespace lanner {

// Neighbours asked for, and widths of the walks, that are measured.
inline constexpr std::array<std::uint32_t, 3> kDepths = {1, 10, 100};
inline constexpr std::array<std::uint32_t, 16> kWidths = {4,  6,   8,   12,  17,  25,  35,  50,
                                                          70, 100, 140, 200, 280, 400, 560, 800};

// Over all rows asked: true neighbours found, and the squares of that number.
struct FoundSums {
    std::uint64_t found = 0;
    std::uint64_t squares = 0;
};
using FoundCurves = std::array<std::array<FoundSums, kWidths.size()>, kDepths.size()>;

// A section of the file as it is.
struct Calibration {
    std::uint64_t size = 0;                            // items there were; 0: never measured
    std::uint64_t changes = 0;                         // since then
    std::array<std::uint32_t, kDepths.size()> rows{};  // asked, by depth
    std::uint32_t widths = 0;                          // measured, the narrowest first
    FoundCurves usual{};  // with as many candidates looked at once more as searches look at by themselves
    FoundCurves whole{};  // with all of them
};

static_assert(sizeof(Calibration) == 32 + 2 * kDepths.size() * kWidths.size() * sizeof(FoundSums));

// What walks are made over. Of an index without codes behind which vectors are kept, `quick` is `finest`.
struct CalibrationGraph {
    const Layers& layers;
    const Codec& quick;
    ScanRows finest;
    std::array<std::size_t, kDepths.size()> reranks;  // candidates that searches look at once more, by depth
};

// Rows to look for, as queries of either codec. None is the graph's entry point or has twins.
struct CalibrationRows {
    std::span<const Slot> slots;
    const QueryBlock& quick;
    const QueryBlock& finest;
};

// Fills rows, widths and curves. `poll` as in parallel_for().
void calibrate(const CalibrationGraph& graph, const CalibrationRows& rows, std::size_t threads,
               const std::function<void()>& poll, Calibration& out);

}  // namespace lanner
