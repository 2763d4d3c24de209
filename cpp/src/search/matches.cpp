#include "search/matches.hpp"

#include <algorithm>
#include <bit>

namespace lanner {
namespace {

// Nodes that a walk looks at first: a distance each, and a walk begins nearer to the best of them the more there are.
constexpr std::size_t kSeeds = 64;

}  // namespace

void Matches::ready_for_walks(const Layers& layers, std::span<const Slot> ring_nodes) const {
    std::call_once(bits_once_, [&] {
        if (slots_.is_list()) {
            slot_bits_.assign(SlotSet::word_count(slots_.slots()), 0);
            for (const Slot slot : slots_.list()) slot_bits_[slot / 64] |= std::uint64_t{1} << (slot % 64);
        }
        if (!ring_nodes.empty()) {
            const std::span<const std::uint64_t> slots = slot_bits();
            node_bits_.assign(slots.begin(), slots.end());
            // The rings of a damaged file may not close.
            std::size_t left = slots_.slots();
            for (const Slot node : ring_nodes) {
                if (node / 64 >= node_bits_.size()) continue;
                bool any = holds(slots, node);
                for (Slot twin = layers.next_twin(node); twin != node && left > 0;
                     twin = layers.next_twin(twin), --left) {
                    any = any || holds(slots, twin);
                    if (twin / 64 < node_bits_.size()) node_bits_[twin / 64] &= ~(std::uint64_t{1} << (twin % 64));
                }
                if (any) node_bits_[node / 64] |= std::uint64_t{1} << (node % 64);
            }
        }
    });
}

std::span<const Slot> Matches::seeds() const {
    std::call_once(seeds_once_, [&] { spread_seeds(); });
    return seeds_;
}

void Matches::spread_seeds() const {
    const std::span<const std::uint64_t> words = node_bits();
    std::size_t total = 0;
    for (const std::uint64_t word : words) total += count_bits(word);
    const std::size_t wanted = std::min(kSeeds, total);
    std::size_t before = 0;
    std::size_t next = 0;
    for (std::size_t at = 0; at < words.size() && next < wanted; ++at) {
        const auto here = count_bits(words[at]);
        for (; next < wanted; ++next) {
            // The middle of the next of so many equal parts.
            const std::size_t place = (2 * next + 1) * total / (2 * wanted);
            if (place >= before + here) break;
            std::uint64_t word = words[at];
            for (std::size_t skipped = before; skipped < place; ++skipped) word &= word - 1;
            seeds_.push_back(static_cast<Slot>(at * 64 + static_cast<std::size_t>(std::countr_zero(word))));
        }
        before += here;
    }
}

std::size_t Matches::memory_bytes() const noexcept {
    return slots_.memory_bytes() + (slot_bits_.capacity() + node_bits_.capacity()) * sizeof(std::uint64_t) +
           seeds_.capacity() * sizeof(Slot);
}

}  // namespace lanner
