#include "graph/repair.hpp"

#include <algorithm>

#include "base/thread_pool.hpp"
#include "graph/select.hpp"
#include "graph/traverse.hpp"

namespace lanner {
namespace {

constexpr std::size_t kScanGrain = 4096;
// Rounds of tying back: an edge given up for another may cut off somebody else.
constexpr int kConnectRounds = 8;

void spread(const Layers& layers, std::vector<std::uint8_t>& reached, std::vector<Slot>& frontier) {
    while (!frontier.empty()) {
        const Slot node = frontier.back();
        frontier.pop_back();
        for (const Slot next : layers.places(0, node)) {
            if (next >= reached.size() || reached[next] != 0) continue;
            reached[next] = 1;
            frontier.push_back(next);
        }
    }
}

// The nodes of a layer that point at a dead one, in slot order.
std::vector<Slot> pointing_at(const Layers& layers, unsigned layer, const std::vector<std::uint8_t>& is_dead,
                              std::size_t threads, const std::function<void()>& poll) {
    const std::size_t slots = layers.slots();
    std::vector<std::vector<Slot>> parts((slots + kScanGrain - 1) / kScanGrain);
    parallel_for(
        slots, kScanGrain, threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t at = begin; at < end; ++at) {
                const auto slot = static_cast<Slot>(at);
                if (is_dead[slot] != 0 || (layer > 0 && layers.level(slot) < layer)) continue;
                std::uint8_t any = 0;
                for (const Slot next : layers.places(layer, slot)) any |= next < slots ? is_dead[next] : std::uint8_t{1};
                if (any != 0) parts[begin / kScanGrain].push_back(slot);
            }
        },
        poll);
    std::vector<Slot> all;
    for (const std::vector<Slot>& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

EdgeList relinked(const Layers& layers, unsigned layer, Slot slot, const std::vector<std::uint8_t>& is_dead, Scorer& scorer) {
    std::vector<Slot> around;
    const auto add = [&](Slot next) {
        if (next != slot && next < is_dead.size() && is_dead[next] == 0) around.push_back(next);
    };
    for (const Slot next : layers.neighbours(layer, slot)) {
        if (next < is_dead.size() && is_dead[next] != 0) {
            for (const Slot beyond : layers.neighbours(layer, next)) add(beyond);
        } else {
            add(next);
        }
    }
    std::sort(around.begin(), around.end());
    around.erase(std::unique(around.begin(), around.end()), around.end());
    std::vector<float> distances(around.size());
    scorer.bind_slot(slot);
    scorer.score(around.data(), around.size(), distances.data());
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < around.size(); ++i) candidates.push_back({distances[i], around[i]});
    std::sort(candidates.begin(), candidates.end(), nearer);
    std::vector<Candidate> kept;
    select_neighbours(candidates, layers.width(layer), scorer, kept);
    EdgeList list{layer, slot, {}};
    for (const Candidate& each : kept) list.neighbours.push_back(each.slot);
    return list;
}

// An edge from the nearest reached node that has a free place to `lost`; where none has, the nearest gives up its
// farthest neighbour.
EdgeList tie_back(const Layers& layers, Slot lost, const std::vector<std::uint8_t>& reached, TraverseScratch& scratch,
                  std::size_t width) {
    scratch.scorer->bind_slot(lost);
    search_layer(layers, 0, descend(layers, 0, scratch), width, scratch);
    std::vector<Candidate> near;
    scratch.beam.copy_to(near);
    std::erase_if(near, [&](const Candidate& each) { return each.slot == lost || reached[each.slot] == 0; });
    EdgeList list;
    if (near.empty()) return list;
    const auto roomy = std::find_if(near.begin(), near.end(), [&](const Candidate& each) {
        return layers.neighbours(0, each.slot).size() < layers.width(0);
    });
    list.slot = roomy != near.end() ? roomy->slot : near.front().slot;
    const auto present = layers.neighbours(0, list.slot);
    list.neighbours.assign(present.begin(), present.end());
    if (roomy == near.end()) {
        std::vector<float> distances(present.size());
        scratch.scorer->bind_slot(list.slot);
        scratch.scorer->score(list.neighbours.data(), list.neighbours.size(), distances.data());
        list.neighbours.erase(list.neighbours.begin() + (std::max_element(distances.begin(), distances.end()) - distances.begin()));
    }
    list.neighbours.push_back(lost);
    return list;
}

}  // namespace

