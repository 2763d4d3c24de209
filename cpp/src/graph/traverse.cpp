#include "graph/traverse.hpp"

#include <algorithm>

namespace lanner {
namespace {

// Copies the neighbours not seen before to scratch.fresh and marks them. Without a branch that depends on data: the
// node's own slot, which fills empty places, counts as seen, and so does what a damaged file makes of a neighbour.
std::size_t take_fresh(const Layers& layers, unsigned layer, Slot node, TraverseScratch& scratch) {
    const std::span<const Slot> places = layers.places(layer, node);
    const auto limit = static_cast<Slot>(layers.slots());
    if (scratch.fresh.size() < places.size()) {
        scratch.fresh.resize(places.size());
        scratch.distances.resize(places.size());
    }
    Slot* const fresh = scratch.fresh.data();
    std::size_t count = 0;
    for (const Slot place : places) {
        const Slot slot = place < limit ? place : node;
        fresh[count] = slot;
        count += scratch.visited.visit(slot) ? 1 : 0;
    }
    return count;
}

void expand(const Layers& layers, unsigned layer, Slot node, TraverseScratch& scratch) {
    const std::size_t count = take_fresh(layers, layer, node, scratch);
    scratch.scorer->score(scratch.fresh.data(), count, scratch.distances.data());
    ++scratch.hops;
    scratch.scored += count;
    for (std::size_t i = 0; i < count; ++i) scratch.beam.offer(scratch.distances[i], scratch.fresh[i]);
}

}  // namespace

void search_layer(const Layers& layers, unsigned layer, Slot start, std::size_t width, TraverseScratch& scratch) {
    scratch.visited.reset(layers.slots());
    scratch.beam.reset(width);
    float distance = 0;
    scratch.scorer->score(&start, 1, &distance);
    ++scratch.scored;
    scratch.visited.visit(start);
    scratch.beam.offer(distance, start);
    for (Slot node = scratch.beam.pop(); node != kNoSlot; node = scratch.beam.pop()) {
        // Likely the next to be expanded: its block comes nearer while distances are computed.
        if (layer == 0) {
            if (const Slot next = scratch.beam.peek(); next != kNoSlot) layers.prefetch(next);
        }
        expand(layers, layer, node, scratch);
    }
}

Slot descend(const Layers& layers, unsigned layer, TraverseScratch& scratch) {
    Slot nearest = layers.entry();
    if (nearest == kNoSlot) return nearest;
    for (unsigned above = layers.top(); above > layer; --above) {
        search_layer(layers, above, nearest, 1, scratch);
        if (scratch.beam.size() > 0) nearest = scratch.beam[0].slot;
    }
    return nearest;
}

void flood(const Layers& layers, float radius, TraverseScratch& scratch, std::vector<Candidate>& out) {
    scratch.beam.copy_to(out);
    std::erase_if(out, [&](const Candidate& each) { return !(each.distance <= radius); });
    // Afresh: the search has seen nodes within the radius that its beam had no room for.
    scratch.visited.reset(layers.slots());
    for (const Candidate& each : out) scratch.visited.visit(each.slot);
    for (std::size_t next = 0; next < out.size(); ++next) {
        const std::size_t count = take_fresh(layers, 0, out[next].slot, scratch);
        scratch.scorer->score(scratch.fresh.data(), count, scratch.distances.data());
        ++scratch.hops;
        scratch.scored += count;
        for (std::size_t i = 0; i < count; ++i) {
            if (scratch.distances[i] <= radius) out.push_back({scratch.distances[i], scratch.fresh[i]});
        }
    }
}

}  // namespace lanner
