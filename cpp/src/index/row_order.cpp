#include "index/row_order.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace lanner {

void RowOrder::reserve(std::size_t places) {
    if (slots_.capacity() < places) slots_.reserve(std::max(places, slots_.capacity() * 2));
}

bool RowOrder::reserve_exchanges(std::size_t places) {
    reserve(places);
    if (places_.capacity() < places) places_.reserve(std::max(places, places_.capacity() * 2));
    if (places_.size() == slots_.size()) return false;
    places_.resize(slots_.size());
    for (std::size_t place = 0; place < slots_.size(); ++place) places_[slots_[place]] = static_cast<Slot>(place);
    return true;
}

void RowOrder::extend(std::size_t places) noexcept {
    const auto fill = [&](std::vector<Slot>& vector) {
        const std::size_t known = vector.size();
        if (known >= places) return;
        vector.resize(places);
        std::iota(vector.begin() + static_cast<std::ptrdiff_t>(known), vector.end(), static_cast<Slot>(known));
    };
    if (places_.size() == slots_.size() && places_.capacity() >= places) fill(places_);
    fill(slots_);
}

void RowOrder::exchange(Slot left, Slot right, std::size_t places) noexcept {
    extend(places);
    std::swap(slots_[places_[left]], slots_[places_[right]]);
    std::swap(places_[left], places_[right]);
}

void RowOrder::append(std::size_t first, std::span<const Slot> slots) noexcept {
    const bool in_order = std::is_sorted(slots.begin(), slots.end());
    if (plain() && in_order) return;
    // What came while places and slots were the same.
    extend(first + slots.size());
    std::copy(slots.begin(), slots.end(), slots_.begin() + static_cast<std::ptrdiff_t>(first));
    if (places_.size() < slots_.size()) return;
    for (std::size_t i = 0; i < slots.size(); ++i) places_[slots[i]] = static_cast<Slot>(first + i);
}

void RowOrder::truncate(std::size_t places) noexcept {
    slots_.resize(std::min(places, slots_.size()));
    places_.resize(std::min(places, places_.size()));
    if (!follows_slots()) return;
    slots_.clear();
    places_.clear();
}

bool RowOrder::follows_slots() const noexcept {
    for (std::size_t place = 0; place < slots_.size(); ++place) {
        if (slots_[place] != place) return false;
    }
    return true;
}

void RowOrder::save(SectionWriter& writer) const {
    if (!follows_slots()) writer.write_section("order", slots_.data(), slots_.size() * sizeof(Slot));
}

void RowOrder::load(const SectionReader& reader, std::size_t places) {
    if (!reader.has("order")) return;
    const std::span<std::byte> bytes = reader.section("order", places * sizeof(Slot));
    slots_.resize(places);
    if (places > 0) std::memcpy(slots_.data(), bytes.data(), bytes.size());
    std::vector<bool> seen(places);
    for (const Slot slot : slots_) {
        if (slot >= places || seen[slot]) refuse_section("order", "it does not name every slot once");
        seen[slot] = true;
    }
}

}  // namespace lanner
