// Whether an index is what it should be: of a file what checksums cannot tell, of an index in use every invariant.
#include <algorithm>
#include <limits>

#include "graph/repair.hpp"
#include "index/write_guard.hpp"

namespace lanner {
namespace {

[[noreturn]] void refuse_graph(unsigned layer, Slot slot, const std::string& why) {
    refuse_section(layer == 0 ? "graph.ground" : "graph.upper",
                   "node " + std::to_string(slot) + " on layer " + std::to_string(layer) + " " + why);
}

}  // namespace

// What checksums cannot tell: that the values make sense.
void Index::Impl::check_contents() const {
    for (std::size_t at = 0; at < slots_; ++at) {
        if (live_[at] == 0) continue;
        const auto slot = static_cast<Slot>(at);
        store_.check_slot(slot);
        if (aids_) aids_->check_slot(slot, store_);
        const Slot found = ids_.kind() == IdKind::kString ? ids_.find(ids_.text(slot)) : ids_.find(ids_.integer(slot));
        if (found != slot)
            refuse_section(ids_.kind() == IdKind::kString ? "ids.text" : "ids.table",
                           "the id of slot " + std::to_string(at) + " is not found");
    }
}

// How many twins hang from a node.
std::size_t Index::Impl::check_ring(Slot node) const {
    std::size_t twins = 0;
    for (Slot each = layers_->next_twin(node); each != node; each = layers_->next_twin(each), ++twins) {
        const bool sound = layers_->is_twin(each) && live_[each] != 0 && layers_->neighbours(0, each).empty() &&
                           store_.same(node, each);
        if (!sound || twins == slots_)
            refuse_section("graph.twins", "the ring of node " + std::to_string(node) + " is broken");
    }
    return twins;
}

// Generated ids must be new.
void Index::Impl::check_next_id() const {
    if (ids_.kind() != IdKind::kInt || ids_.next_generated() == std::numeric_limits<std::int64_t>::max()) return;
    for (std::size_t at = 0; at < slots_; ++at) {
        if (live_[at] != 0 && ids_.integer(static_cast<Slot>(at)) >= ids_.next_generated()) {
            refuse_section("config", "its next id is not above every id");
        }
    }
}

// Of the graph, as far as changes to it rely on it: whether every node is reached is for the caller to judge.
GraphFigures Index::Impl::check_graph() const {
    GraphFigures figures;
    figures.nodes = ids_.size();
    if (!layers_) return figures;
    figures.levels = layers_->top();
    if (layers_->empty() != (ids_.size() == 0)) refuse_section("config", "the graph has no entry point");
    if (!layers_->empty() && live_[layers_->entry()] == 0)
        refuse_section("config", "the graph's entry point is not live");
    if (!layers_->blocks_in_order())
        refuse_section("graph.upper_first", "it does not give every slot the blocks of its own");
    std::vector<Slot> sorted;
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto slot = static_cast<Slot>(at);
        if (live_[slot] == 0 && layers_->twin_entry(slot) != 0)
            refuse_section("graph.twins", "slot " + std::to_string(at) + " is in a ring and not live");
        for (unsigned layer = 0; layer <= layers_->level(slot); ++layer) {
            if (layers_->places(layer, slot).empty()) refuse_graph(layer, slot, "has no block");
            const std::span<const Slot> neighbours = layers_->neighbours(layer, slot);
            if (live_[slot] == 0 && !neighbours.empty()) refuse_graph(layer, slot, "has neighbours and is not live");
            for (const Slot place : layers_->places(layer, slot).subspan(neighbours.size())) {
                if (place != slot) refuse_graph(layer, slot, "has a neighbour behind its end");
            }
            for (const Slot next : neighbours) {
                if (next >= slots_ || live_[next] == 0) refuse_graph(layer, slot, "points at no live node");
                if (layers_->level(next) < layer) refuse_graph(layer, slot, "points at a node of a lower level");
            }
            sorted.assign(neighbours.begin(), neighbours.end());
            std::sort(sorted.begin(), sorted.end());
            if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
                refuse_graph(layer, slot, "has a neighbour twice");
            if (layer == 0) figures.edges += neighbours.size();
        }
    }
    const std::vector<std::uint8_t> reached = reachable(*layers_);
    std::size_t twins = 0;
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto node = static_cast<Slot>(at);
        if (layers_->is_twin(node)) ++twins;
        if (live_[node] != 0 && reached[node] != 0) figures.reachable += 1 + check_ring(node);
    }
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto node = static_cast<Slot>(at);
        if (!layers_->is_twin(node) && layers_->next_twin(node) != node) twins -= std::min(twins, check_ring(node));
    }
    if (twins != 0) refuse_section("graph.twins", "a twin hangs from no node");
    return figures;
}

