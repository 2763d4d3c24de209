// Keeps a graph whole: takes nodes out and re-links those that pointed at them, and ties back what cannot be reached.
// Threads: one writer; searches may run beside it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/fair_shared_mutex.hpp"
#include "graph/build.hpp"
#include "graph/edit.hpp"
#include "graph/layers.hpp"

namespace lanner {

// Every node that pointed at one of `dead` gets neighbours of the dead in their place (after Singh et al., FreshDiskANN,
// 2021, algorithm 4, which chooses among all anew). Nothing points at a dead slot afterwards, and its own places are empty.
// `live` (a byte a slot) tells from whom a new entry point may be chosen; it may still count the dead.
void remove_nodes(Layers& layers, const Codec& codec, std::span<const Slot> dead, std::span<const std::uint8_t> live,
                  const BuildOptions& options, GraphEdit& edit);

// What becomes of twins when slots leave. A node that leaves and has twins that stay does not go: the contents of one of
// them (the same vector, another id) move to its slot, and that twin's slot is given up in its place.
struct RingPlan {
    struct Move {
        Slot from;
        Slot to;
    };
    std::vector<Slot> nodes;  // to be removed from the graph, ascending
    std::vector<Move> moves;
    std::vector<Slot> loners;              // for GraphChange
    std::vector<std::vector<Slot>> rings;  // for GraphChange
};
RingPlan plan_rings(const Layers& layers, std::span<const Slot> leaving);

// Every node of `live` (a byte a slot) that no path from the entry point reaches gets an edge from a near node that is
// reached. Returns how many were tied back.
std::size_t connect(Layers& layers, const Codec& codec, std::span<const std::uint8_t> live, GraphEdit& edit,
                    const BuildOptions& options);

// The same for a few nodes that may have lost their last way in: those that no neighbour of theirs points back at are
// searched for, and tied back if they are not found.
void tie_suspects(Layers& layers, const Codec& codec, std::vector<Slot> suspects, GraphEdit& edit,
                  const BuildOptions& options);

// Which slots the entry point reaches on the ground layer, a byte each.
std::vector<std::uint8_t> reachable(const Layers& layers);

}  // namespace lanner
