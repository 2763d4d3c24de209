#include "graph/build.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/thread_pool.hpp"
#include "graph/select.hpp"

namespace lanner {
namespace {

// A batch grows with the graph, so that early rows are not blind to one another's surroundings.
constexpr std::size_t kLargestBatch = 384;
constexpr std::size_t kGraphPerBatch = 2;

void score_again(std::vector<Candidate>& candidates, Scorer& scorer) {
    std::vector<Slot> slots;
    slots.reserve(candidates.size());
    for (const Candidate& each : candidates) slots.push_back(each.slot);
    std::vector<float> distances(slots.size());
    scorer.score(slots.data(), slots.size(), distances.data());
    for (std::size_t i = 0; i < slots.size(); ++i) candidates[i].distance = distances[i];
    drop_nan(candidates);
    std::sort(candidates.begin(), candidates.end(), nearer);
}

}  // namespace

// What a row of the batch is linked to, by layer.
struct Builder::Found {
    std::vector<std::vector<Candidate>> layers;
    Slot twin_of = kNoSlot;  // the node that has the same vector; there are no layers then
};

// What one worker needs. Where rows are looked for by codes, true distances take a scorer of their own.
struct Builder::Scratch {
    Scratch(const Codec& codec, const Codec& quick)
        : traverse(quick), own(&codec == &quick ? nullptr : codec.make_scorer()) {}
    Scorer& scorer() noexcept { return own ? *own : *traverse.scorer; }

    TraverseScratch traverse;
    std::unique_ptr<Scorer> own;
};

// Rows that want an edge from `target` on `layer`.
struct Builder::Links {
    unsigned layer = 0;
    Slot target = 0;
    std::vector<Candidate> sources;
};

Slot highest(const Layers& layers, std::span<const Slot> slots) {
    Slot best = kNoSlot;
    for (const Slot slot : slots) {
        if (best == kNoSlot || layers.level(slot) > layers.level(best) ||
            (layers.level(slot) == layers.level(best) && slot < best)) {
            best = slot;
        }
    }
    return best;
}

Builder::Builder(Layers& layers, const Codec& codec, const Codec& quick, const BuildOptions& options)
    : layers_(layers), codec_(codec), quick_(quick), options_(options) {
    scratch_.resize(options_.threads);
}

Builder::~Builder() = default;

Builder::Scratch& Builder::scratch_of(std::size_t worker) {
    if (!scratch_[worker]) scratch_[worker] = std::make_unique<Scratch>(codec_, quick_);
    return *scratch_[worker];
}

void Builder::insert(std::span<const Slot> slots, std::size_t in_graph, const Committed& committed, GraphEdit& edit) {
    if (Layers::is_bulk(slots.size(), layers_.slots())) edit.forget_incoming();
    for (std::size_t done = 0; done < slots.size();) {
        const std::size_t batch =
            std::min({slots.size() - done, kLargestBatch, std::max<std::size_t>(1, in_graph / kGraphPerBatch)});
        insert_batch(slots.subspan(done, batch), done, committed, edit);
        done += batch;
        in_graph += batch;
        if (options_.poll) options_.poll(done);
    }
}

// Rows of a batch that repeat an earlier one of it become its twins before anything is searched.
void Builder::pair_twins(std::span<const Slot> batch, std::vector<Found>& found) const {
    std::unordered_map<std::uint64_t, std::vector<Slot>> firsts;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        std::vector<Slot>& alike = firsts[codec_.fingerprint(batch[i])];
        const auto equal =
            std::find_if(alike.begin(), alike.end(), [&](Slot slot) { return codec_.same(slot, batch[i]); });
        if (equal != alike.end()) {
            found[i].twin_of = *equal;
        } else {
            alike.push_back(batch[i]);
        }
    }
}

// A node of the graph with the same vector, among the nearest; rounding may put others before it.
Slot Builder::twin_among(Slot slot, const std::vector<Candidate>& nearest) const {
    constexpr std::size_t kLooked = 8;
    for (std::size_t i = 0; i < std::min(kLooked, nearest.size()); ++i) {
        if (codec_.same(slot, nearest[i].slot)) return nearest[i].slot;
    }
    return kNoSlot;
}

void Builder::find_neighbours(Slot slot, std::span<const Slot> batch, Scratch& own, Found& found) const {
    const unsigned level = layers_.level(slot);
    found.layers.resize(level + 1);
    TraverseScratch& scratch = own.traverse;
    Scorer& scorer = own.scorer();
    scratch.scorer->bind_slot(slot);
    std::vector<Slot> others;
    others.reserve(batch.size());
    for (const Slot other : batch) {
        if (other != slot) others.push_back(other);
    }
    std::vector<float> distances(others.size());
    scratch.scorer->score(others.data(), others.size(), distances.data());

    const unsigned top = layers_.top();
    Slot start = descend(layers_, std::min(level, top), scratch);
    std::vector<Candidate> candidates;
    for (unsigned layer = level + 1; layer-- > 0;) {
        if (start != kNoSlot && layer <= top) {
            search_layer(layers_, layer, start, options_.ef_construction, scratch);
            if (scratch.beam.size() > 0) start = scratch.beam[0].slot;
        } else {
            scratch.beam.reset(options_.ef_construction);
        }
        for (std::size_t i = 0; i < others.size(); ++i) {
            if (layer == 0 || layers_.level(others[i]) >= layer) scratch.beam.offer(distances[i], others[i]);
        }
        scratch.beam.copy_to(candidates);
        if (own.own) {
            scorer.bind_slot(slot);
            score_again(candidates, scorer);
        }
        if (layer == 0) {
            found.twin_of = twin_among(slot, candidates);
            if (found.twin_of != kNoSlot) {
                found.layers.clear();
                return;
            }
        }
        select_neighbours(candidates, layers_.width(layer) / (layer == 0 ? 2 : 1), scorer, found.layers[layer]);
        scratch.scorer->bind_slot(slot);
    }
}

