#include "index/id_map.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "base/random.hpp"
#include "base/utf8.hpp"

namespace lanner {
namespace {

std::uint64_t hash(std::int64_t id) noexcept { return mix64(static_cast<std::uint64_t>(id) + 0x9e3779b97f4a7c15ULL); }

// FNV-1a, mixed once more because its low bits are weak.
std::uint64_t hash(std::string_view id) noexcept {
    std::uint64_t value = 0xcbf29ce484222325ULL;
    for (const char each : id) value = (value ^ static_cast<unsigned char>(each)) * 0x100000001b3ULL;
    return mix64(value);
}

// At most two thirds full.
std::size_t table_size_for(std::size_t ids) noexcept {
    return std::bit_ceil(std::max<std::size_t>(16, ids + ids / 2 + 1));
}

}  // namespace

IdMap::IdMap() : ids_(sizeof(std::int64_t)), table_(sizeof(Slot)) {}

bool IdMap::before(Slot left, Slot right) const noexcept {
    if (kind() == IdKind::kString) return text(left) < text(right);
    if (kind() == IdKind::kInt) return integer(left) < integer(right);
    return left < right;
}

std::uint64_t IdMap::hash_of(Slot slot) const noexcept {
    return kind() == IdKind::kString ? hash(text(slot)) : hash(integer(slot));
}

template <typename Id>
Slot IdMap::find_by(std::uint64_t hash, Id id) const noexcept {
    const std::size_t size = table_size();
    for (std::size_t probe = 0; probe < size; ++probe) {
        const Slot slot = *table_.as<Slot>((hash + probe) & table_mask_);
        if (slot == kNoSlot) return kNoSlot;
        if (slot >= slots_) continue;
        if constexpr (std::is_same_v<Id, std::int64_t>) {
            if (integer(slot) == id) return slot;
        } else {
            if (text(slot) == id) return slot;
        }
    }
    return kNoSlot;
}

Slot IdMap::find(std::int64_t id) const noexcept { return kind() == IdKind::kInt ? find_by(hash(id), id) : kNoSlot; }

Slot IdMap::find(std::string_view id) const noexcept {
    return kind() == IdKind::kString ? find_by(hash(id), id) : kNoSlot;
}

void IdMap::insert(Slot slot) noexcept {
    std::size_t at = hash_of(slot) & table_mask_;
    while (*table_.as<Slot>(at) != kNoSlot) at = (at + 1) & table_mask_;
    *table_.as<Slot>(at) = slot;
}

void IdMap::rebuild(std::size_t table_size) {
    PagedRows fresh(sizeof(Slot));
    fresh.grow(table_size);
    for (std::size_t at = 0; at < table_size; ++at) *fresh.as<Slot>(at) = kNoSlot;
    const PagedRows old = std::move(table_);
    const std::size_t old_size = old.capacity() == 0 ? 0 : table_mask_ + 1;
    table_ = std::move(fresh);
    table_mask_ = table_size - 1;
    for (std::size_t at = 0; at < old_size; ++at) {
        const Slot slot = *old.as<Slot>(at);
        if (slot < slots_) insert(slot);
    }
}

void IdMap::reserve(IdKind kind, std::size_t slots, std::size_t more) {
    const std::size_t wanted = table_size_for(size_ + more);
    if (wanted > table_size()) rebuild(wanted);
    if (kind == IdKind::kString) {
        if (slots > strings_.size()) strings_.resize(std::max(slots, strings_.size() + strings_.size() / 2));
    } else {
        ids_.grow(slots);
    }
    slots_ = std::max(slots_, slots);
}

void IdMap::assign(Slot slot, std::int64_t id) noexcept {
    *ids_.as<std::int64_t>(slot) = id;
    insert(slot);
    ++size_;
    if (id >= next_) next_ = id == std::numeric_limits<std::int64_t>::max() ? id : id + 1;
}

void IdMap::assign(Slot slot, std::string&& id) noexcept {
    strings_[slot] = std::move(id);
    insert(slot);
    ++size_;
}

// Linear probing without tombstones: later entries of the run move up into the hole (Knuth 6.4, algorithm R).
void IdMap::unlink(Slot slot) noexcept {
    const std::size_t size = table_size();
    std::size_t hole = hash_of(slot) & table_mask_;
    std::size_t probes = 0;
    while (*table_.as<Slot>(hole) != slot) {
        if (*table_.as<Slot>(hole) == kNoSlot || ++probes == size) return;
        hole = (hole + 1) & table_mask_;
    }
    for (std::size_t at = (hole + 1) & table_mask_; *table_.as<Slot>(at) != kNoSlot; at = (at + 1) & table_mask_) {
        if (at == hole) break;
        if (*table_.as<Slot>(at) >= slots_) continue;
        const std::size_t home = hash_of(*table_.as<Slot>(at)) & table_mask_;
        // It may move unless its home lies cyclically between the hole (not counted) and its place.
        const bool stays = hole < at ? home > hole && home <= at : home > hole || home <= at;
        if (stays) continue;
        *table_.as<Slot>(hole) = *table_.as<Slot>(at);
        hole = at;
    }
    *table_.as<Slot>(hole) = kNoSlot;
    --size_;
}

void IdMap::erase(Slot slot) noexcept {
    unlink(slot);
    if (kind() == IdKind::kString) {
        strings_[slot].clear();
    } else {
        *ids_.as<std::int64_t>(slot) = 0;
    }
}

void IdMap::move(Slot from, Slot to) noexcept {
    unlink(from);
    if (kind() == IdKind::kString) {
        strings_[to] = std::exchange(strings_[from], std::string());
    } else {
        *ids_.as<std::int64_t>(to) = std::exchange(*ids_.as<std::int64_t>(from), 0);
    }
    insert(to);
    ++size_;
}

void IdMap::swap(IdMap& other) noexcept {
    const IdKind mine = kind();
    set_kind(other.kind());
    other.set_kind(mine);
    std::swap(slots_, other.slots_);
    std::swap(size_, other.size_);
    std::swap(next_, other.next_);
    std::swap(ids_, other.ids_);
    std::swap(strings_, other.strings_);
    std::swap(filed_ends_, other.filed_ends_);
    std::swap(filed_text_, other.filed_text_);
    std::swap(filed_owner_, other.filed_owner_);
    std::swap(table_, other.table_);
    std::swap(table_mask_, other.table_mask_);
}

bool IdMap::table_sound() const noexcept {
    std::size_t entries = 0;
    for (std::size_t place = 0; place < table_size(); ++place) {
        const Slot slot = *table_.as<Slot>(place);
        if (slot == kNoSlot) continue;
        if (slot >= slots_) return false;
        ++entries;
    }
    return entries == size_;
}

std::size_t IdMap::memory_bytes() const noexcept {
    std::size_t bytes = ids_.allocated_bytes() + ids_.adopted_bytes() + table_.allocated_bytes() +
                        table_.adopted_bytes() + strings_.capacity() * sizeof(std::string) + filed_ends_.size() +
                        filed_text_.size();
    for (const std::string& each : strings_) {
        if (each.capacity() > 15) bytes += each.capacity() + 1;  // longer ones live outside the string object
    }
    return bytes;
}

void IdMap::save(SectionWriter& writer, std::size_t slots, const std::vector<std::uint8_t>& live) const {
    if (kind() == IdKind::kNone) return;
    if (kind() == IdKind::kString) {
        std::vector<std::uint64_t> ends{0};
        for (std::size_t slot = 0; slot < slots; ++slot)
            ends.push_back(ends.back() + text(static_cast<Slot>(slot)).size());
        writer.write_section("ids.ends", ends.data(), ends.size() * sizeof(std::uint64_t));
        writer.begin("ids.text");
        for (std::size_t slot = 0; slot < slots; ++slot) {
            const std::string_view id = text(static_cast<Slot>(slot));
            writer.write(id.data(), id.size());
        }
        writer.end();
    } else {
        writer.write_rows("ids", ids_, slots);
    }
    const std::vector<Slot> table = ordered_table(slots, live);
    writer.write_section("ids.table", table.data(), table.size() * sizeof(Slot));
}

// Laid out anew in slot order, so that a file does not depend on what the table went through.
std::vector<Slot> IdMap::ordered_table(std::size_t slots, const std::vector<std::uint8_t>& live) const {
    std::vector<Slot> table(table_size_for(size_), kNoSlot);
    for (std::size_t at = 0; at < slots; ++at) {
        if (live[at] == 0) continue;
        const auto slot = static_cast<Slot>(at);
        std::size_t place = hash_of(slot) & (table.size() - 1);
        while (table[place] != kNoSlot) place = (place + 1) & (table.size() - 1);
        table[place] = slot;
    }
    return table;
}

// Whatever the file says: within its text, and UTF-8.
std::string_view IdMap::filed_text(Slot slot) const noexcept {
    std::uint64_t ends[2];
    std::memcpy(ends, filed_ends_.data() + std::size_t{slot} * sizeof(std::uint64_t), sizeof ends);
    if (ends[0] > ends[1] || ends[1] > filed_text_.size()) return {};
    const std::string_view id(reinterpret_cast<const char*>(filed_text_.data()) + ends[0],
                              static_cast<std::size_t>(ends[1] - ends[0]));
    return is_utf8(id) ? id : std::string_view();
}

void IdMap::load(const SectionReader& reader, IdKind kind, std::size_t slots, std::size_t size,
                 const std::vector<std::uint8_t>& live, bool change, bool verify) {
    set_kind(kind);
    slots_ = slots;
    if (kind == IdKind::kNone) return;
    // Files of string ids had no table at first.
    const bool filed = kind == IdKind::kInt || reader.has("ids.table");
    if (filed) {
        table_mask_ = table_size_for(size) - 1;
        reader.read_rows("ids.table", table_size_for(size), table_);
    }
    if (kind == IdKind::kInt) {
        reader.read_rows("ids", slots, ids_);
        size_ = size;
        if (change) {
            table_ = PagedRows(sizeof(Slot));
            rebuild(table_size_for(size));
            for (std::size_t slot = 0; slot < slots; ++slot) {
                if (live[slot] != 0) insert(static_cast<Slot>(slot));
            }
        }
        return;
    }
    const std::span<std::byte> ends = reader.section("ids.ends", (std::uint64_t{slots} + 1) * sizeof(std::uint64_t));
    const std::span<std::byte> text = reader.section("ids.text");
    if (filed && !verify) {
        filed_ends_ = ends;
        filed_text_ = text;
        filed_owner_ = reader.owner();
        size_ = size;
        return;
    }
    table_ = PagedRows(sizeof(Slot));
    load_strings(ends, text, live, size);
    if (!filed || !verify) return;
    const std::span<std::byte> table = reader.section("ids.table");
    const std::vector<Slot> expected = ordered_table(slots, live);
    if (std::memcmp(table.data(), expected.data(), table.size()) != 0)
        refuse_section("ids.table", "it is not the table of these ids");
}

std::unique_ptr<IdMap> IdMap::thawed(const std::vector<std::uint8_t>& live) const {
    auto fresh = std::make_unique<IdMap>();
    fresh->set_kind(kind());
    fresh->slots_ = slots_;
    fresh->next_ = next_;
    fresh->load_strings(filed_ends_, filed_text_, live, size_);
    return fresh;
}

void IdMap::load_strings(std::span<const std::byte> ends, std::span<const std::byte> text,
                         const std::vector<std::uint8_t>& live, std::size_t size) {
    const auto end_of = [&](std::size_t place) {
        std::uint64_t end = 0;
        std::memcpy(&end, ends.data() + place * sizeof end, sizeof end);
        return end;
    };
    strings_.resize(slots_);
    rebuild(table_size_for(size));
    std::uint64_t begin = end_of(0);
    if (begin != 0) refuse_section("ids.ends", "it does not begin at 0");
    for (std::size_t slot = 0; slot < slots_; ++slot) {
        const std::uint64_t end = end_of(slot + 1);
        if (end < begin || end > text.size()) refuse_section("ids.ends", "the ids do not lie one behind another");
        strings_[slot].assign(reinterpret_cast<const char*>(text.data()) + begin,
                              static_cast<std::size_t>(end - begin));
        begin = end;
        if (!is_utf8(strings_[slot])) refuse_section("ids.text", "an id is not UTF-8");
        if (live[slot] == 0) continue;
        if (find(strings_[slot]) != kNoSlot) refuse_section("ids.text", "an id stands twice");
        insert(static_cast<Slot>(slot));
        ++size_;
    }
    if (begin != text.size()) refuse_section("ids.text", "it is longer than its ids");
}

}  // namespace lanner
