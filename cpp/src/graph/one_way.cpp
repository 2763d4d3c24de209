#include "graph/one_way.hpp"

#include <new>

namespace lanner {

void OneWayEdges::add(std::size_t node, Slot source) {
    std::uint32_t link = free_;
    if (link != kNone) {
        free_ = links_[link].next;
    } else {
        if (links_.size() >= kNone) throw std::bad_alloc();
        // By an eighth: the number of edges hardly changes once the graph has its size.
        if (links_.size() == links_.capacity()) links_.reserve(links_.size() + links_.size() / 8 + 64);
        link = static_cast<std::uint32_t>(links_.size());
        links_.push_back({});
    }
    links_[link] = {source, first_[node]};
    first_[node] = link;
}

void OneWayEdges::drop(std::size_t node, Slot source) noexcept {
    std::uint32_t* at = &first_[node];
    while (*at != kNone && links_[*at].source != source) at = &links_[*at].next;
    if (*at == kNone) return;
    const std::uint32_t link = *at;
    *at = links_[link].next;
    links_[link].next = free_;
    free_ = link;
}

}  // namespace lanner
