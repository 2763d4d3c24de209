// What a filter lets through, in the forms that executors ask for: slots for scans; for walks a bitmap of slots, one of the
// nodes that they hang from, and where to start.
// Threads: any; what only walks need is made by the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/slot_set.hpp"
#include "graph/layers.hpp"

namespace lanner {

inline bool holds(std::span<const std::uint64_t> words, Slot slot) noexcept {
    return slot / 64 < words.size() && (words[slot / 64] >> (slot % 64) & 1) != 0;
}

class Matches {
  public:
    // `foreseen`: how many there would be at least, as was known before they were looked for.
    explicit Matches(SlotSet slots, std::size_t foreseen = 0) : slots_(std::move(slots)), foreseen_(foreseen) {}

    const SlotSet& slots() const noexcept { return slots_; }
    std::size_t count() const noexcept { return slots_.count(); }
    std::size_t foreseen() const noexcept { return foreseen_; }

    // To be called before what follows, with the graph as it is while the set holds. `ring_nodes` are the nodes with twins.
    void ready_for_walks(const Layers& layers, std::span<const Slot> ring_nodes) const;
    std::span<const std::uint64_t> slot_bits() const noexcept {
        return slots_.is_list() ? std::span<const std::uint64_t>(slot_bits_) : slots_.words();
    }
    // Nodes that match themselves or through a twin. No bit is set from slots() on.
    std::span<const std::uint64_t> node_bits() const noexcept {
        return node_bits_.empty() ? slot_bits() : std::span<const std::uint64_t>(node_bits_);
    }
    // Some of those nodes, spread evenly over all.
    std::span<const Slot> seeds() const;

    std::size_t memory_bytes() const noexcept;

  private:
    void spread_seeds() const;

    SlotSet slots_;
    std::size_t foreseen_;
    mutable std::once_flag bits_once_;
    mutable std::once_flag seeds_once_;
    mutable std::vector<std::uint64_t> slot_bits_;
    mutable std::vector<std::uint64_t> node_bits_;  // empty where those of slots serve
    mutable std::vector<Slot> seeds_;
};

}  // namespace lanner
