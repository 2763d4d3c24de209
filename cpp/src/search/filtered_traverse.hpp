// Best-first search of the ground layer in which only nodes that a filter admits are kept. Where few of a node's neighbours
// are admitted, those of the others are taken in their place (Patel and others, ACORN: Performant and Predicate-Agnostic
// Search over Vector Embeddings and Structured Data, 2024), so that the admitted stay connected; no distance is computed
// to a node that is not.
// Threads: a scratch serves one search at a time; searches share graph and codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/traverse.hpp"

namespace lanner {

struct FilteredWalk {
    std::span<const std::uint64_t> admitted;  // a bit a node; none from the last word on
    std::span<const Slot> seeds;              // admitted nodes to begin from
    Slot start = kNoSlot;                     // a node near the query, admitted or not
    std::size_t width = 0;
    std::size_t most_steps = 0;  // distances and lists of neighbours read, together, before it gives up
};

struct FilteredScratch {
    std::vector<Slot> bridges;
    std::uint64_t lists = 0;  // of neighbours that were read
};

// With a query bound to the scorer. What it found stands in scratch.beam. Whether it came to its end.
bool search_filtered(const Layers& layers, const FilteredWalk& walk, TraverseScratch& scratch,
                     FilteredScratch& filtered);

// How the lists of neighbours read for one expanded node grow as fewer nodes are admitted.
double lists_a_hop(double share, std::size_t width) noexcept;

}  // namespace lanner
