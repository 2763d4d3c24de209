#include "search/filtered_traverse.hpp"

#include <algorithm>

namespace lanner {
namespace {

// Expanded together, as in an unfiltered walk: their lists come from memory side by side.
constexpr std::size_t kTogether = 3;
// Lists of bridges asked for ahead of their turn.
constexpr std::size_t kAhead = 6;
// Admitted nodes that an expanded node is given to see: as many as without a filter.
std::size_t enough(std::size_t width) noexcept { return width; }

class Walk {
  public:
    Walk(const Layers& layers, const FilteredWalk& walk, TraverseScratch& scratch, FilteredScratch& filtered)
        : layers_(layers),
          walk_(walk),
          scratch_(scratch),
          filtered_(filtered),
          limit_(static_cast<Slot>(std::min(layers.slots(), walk.admitted.size() * 64))),
          width_(layers.width(0)) {
        const std::size_t places = std::max(kTogether * width_ * 3, walk.seeds.size() + width_ + 1);
        if (scratch_.fresh.size() < places) {
            scratch_.fresh.resize(places);
            scratch_.distances.resize(places);
        }
        filtered_.bridges.resize(width_);
    }

    bool run() {
        scratch_.visited.reset(layers_.slots());
        scratch_.beam.reset(walk_.width);
        for (const Candidate& each : walk_.near) {
            if (each.slot >= limit_ || !scratch_.visited.visit(each.slot)) continue;
            if (admitted(each.slot)) scratch_.beam.offer(each.distance, each.slot);
        }
        std::size_t count = 0;
        for (const Slot seed : walk_.seeds) {
            scratch_.fresh[count] = seed;
            count += seed < limit_ && scratch_.visited.visit(seed) ? 1 : 0;
        }
        for (const Candidate& each : walk_.near) {
            if (each.slot >= limit_ || admitted(each.slot)) continue;
            cross(each.slot, count);
            score(count);
            count = 0;
        }
        score(count);
        for (std::size_t steps = count;;) {
            Slot nodes[kTogether];
            std::size_t popped = 0;
            for (; popped < kTogether; ++popped) {
                nodes[popped] = scratch_.beam.pop();
                if (nodes[popped] == kNoSlot) break;
                layers_.prefetch(nodes[popped]);
            }
            if (popped == 0) return true;
            const std::uint64_t lists = filtered_.lists;
            count = 0;
            for (std::size_t i = 0; i < popped; ++i) expand(nodes[i], count);
            scratch_.hops += popped;
            scratch_.beam.peek(kTogether, [&](Slot slot) { layers_.prefetch(slot); });
            score(count);
            steps += count + static_cast<std::size_t>(filtered_.lists - lists);
            if (steps > walk_.most_steps) return false;
        }
    }

  private:
    bool admitted(Slot slot) const noexcept { return (walk_.admitted[slot / 64] >> (slot % 64) & 1) != 0; }

    // Appends the node's admitted neighbours that were not seen before to the `count` in scratch.fresh, and, where these
    // are few, those of its other neighbours.
    void expand(Slot node, std::size_t& count) {
        Slot* const bridges = filtered_.bridges.data();
        std::size_t bridge_count = 0;
        std::size_t neighbours = 0;
        std::size_t found = 0;
        ++filtered_.lists;
        for (const Slot place : layers_.places(0, node)) {
            const Slot slot = place < limit_ ? place : node;
            neighbours += slot != node ? 1 : 0;
            const bool in = admitted(slot);
            const bool fresh = !scratch_.visited.seen(slot);
            scratch_.fresh[count] = slot;
            bridges[bridge_count] = slot;
            bridge_count += !in && fresh ? 1 : 0;
            found += in ? 1 : 0;
            if (in && fresh) {
                scratch_.visited.visit(slot);
                ++count;
            }
        }
        if (found >= std::min(neighbours, enough(width_))) return;
        for (std::size_t i = 0; i < std::min(kAhead, bridge_count); ++i) layers_.prefetch(bridges[i]);
        for (std::size_t i = 0; i < bridge_count && found < enough(width_); ++i) {
            if (i + kAhead < bridge_count) layers_.prefetch(bridges[i + kAhead]);
            scratch_.visited.visit(bridges[i]);
            found += cross(bridges[i], count);
        }
    }

    // Appends the admitted neighbours of a node that is not admitted itself. How many there are, seen before or not.
    std::size_t cross(Slot bridge, std::size_t& count) {
        std::size_t found = 0;
        ++filtered_.lists;
        for (const Slot place : layers_.places(0, bridge)) {
            const Slot slot = place < limit_ ? place : bridge;
            if (!admitted(slot)) continue;
            ++found;
            if (!scratch_.visited.visit(slot)) continue;
            scratch_.scorer->prefetch(slot);
            scratch_.fresh[count++] = slot;
        }
        return found;
    }

    void score(std::size_t count) {
        scratch_.scorer->score(scratch_.fresh.data(), count, scratch_.distances.data());
        scratch_.scored += count;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t before = scratch_.beam.offer(scratch_.distances[i], scratch_.fresh[i]);
            if (before < kTogether) layers_.prefetch(scratch_.fresh[i]);
        }
    }

    const Layers& layers_;
    const FilteredWalk& walk_;
    TraverseScratch& scratch_;
    FilteredScratch& filtered_;
    Slot limit_;
    std::size_t width_;
};

}  // namespace

bool search_filtered(const Layers& layers, const FilteredWalk& walk, TraverseScratch& scratch,
                     FilteredScratch& filtered) {
    return Walk(layers, walk, scratch, filtered).run();
}

double lists_a_hop(double share, std::size_t width) noexcept {
    const auto places = static_cast<double>(width);
    const double seen = places * share;
    const double more = (static_cast<double>(enough(width)) - seen) / std::max(seen, 1e-9);
    return 1 + std::min(places * (1 - share), more);
}

}  // namespace lanner
