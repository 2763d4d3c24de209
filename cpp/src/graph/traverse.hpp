// Best-first search of a layer (Malkov and Yashunin, Efficient and Robust Approximate Nearest Neighbor Search Using
// Hierarchical Navigable Small World Graphs, 2018, algorithms 2 and 5).
// Threads: a scratch serves one search at a time; searches share graph and codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "codecs/codec.hpp"
#include "graph/beam.hpp"
#include "graph/layers.hpp"

namespace lanner {

// Which slots a search has seen: a byte each, reset by counting up.
class VisitedMarks {
  public:
    void reset(std::size_t slots) {
        if (marks_.size() < slots) marks_.resize(slots, 0);
        if (++round_ == 0) {
            std::fill(marks_.begin(), marks_.end(), std::uint8_t{0});
            round_ = 1;
        }
    }
    bool visit(Slot slot) noexcept {
        const bool fresh = marks_[slot] != round_;
        marks_[slot] = round_;
        return fresh;
    }
    // Appends those of `places` that were not seen to the `count` in `out`, which has room for all, and marks them. Places
    // from `limit` on count as `instead`. Without a branch that depends on data.
    std::size_t visit_all(std::span<const Slot> places, Slot limit, Slot instead, Slot* out,
                          std::size_t count) noexcept {
        std::uint8_t* const marks = marks_.data();
        const std::uint8_t round = round_;
        for (const Slot place : places) {
            const Slot slot = place < limit ? place : instead;
            out[count] = slot;
            count += marks[slot] != round ? 1 : 0;
            marks[slot] = round;
        }
        return count;
    }
    bool seen(Slot slot) const noexcept { return marks_[slot] == round_; }
    std::size_t bytes() const noexcept { return marks_.size(); }

  private:
    std::vector<std::uint8_t> marks_;
    std::uint8_t round_ = 0;
};

// What one search needs beside graph and codec; kept from one search to the next.
struct TraverseScratch {
    explicit TraverseScratch(const Codec& codec) : scorer(codec.make_scorer()) {}

    std::unique_ptr<Scorer> scorer;
    VisitedMarks visited;
    Beam beam;
    std::vector<Slot> fresh;
    std::vector<float> distances;
    Slot hidden = kNoSlot;  // a node that searches pass by as if it were not there; not the entry point
    std::uint64_t hops = 0;
    std::uint64_t scored = 0;
};

// With a query or slot bound to the scorer: walks greedily from the entry point down to `layer`, then searches it with
// `width` candidates, which stand in scratch.beam afterwards. Returns the node nearest on that layer (kNoSlot for an
// empty graph). Layers below are searched by search_layer() from there.
Slot descend(const Layers& layers, unsigned layer, TraverseScratch& scratch);
void search_layer(const Layers& layers, unsigned layer, Slot start, std::size_t width, TraverseScratch& scratch);

// Everything within `radius` that can be reached from the beam's candidates through nodes within it, by any order.
// The beam holds a finished search of the ground layer.
void flood(const Layers& layers, float radius, TraverseScratch& scratch, std::vector<Candidate>& out);

}  // namespace lanner