// Marks, free slots, ids and attributes say the same about which slots hold an item.
void Index::Impl::check_bookkeeping() const {
    const auto require = [](bool sound, const char* section, std::size_t slot, const char* why) {
        if (!sound) refuse_section(section, "slot " + std::to_string(slot) + " " + why);
    };
    std::vector<std::uint8_t> is_free(slots_, 0);
    for (const Slot slot : free_) {
        require(slot < slots_ && is_free[slot] == 0, "live", slot, "is free twice, or is none");
        is_free[slot] = 1;
    }
    if (!std::is_heap(free_.begin(), free_.end(), comes_later())) refuse_section("live", "free slots are in disorder");
    if (live_.size() < slots_ || live_words_.size() < SlotSet::word_count(live_.size()))
        refuse_section("live", "it has fewer marks than slots");
    std::size_t items = 0;
    std::vector<Slot> empty;
    for (std::size_t at = 0; at < live_.size(); ++at) {
        const auto slot = static_cast<Slot>(at);
        const bool marked = live_[at] != 0;
        require(live_[at] <= 1 && marked == ((live_words_[at / 64] >> (at % 64) & 1) != 0), "live", at,
                "is marked in two ways");
        if (at >= slots_) {
            require(!marked, "live", at, "is live and was never opened");
            continue;
        }
        require(marked == (is_free[at] == 0), "live", at, marked ? "is live and free" : "is neither live nor free");
        items += live_[at];
        if (marked) continue;
        empty.push_back(slot);
        if (ids_.kind() == IdKind::kString) require(ids_.text(slot).empty(), "ids.text", at, "has an id and is free");
        if (ids_.kind() == IdKind::kInt) require(ids_.integer(slot) == 0, "ids", at, "has an id and is free");
    }
    if (items != ids_.size()) refuse_section("live", "it does not mark as many slots as there are ids");
    if (!ids_.table_sound()) refuse_section("ids.table", "it does not name every item once");
    if (attributes_.empty()) return;
    for (const OwnedColumn& column : attributes_.get(empty, {})) {
        const auto value =
            std::find_if(column.valid.begin(), column.valid.end(), [](std::uint8_t any) { return any != 0; });
        require(value == column.valid.end(), "attr.schema",
                value == column.valid.end() ? 0 : empty[static_cast<std::size_t>(value - column.valid.begin())],
                ("has a value of column '" + column.name + "' and is free").c_str());
    }
}

GraphFigures Index::Impl::validate() const {
    const WriterGuard guard(*this);
    check_bookkeeping();
    check_contents();
    check_next_id();
    const GraphFigures figures = check_graph();
    if (layers_ && !layers_->incoming_sound())
        refuse_section("graph.ground", "what is kept of who points at whom is not what its lists say");
    if (layers_ && figures.reachable != figures.nodes) {
        refuse_section("graph.ground", "of " + std::to_string(figures.nodes) + " items only " +
                                           std::to_string(figures.reachable) + " are reached from the entry point");
    }
    return figures;
}

}  // namespace lanner
