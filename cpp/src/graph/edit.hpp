// Changes to a graph that take effect a batch at a time beside running searches, and can be taken back.
// Threads: one writer. apply() and roll_back() exclude searches for as long as it takes to copy the lists.
#pragma once

#include <cstddef>
#include <functional>
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

class GraphEdit {
  public:
    // `remember` false: nothing can be taken back, and nothing is kept.
    GraphEdit(Layers& layers, FairSharedMutex& mutex, bool remember);

    // `also` runs in the same instant, searches excluded; it must not throw.
    void apply(const std::vector<EdgeList>& lists, Slot entry, const std::function<void()>& also = nullptr);
    // All lists touched, and the entry point, as they were at construction.
    void roll_back();

  private:
    Layers& layers_;
    FairSharedMutex& mutex_;
    bool remember_;
    Slot entry_before_;
    std::vector<std::unordered_map<Slot, std::vector<Slot>>> before_;  // by layer
};

}  // namespace lanner
