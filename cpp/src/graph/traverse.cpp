#include "graph/traverse.hpp"

#include <algorithm>

namespace lanner {
namespace {

// Candidates expanded together. Their lists and rows come from memory side by side, where one alone would have each
// wait for the one before; the few distances that a stricter order would have saved cost less.
constexpr std::size_t kTogether = 3;
// Rows asked for while the lists are still being read.
constexpr std::size_t kFirstRows = 4;

void make_room(const Layers& layers, TraverseScratch& scratch) {
    const std::size_t places = kTogether * layers.width(0);
    if (scratch.fresh.size() >= places) return;
    scratch.fresh.resize(places);
    scratch.distances.resize(places);
}

// Appends the neighbours not seen before to the `count` in scratch.fresh, and marks them. The node's own slot, which fills
// empty places, counts as seen, and so does what a damaged file makes of one.
std::size_t take_fresh(const Layers& layers, unsigned layer, Slot node, std::size_t count, TraverseScratch& scratch) {
    return scratch.visited.visit_all(layers.places(layer, node), static_cast<Slot>(layers.slots()), node,
                                     scratch.fresh.data(), count);
}

void score_fresh(std::size_t count, TraverseScratch& scratch) {
    scratch.scorer->score(scratch.fresh.data(), count, scratch.distances.data());
    scratch.scored += count;
}

// Drops what a full beam would not keep, without a branch that depends on data.
std::size_t keep_near(std::size_t count, TraverseScratch& scratch) {
    if (!scratch.beam.full()) return count;
    const float worst = scratch.beam.worst();
    float* const distances = scratch.distances.data();
    Slot* const fresh = scratch.fresh.data();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float distance = distances[i];
        distances[kept] = distance;
        fresh[kept] = fresh[i];
        kept += distance < worst ? 1 : 0;
    }
    return kept;
}

}  // namespace

void search_layer(const Layers& layers, unsigned layer, Slot start, std::size_t width, TraverseScratch& scratch) {
    make_room(layers, scratch);
    scratch.visited.reset(layers.slots());
    if (scratch.hidden != kNoSlot) scratch.visited.visit(scratch.hidden);
    scratch.beam.reset(width);
    scratch.fresh[0] = start;
    scratch.visited.visit(start);
    score_fresh(1, scratch);
    scratch.beam.offer(scratch.distances[0], start);
    for (;;) {
        Slot nodes[kTogether];
        std::size_t popped = 0;
        for (; popped < kTogether; ++popped) {
            nodes[popped] = scratch.beam.pop();
            if (nodes[popped] == kNoSlot) break;
            if (layer == 0) layers.prefetch(nodes[popped]);
        }
        if (popped == 0) return;
        scratch.hops += popped;
        std::size_t count = take_fresh(layers, layer, nodes[0], 0, scratch);
        for (std::size_t i = 0; i < std::min(count, kFirstRows); ++i) scratch.scorer->prefetch(scratch.fresh[i]);
        for (std::size_t i = 1; i < popped; ++i) count = take_fresh(layers, layer, nodes[i], count, scratch);
        if (layer == 0) scratch.beam.peek(kTogether, [&](Slot slot) { layers.prefetch(slot); });
        score_fresh(count, scratch);
        count = keep_near(count, scratch);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t before = scratch.beam.offer(scratch.distances[i], scratch.fresh[i]);
            if (layer == 0 && before < kTogether) layers.prefetch(scratch.fresh[i]);
        }
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
    make_room(layers, scratch);
    for (std::size_t next = 0; next < out.size(); ++next) {
        const std::size_t count = take_fresh(layers, 0, out[next].slot, 0, scratch);
        score_fresh(count, scratch);
        ++scratch.hops;
        for (std::size_t i = 0; i < count; ++i) {
            if (scratch.distances[i] <= radius) out.push_back({scratch.distances[i], scratch.fresh[i]});
        }
    }
}

}  // namespace lanner
