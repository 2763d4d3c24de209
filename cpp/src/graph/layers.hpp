// The adjacency of a hierarchical graph: one block of neighbour slots a node and layer, of fixed width (2M on the ground,
// M above). Empty places of a block hold the node's own slot: a search has always visited that one, so it drops out
// without a test. A node's level is a function of seed and slot, so it is stored nowhere, and a reused slot finds its
// blocks again.
// Equal vectors stand in the graph once: the others, its twins, hang from that node in a ring, with no neighbours and
// pointed at by nobody. So a thousand copies of one vector crowd out nothing.
// Threads: const calls run beside one another; the others exclude every call, except that set() may write to nodes that
// nothing refers to yet.
// Neighbours may come from a damaged file: whoever follows one checks it against slots() first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/paged_rows.hpp"
#include "base/prefetch.hpp"
#include "base/slot.hpp"
#include "graph/one_way.hpp"
#include "storage/sections.hpp"

namespace lanner {

class Layers {
  public:
    Layers(std::uint32_t M, std::uint64_t seed);

    std::size_t width(unsigned layer) const noexcept { return layer == 0 ? 2 * std::size_t{M_} : M_; }
    // P(level >= L) = M^-L, as in the paper with its m_L = 1 / ln M.
    unsigned level(Slot slot) const noexcept;

    // All width(layer) places. An unsound upper layer of a damaged file yields an empty span.
    std::span<const Slot> places(unsigned layer, Slot slot) const noexcept {
        if (layer > 0) return upper_places(layer, slot);
        return {ground_.as<Slot>(slot), width(0)};
    }
    // The neighbours in front of the empty places.
    std::span<const Slot> neighbours(unsigned layer, Slot slot) const noexcept;
    // Asks for the node's places on the ground.
    void prefetch(Slot slot) const noexcept {
        const std::byte* const block = ground_.row(slot);
        for (std::size_t at = 0; at < ground_.stride(); at += 64) prefetch_line(block + at);
    }

    // Slots are 0 .. slots() - 1; not each need be in the graph.
    std::size_t slots() const noexcept { return slots_; }
    Slot entry() const noexcept { return entry_; }
    bool empty() const noexcept { return entry_ == kNoSlot; }
    unsigned top() const noexcept { return empty() ? 0 : level(entry_); }

    // Room for slots below `slots`, with blocks on every layer of theirs, all places empty. Strong guarantee.
    void grow(std::size_t slots);
    // Forgets the slots from `slots` on; nothing may refer to them.
    void shrink(std::size_t slots) noexcept;
    void set(unsigned layer, Slot slot, std::span<const Slot> neighbours) noexcept;
    // Whether every slot's blocks are those that grow() gave it; a damaged file may share them out otherwise.
    bool blocks_in_order() const noexcept;
    void set_entry(Slot slot) noexcept { entry_ = slot; }

    // A twin is reached through the node whose vector it shares. next_twin() goes round the ring of a node and its twins;
    // it is the slot itself where there are none. In a damaged file the ring may not close: whoever walks it counts.
    bool is_twin(Slot slot) const noexcept { return (*twins_.as<Slot>(slot) & kTwinMark) != 0; }
    Slot next_twin(Slot slot) const noexcept;
    void prefetch_twin(Slot slot) const noexcept { prefetch_line(twins_.row(slot)); }
    void link_twin(Slot node, Slot twin) noexcept;
    // The raw entry, to be put back as it was; 0 for a slot without twins.
    Slot twin_entry(Slot slot) const noexcept { return *twins_.as<Slot>(slot); }
    void set_twin_entry(Slot slot, Slot entry) noexcept { *twins_.as<Slot>(slot) = entry; }

    // What leads to a node, for the removal of a few: made once the lists were looked through often for want of it, followed
    // by set() from then on, and given up by forget_incoming() or where memory runs out. Of a sound graph only.
    class Incoming;
    bool has_incoming() const noexcept { return incoming_ != nullptr; }
    // For a change of so many nodes it is not worth while.
    static bool is_bulk(std::size_t nodes, std::size_t slots) noexcept { return nodes > slots / 64; }
    // Says that it is wanted. Whether it is time to make it.
    bool want_incoming() noexcept { return ++wanted_ > kLookedThrough; }
    std::unique_ptr<Incoming> make_incoming(const std::function<void()>& poll = nullptr) const;
    void take_incoming(std::unique_ptr<Incoming> incoming) noexcept;
    void forget_incoming() noexcept;
    // Appends all that point at the node. With has_incoming().
    void pointing_at(unsigned layer, Slot slot, std::vector<Slot>& out) const;
    // Whether what is kept is what the lists say.
    bool incoming_sound() const;

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t slots, Slot entry);
    std::size_t upper_blocks() const noexcept { return upper_blocks_; }

    Layers(Layers&&) noexcept;
    Layers& operator=(Layers&&) noexcept;
    ~Layers();

  private:
    std::span<const Slot> upper_places(unsigned layer, Slot slot) const noexcept;
    void write(unsigned layer, Slot slot, std::span<const Slot> neighbours) noexcept;
    bool leads(unsigned layer, Slot from, Slot to) const noexcept;
    // The place of a node among those of a layer, or of all upper layers.
    std::size_t node_of(unsigned layer, Slot slot) const noexcept {
        return layer == 0 ? slot : std::size_t{*upper_first_.as<Slot>(slot)} + layer - 2;
    }

    static constexpr Slot kTwinMark = 0x80000000U;
    // To make it takes the time of so many looks through all lists.
    static constexpr std::size_t kLookedThrough = 32;

    std::uint32_t M_;
    std::uint64_t seed_;
    std::size_t slots_ = 0;
    Slot entry_ = kNoSlot;
    PagedRows ground_;
    PagedRows upper_first_;  // by slot: its first upper block, plus one; 0 for nodes of the ground alone
    PagedRows upper_;
    PagedRows twins_;  // by slot: the next of the ring, plus one, marked on twins; 0 without, which costs no memory
    std::size_t upper_blocks_ = 0;
    std::unique_ptr<Incoming> incoming_;
    std::size_t wanted_ = 0;
};

class Layers::Incoming {
  public:
    OneWayEdges& of(unsigned layer) noexcept { return edges_[layer == 0 ? 0 : 1]; }
    const OneWayEdges& of(unsigned layer) const noexcept { return edges_[layer == 0 ? 0 : 1]; }
    std::size_t memory_bytes() const noexcept { return edges_[0].memory_bytes() + edges_[1].memory_bytes(); }

  private:
    std::array<OneWayEdges, 2> edges_;  // of the ground, by slot; of the upper layers, by block
};

}  // namespace lanner
