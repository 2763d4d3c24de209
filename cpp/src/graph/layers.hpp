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

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/paged_rows.hpp"
#include "base/prefetch.hpp"
#include "base/slot.hpp"
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

    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer) const;
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t slots, Slot entry);
    std::size_t upper_blocks() const noexcept { return upper_blocks_; }

  private:
    std::span<const Slot> upper_places(unsigned layer, Slot slot) const noexcept;

    static constexpr Slot kTwinMark = 0x80000000U;

    std::uint32_t M_;
    std::uint64_t seed_;
    std::size_t slots_ = 0;
    Slot entry_ = kNoSlot;
    PagedRows ground_;
    PagedRows upper_first_;  // by slot: its first upper block, plus one; 0 for nodes of the ground alone
    PagedRows upper_;
    PagedRows twins_;  // by slot: the next of the ring, plus one, marked on twins; 0 without, which costs no memory
    std::size_t upper_blocks_ = 0;
};

}  // namespace lanner