void remove_nodes(Layers& layers, const Codec& codec, std::span<const Slot> dead, std::span<const std::uint8_t> live,
                  const BuildOptions& options, GraphEdit& edit) {
    if (dead.empty()) return;
    std::vector<std::uint8_t> is_dead(layers.slots(), 0);
    for (const Slot slot : dead) is_dead[slot] = 1;
    std::function<void()> poll;
    if (options.poll) poll = [&] { options.poll(0); };

    std::vector<EdgeList> lists;
    const unsigned top_dead = layers.level(highest(layers, dead));
    for (unsigned layer = 0; layer <= top_dead; ++layer) {
        const std::vector<Slot> affected = pointing_at(layers, layer, is_dead, options.threads, poll);
        const std::size_t first = lists.size();
        lists.resize(first + affected.size());
        std::vector<std::unique_ptr<Scorer>> scorers(options.threads);
        parallel_for(
            affected.size(), 4, options.threads,
            [&](std::size_t begin, std::size_t end, std::size_t worker) {
                if (!scorers[worker]) scorers[worker] = codec.make_scorer();
                for (std::size_t i = begin; i < end; ++i) {
                    lists[first + i] = relinked(layers, layer, affected[i], is_dead, *scorers[worker]);
                }
            },
            poll);
    }
    Slot entry = layers.entry();
    if (entry != kNoSlot && is_dead[entry] != 0) {
        std::vector<Slot> rest;
        for (std::size_t slot = 0; slot < live.size(); ++slot) {
            if (live[slot] != 0 && is_dead[slot] == 0) rest.push_back(static_cast<Slot>(slot));
        }
        entry = highest(layers, rest);
    }
    for (const Slot slot : dead) {
        for (unsigned layer = 0; layer <= layers.level(slot); ++layer) lists.push_back({layer, slot, {}});
    }
    edit.apply(lists, entry);
}

std::vector<std::uint8_t> reachable(const Layers& layers) {
    std::vector<std::uint8_t> reached(layers.slots(), 0);
    if (layers.empty()) return reached;
    std::vector<Slot> frontier{layers.entry()};
    reached[layers.entry()] = 1;
    spread(layers, reached, frontier);
    return reached;
}

std::size_t connect(Layers& layers, const Codec& codec, std::span<const std::uint8_t> live, GraphEdit& edit,
                    std::size_t ef_construction) {
    if (layers.empty()) return 0;
    std::size_t tied = 0;
    std::unique_ptr<TraverseScratch> scratch;
    for (int round = 0; round < kConnectRounds; ++round) {
        std::vector<std::uint8_t> reached = reachable(layers);
        bool any = false;
        std::vector<Slot> frontier;
        for (std::size_t at = 0; at < live.size(); ++at) {
            if (live[at] == 0 || reached[at] != 0) continue;
            const auto lost = static_cast<Slot>(at);
            if (!scratch) scratch = std::make_unique<TraverseScratch>(codec);
            const EdgeList list = tie_back(layers, lost, reached, *scratch, ef_construction);
            if (list.neighbours.empty()) continue;
            edit.apply({list}, layers.entry());
            reached[lost] = 1;
            frontier.assign(1, lost);
            spread(layers, reached, frontier);
            ++tied;
            any = true;
        }
        if (!any) break;
    }
    return tied;
}

}  // namespace lanner
