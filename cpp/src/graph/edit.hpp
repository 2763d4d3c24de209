// Changes to a graph that take effect a batch at a time beside running searches, and can be taken back.
// Threads: one writer. apply() and roll_back() exclude searches for as long as it takes to copy the lists.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/fair_shared_mutex.hpp"
#include "graph/layers.hpp"

namespace lanner {

// The new neighbours of one node on one layer.
struct EdgeList {
    unsigned layer = 0;
    Slot slot = 0;
    std::vector<Slot> neighbours;
};

struct TwinLink {
    Slot node;
    Slot twin;
};

struct GraphChange {
    std::vector<EdgeList> lists;
    std::vector<TwinLink> twins;           // joined to the ring of a node
    std::vector<std::vector<Slot>> rings;  // remade of these slots, the first of which stands in the graph
    std::vector<Slot> loners;              // taken out of their rings, before rings are remade
    Slot entry = kNoSlot;
};

class GraphEdit {
  public:
    // `remember` false: nothing can be taken back, and nothing is kept.
    GraphEdit(Layers& layers, FairSharedMutex& mutex, bool remember);

    // `also` runs in the same instant, searches excluded; it must not throw.
    void apply(const GraphChange& change, const std::function<void()>& also = nullptr);
    // All that was touched as it was at construction; `also` as in apply().
    void roll_back(const std::function<void()>& also = nullptr);

    // Beside searches, too: whoever asks how much memory there is looks at it.
    void take_incoming(std::unique_ptr<Layers::Incoming> incoming);
    void forget_incoming();

  private:
    void remember(const GraphChange& change);

    Layers& layers_;
    FairSharedMutex& mutex_;
    bool remember_;
    Slot entry_before_;
    std::vector<std::unordered_map<Slot, std::vector<Slot>>> lists_before_;  // by layer
    std::unordered_map<Slot, Slot> twins_before_;
};

}  // namespace lanner
