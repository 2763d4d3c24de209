// Insertion of stored rows into a graph, in parallel and with one outcome whatever the number of threads: a batch of
// rows searches the graph as it stands, each row also meets every other row of its batch, and all edges of the batch are
// then merged, node by node in slot order (after ParlayANN, Manohar et al., PPoPP 2024).
// Threads: one writer; searches may run beside it and see whole batches.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "graph/edit.hpp"
#include "graph/layers.hpp"
#include "graph/traverse.hpp"

namespace lanner {

struct BuildOptions {
    std::size_t ef_construction = 128;
    std::size_t threads = 1;
    // Called on the calling thread, some 20 times a second, with the number of rows done; may throw.
    std::function<void(std::size_t done)> poll;
    bool tell_dropped = false;  // see Builder::dropped()
};

class Builder {
  public:
    // `quick` finds a row's candidates; `codec` says which of them are near, and which become neighbours.
    Builder(Layers& layers, const Codec& codec, const Codec& quick, const BuildOptions& options);
    ~Builder();
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;

    // Called with searches excluded, in the instant in which slots [begin, end) of the call join the graph. Must not throw.
    using Committed = std::function<void(std::size_t begin, std::size_t end)>;

    // The slots are stored in the codec and below layers.slots(), with empty places; `in_graph` nodes are there before.
    // Whatever is thrown, `edit` can take everything back.
    void insert(std::span<const Slot> slots, std::size_t in_graph, const Committed& committed, GraphEdit& edit);
    // Nodes that lost an edge of the ground layer, some more than once; where they were asked for.
    const std::vector<Slot>& dropped() const noexcept { return dropped_; }

  private:
    struct Found;
    struct Links;
    struct Scratch;

    Scratch& scratch_of(std::size_t worker);
    void insert_batch(std::span<const Slot> batch, std::size_t done, const Committed& committed, GraphEdit& edit);
    void pair_twins(std::span<const Slot> batch, std::vector<Found>& found) const;
    Slot twin_among(Slot slot, const std::vector<Candidate>& nearest) const;
    void find_neighbours(Slot slot, std::span<const Slot> batch, Scratch& scratch, Found& found) const;
    std::vector<Links> gather_links(std::span<const Slot> batch, const std::vector<Found>& found) const;
    void merge(const Links& links, const std::vector<EdgeList>& own, Scorer& scorer, EdgeList& out,
               std::vector<Slot>& dropped) const;

    Layers& layers_;
    const Codec& codec_;
    const Codec& quick_;
    BuildOptions options_;
    std::vector<std::unique_ptr<Scratch>> scratch_;  // by worker
    std::vector<Slot> dropped_;
};

// The node of the highest level, the lowest slot among equals; kNoSlot for none.
Slot highest(const Layers& layers, std::span<const Slot> slots);

}  // namespace lanner