std::vector<Builder::Links> Builder::gather_links(std::span<const Slot> batch, const std::vector<Found>& found) const {
    struct Link {
        unsigned layer;
        Slot target;
        Candidate source;
    };
    std::vector<Link> links;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        for (unsigned layer = 0; layer < found[i].layers.size(); ++layer) {
            for (const Candidate& each : found[i].layers[layer])
                links.push_back({layer, each.slot, {each.distance, batch[i]}});
        }
    }
    std::sort(links.begin(), links.end(), [](const Link& left, const Link& right) {
        if (left.layer != right.layer) return left.layer < right.layer;
        if (left.target != right.target) return left.target < right.target;
        return left.source.slot < right.source.slot;
    });
    std::vector<Links> grouped;
    for (const Link& link : links) {
        if (grouped.empty() || grouped.back().layer != link.layer || grouped.back().target != link.target) {
            grouped.push_back({link.layer, link.target, {}});
        }
        grouped.back().sources.push_back(link.source);
    }
    return grouped;
}

// The target's neighbours with the sources among them, pruned if they do not all fit.
void Builder::merge(const Links& links, const std::vector<EdgeList>& own, Scorer& scorer, EdgeList& out,
                    std::vector<Slot>& dropped) const {
    out.layer = links.layer;
    out.slot = links.target;
    // A row of the same batch has its own choice of neighbours, which the graph does not hold yet.
    const auto chosen = std::lower_bound(own.begin(), own.end(), out, [](const EdgeList& left, const EdgeList& right) {
        return left.layer != right.layer ? left.layer < right.layer : left.slot < right.slot;
    });
    if (chosen != own.end() && chosen->layer == out.layer && chosen->slot == out.slot) {
        out.neighbours = chosen->neighbours;
    } else {
        const auto present = layers_.neighbours(links.layer, links.target);
        out.neighbours.assign(present.begin(), present.end());
    }
    join_neighbours(links.target, links.sources, layers_.width(links.layer), scorer, out.neighbours, dropped);
    if (links.layer > 0) dropped.clear();
}

void Builder::insert_batch(std::span<const Slot> batch, std::size_t done, const Committed& committed, GraphEdit& edit) {
    std::function<void()> poll;
    if (options_.poll) poll = [&] { options_.poll(done); };

    std::vector<Found> found(batch.size());
    pair_twins(batch, found);
    std::vector<Slot> distinct;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (found[i].twin_of != kNoSlot) continue;
        distinct.push_back(batch[i]);
        places.push_back(i);
    }
    parallel_for(
        distinct.size(), 1, options_.threads,
        [&](std::size_t begin, std::size_t, std::size_t worker) {
            find_neighbours(distinct[begin], distinct, scratch_of(worker), found[places[begin]]);
        },
        poll);

    GraphChange change;
    change.entry = layers_.entry();
    std::unordered_map<Slot, Slot> twin_of;  // of rows that were found to repeat a node
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Slot node = found[i].twin_of;
        if (node == kNoSlot) continue;
        if (const auto known = twin_of.find(node); known != twin_of.end()) node = known->second;
        twin_of.emplace(batch[i], node);
        change.twins.push_back({node, batch[i]});
    }
    // Edges that others of the batch meant for a row that turned out a twin go to nobody.
    for (Found& each : found) {
        for (std::vector<Candidate>& layer : each.layers) {
            std::erase_if(layer,
                          [&](const Candidate& candidate) { return twin_of.find(candidate.slot) != twin_of.end(); });
        }
    }

    std::vector<EdgeList>& own = change.lists;  // by layer, then slot
    for (std::size_t i = 0; i < batch.size(); ++i) {
        for (unsigned layer = 0; layer < found[i].layers.size(); ++layer) {
            EdgeList list{layer, batch[i], {}};
            for (const Candidate& each : found[i].layers[layer]) list.neighbours.push_back(each.slot);
            own.push_back(std::move(list));
        }
    }
    std::sort(own.begin(), own.end(), [](const EdgeList& left, const EdgeList& right) {
        return left.layer != right.layer ? left.layer < right.layer : left.slot < right.slot;
    });

    const std::vector<Links> links = gather_links(batch, found);
    std::vector<EdgeList> lists(links.size());
    std::vector<std::vector<Slot>> dropped(links.size());
    parallel_for(
        links.size(), 8, options_.threads,
        [&](std::size_t begin, std::size_t end, std::size_t worker) {
            for (std::size_t i = begin; i < end; ++i)
                merge(links[i], own, scratch_of(worker).scorer(), lists[i], dropped[i]);
        },
        poll);
    if (options_.tell_dropped) {
        for (const std::vector<Slot>& each : dropped) dropped_.insert(dropped_.end(), each.begin(), each.end());
    }

    std::erase_if(distinct, [&](Slot slot) { return twin_of.find(slot) != twin_of.end(); });
    const Slot candidate = highest(layers_, distinct);
    if (candidate != kNoSlot && (change.entry == kNoSlot || layers_.level(candidate) > layers_.level(change.entry))) {
        change.entry = candidate;
    }
    // A row's own choice first, then what the merge made of it.
    own.insert(own.end(), std::make_move_iterator(lists.begin()), std::make_move_iterator(lists.end()));
    edit.apply(change, [&] { committed(done, done + batch.size()); });
}

}  // namespace lanner
