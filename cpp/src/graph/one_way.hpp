// Who points at a node that does not point back. With the node's own neighbours that tells everybody who points at it,
// without a look through all lists: on text embeddings one edge in five goes one way.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

class OneWayEdges {
  public:
    // Nodes are 0 .. nodes() - 1, of whatever numbering the caller has.
    std::size_t nodes() const noexcept { return first_.size(); }
    // No edge leads to a node that is dropped.
    void resize(std::size_t nodes) { first_.resize(nodes, kNone); }
    // Makes room for so many edges at once.
    void reserve(std::size_t edges) { links_.reserve(edges); }

    void add(std::size_t node, Slot source);
    void drop(std::size_t node, Slot source) noexcept;
    // Calls take(source) for all that point at the node, in no order.
    template <typename Take>
    void each(std::size_t node, const Take& take) const {
        for (std::uint32_t at = first_[node]; at != kNone; at = links_[at].next) take(links_[at].source);
    }

    std::size_t memory_bytes() const noexcept {
        return first_.capacity() * sizeof(std::uint32_t) + links_.capacity() * sizeof(Link);
    }

  private:
    static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
    struct Link {
        Slot source;
        std::uint32_t next;
    };

    std::vector<std::uint32_t> first_;  // by node: a chain of links
    std::vector<Link> links_;
    std::uint32_t free_ = kNone;  // a chain of those without a use
};

}  // namespace lanner
