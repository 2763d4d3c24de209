// Which slots hold items, which are free, and in what order both come.
#include <algorithm>

#include "index/impl.hpp"

namespace lanner {

void Index::Impl::reserve_exchanges(std::size_t places) {
    if (order_.reserve_exchanges(places)) std::make_heap(free_.begin(), free_.end(), comes_later());
}

std::vector<Slot> Index::Impl::live_slots() const {
    std::vector<Slot> slots;
    for (std::size_t at = 0; at < live_.size(); ++at) {
        if (live_[at] != 0) slots.push_back(static_cast<Slot>(at));
    }
    return slots;
}

std::vector<Slot> Index::Impl::live_in_order() const {
    if (order_.plain()) return live_slots();
    std::vector<Slot> slots;
    for (const Slot slot : order_.slots()) {
        if (live_[slot] != 0) slots.push_back(slot);
    }
    return slots;
}

std::vector<Slot> Index::Impl::in_order(const SlotSet& set) const {
    std::vector<Slot> slots;
    slots.reserve(set.count());
    if (order_.plain()) {
        set.for_each([&](Slot slot) { slots.push_back(slot); });
        return slots;
    }
    std::vector<bool> marked(order_.slots().size());
    set.for_each([&](Slot slot) { marked[slot] = true; });
    for (const Slot slot : order_.slots()) {
        if (marked[slot]) slots.push_back(slot);
    }
    return slots;
}

OwnedIds Index::Impl::ids_of(std::span<const Slot> slots) const {
    if (ids_.kind() == IdKind::kString) {
        std::vector<std::string> strings;
        strings.reserve(slots.size());
        for (const Slot slot : slots) strings.emplace_back(ids_.text(slot));
        return strings;
    }
    std::vector<std::int64_t> integers;
    integers.reserve(slots.size());
    for (const Slot slot : slots) integers.push_back(ids_.integer(slot));
    return integers;
}

void Index::Impl::set_live(Slot slot, bool live) noexcept {
    live_[slot] = live ? 1 : 0;
    const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
    live_words_[slot / 64] = live ? live_words_[slot / 64] | bit : live_words_[slot / 64] & ~bit;
    ++version_;
}

void Index::Impl::free_slot(Slot slot) noexcept {
    store_.erase(slot);
    if (aids_) aids_->erase(slot);
    attributes_.erase(slot);
    free_.push_back(slot);  // room was made before the change began
    std::push_heap(free_.begin(), free_.end(), comes_later());
}

}  // namespace lanner
