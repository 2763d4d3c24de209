#include "graph/edit.hpp"

#include <mutex>
#include <utility>

namespace lanner {

GraphEdit::GraphEdit(Layers& layers, FairSharedMutex& mutex, bool remember)
    : layers_(layers), mutex_(mutex), remember_(remember), entry_before_(layers.entry()) {}

void GraphEdit::remember(const GraphChange& change) {
    for (const EdgeList& list : change.lists) {
        if (lists_before_.size() <= list.layer) lists_before_.resize(list.layer + 1);
        auto& layer = lists_before_[list.layer];
        if (layer.find(list.slot) != layer.end()) continue;
        const auto old = layers_.neighbours(list.layer, list.slot);
        layer.emplace(list.slot, std::vector<Slot>(old.begin(), old.end()));
    }
    const auto keep = [&](Slot slot) { twins_before_.try_emplace(slot, layers_.twin_entry(slot)); };
    for (const TwinLink& link : change.twins) {
        keep(link.node);
        keep(link.twin);
    }
    for (const Slot slot : change.loners) keep(slot);
    for (const std::vector<Slot>& ring : change.rings) {
        for (const Slot slot : ring) keep(slot);
    }
}

void GraphEdit::apply(const GraphChange& change, const std::function<void()>& also) {
    if (remember_) remember(change);
    const std::lock_guard lock(mutex_);
    for (const EdgeList& list : change.lists) layers_.set(list.layer, list.slot, list.neighbours);
    for (const TwinLink& link : change.twins) layers_.link_twin(link.node, link.twin);
    for (const Slot slot : change.loners) layers_.set_twin_entry(slot, 0);
    for (const std::vector<Slot>& ring : change.rings) {
        for (const Slot slot : ring) layers_.set_twin_entry(slot, 0);
        for (std::size_t i = ring.size(); i-- > 1;) layers_.link_twin(ring[0], ring[i]);
    }
    layers_.set_entry(change.entry);
    if (also) also();
}

void GraphEdit::take_incoming(std::unique_ptr<Layers::Incoming> incoming) {
    const std::lock_guard lock(mutex_);
    layers_.take_incoming(std::move(incoming));
}

void GraphEdit::forget_incoming() {
    const std::lock_guard lock(mutex_);
    layers_.forget_incoming();
}

void GraphEdit::roll_back(const std::function<void()>& also) {
    const std::lock_guard lock(mutex_);
    for (unsigned layer = 0; layer < lists_before_.size(); ++layer) {
        for (const auto& [slot, neighbours] : lists_before_[layer]) layers_.set(layer, slot, neighbours);
    }
    for (const auto& [slot, entry] : twins_before_) layers_.set_twin_entry(slot, entry);
    layers_.set_entry(entry_before_);
    if (also) also();
}

}  // namespace lanner
