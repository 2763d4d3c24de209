#include "graph/edit.hpp"

#include <mutex>

namespace lanner {

GraphEdit::GraphEdit(Layers& layers, FairSharedMutex& mutex, bool remember)
    : layers_(layers), mutex_(mutex), remember_(remember), entry_before_(layers.entry()) {}

void GraphEdit::apply(const std::vector<EdgeList>& lists, Slot entry, const std::function<void()>& also) {
    if (remember_) {
        for (const EdgeList& list : lists) {
            if (before_.size() <= list.layer) before_.resize(list.layer + 1);
            auto& layer = before_[list.layer];
            if (layer.find(list.slot) != layer.end()) continue;
            const auto old = layers_.neighbours(list.layer, list.slot);
            layer.emplace(list.slot, std::vector<Slot>(old.begin(), old.end()));
        }
    }
    const std::lock_guard lock(mutex_);
    for (const EdgeList& list : lists) layers_.set(list.layer, list.slot, list.neighbours);
    layers_.set_entry(entry);
    if (also) also();
}

void GraphEdit::roll_back() {
    const std::lock_guard lock(mutex_);
    for (unsigned layer = 0; layer < before_.size(); ++layer) {
        for (const auto& [slot, neighbours] : before_[layer]) layers_.set(layer, slot, neighbours);
    }
    layers_.set_entry(entry_before_);
}

}  // namespace lanner
