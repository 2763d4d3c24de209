// Which candidates become neighbours: those nearer to the node than to every neighbour chosen before them, so that edges
// point in different directions (Malkov and Yashunin 2018, algorithm 4, without its extensions).
// Threads: one at a time per scorer.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "codecs/codec.hpp"
#include "graph/beam.hpp"

namespace lanner {

// Whether one of `chosen` is nearer to the candidate than the node is, so that it leads there as well.
bool shadowed(const Candidate& candidate, std::span<const Candidate> chosen, Scorer& scorer);

// `candidates` hold distances from the node and come nearest first. Fills `chosen` with at most `most` of them.
void select_neighbours(const std::vector<Candidate>& candidates, std::size_t most, Scorer& scorer,
                       std::vector<Candidate>& chosen);

// Adds those that want an edge from the node to its neighbours; where they do not all fit, chooses among all, and appends to
// `dropped` those that were neighbours and are none any more.
void join_neighbours(Slot node, std::span<const Candidate> sources, std::size_t width, Scorer& scorer,
                     std::vector<Slot>& neighbours, std::vector<Slot>& dropped);

}  // namespace lanner
