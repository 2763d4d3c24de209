#include "index/row_order.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace lanner {

void RowOrder::reserve(std::size_t places) {
    if (slots_.capacity() < places) slots_.reserve(std::max(places, slots_.capacity() * 2));
}

void RowOrder::append(std::size_t first, std::span<const Slot> slots) noexcept {
    const bool in_order = std::is_sorted(slots.begin(), slots.end());
    if (plain() && in_order) return;
    const std::size_t known = slots_.size();
    slots_.resize(first + slots.size());
    // What came while places and slots were the same.
    if (known < first)
        std::iota(slots_.begin() + static_cast<std::ptrdiff_t>(known), slots_.end(), static_cast<Slot>(known));
    std::copy(slots.begin(), slots.end(), slots_.begin() + static_cast<std::ptrdiff_t>(first));
}

void RowOrder::truncate(std::size_t places) noexcept {
    if (slots_.size() <= places) return;
    slots_.resize(places);
    for (std::size_t place = 0; place < places; ++place) {
        if (slots_[place] != place) return;
    }
    slots_.clear();
}

void RowOrder::save(SectionWriter& writer) const {
    if (!plain()) writer.write_section("order", slots_.data(), slots_.size() * sizeof(Slot));
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
