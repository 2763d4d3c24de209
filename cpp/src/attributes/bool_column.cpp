#include "attributes/bool_column.hpp"

#include <cstring>

namespace lanner {

void BoolColumn::grow(std::size_t slots) {
    truths_.grow(slots);
    present_.grow(slots);
}

void BoolColumn::stage(const BatchColumn& column, std::size_t row) {
    const bool has = column.has(row);
    staged_.push_back({has, has && column.truth(row)});
}

void BoolColumn::unstage() noexcept {
    staged_.clear();
    committed_ = 0;
}

void BoolColumn::set(Slot slot, Staged value) noexcept {
    present_.assign(slot, value.has);
    truths_.assign(slot, value.truth);
}

void BoolColumn::move(Slot from, Slot to) noexcept {
    set(to, {present_.test(from), truths_.test(from)});
    erase(from);
}

void BoolColumn::get(std::span<const Slot> slots, OwnedColumn& out) const {
    for (const Slot slot : slots) out.bools.push_back(truths_.test(slot) ? 1 : 0);
}

Condition BoolColumn::compile(const Filter& filter) const {
    if (filter.op != FilterOp::kEqual && filter.op != FilterOp::kNotEqual && filter.op != FilterOp::kIn)
        refuse_op(filter);
    Condition condition;
    condition.others = filter.op == FilterOp::kNotEqual;
    for (const FilterValue& value : filter.values) {
        const bool* const truth = std::get_if<bool>(&value);
        if (truth == nullptr) refuse_value(value);
        condition.truths[*truth ? 1 : 0] = true;
    }
    return condition;
}

Bounds BoolColumn::estimate(const Condition& condition) const {
    const std::size_t count =
        (condition.truths[1] ? truths_.count() : 0) + (condition.truths[0] ? present_.count() - truths_.count() : 0);
    return {count, count};
}

Selection BoolColumn::select(const Condition& condition, std::size_t slots) const {
    if (condition.truths[0] && condition.truths[1]) return Selection::of_words(present_.words(), slots);
    if (!condition.truths[0] && !condition.truths[1]) return Selection(slots, 0);
    Selection truths = Selection::of_words(truths_.words(), slots);
    if (condition.truths[0]) truths.complement(present_.words());
    return truths;
}

bool BoolColumn::matches(const Condition& condition, Slot slot) const noexcept {
    return condition.truths[truths_.test(slot) ? 1 : 0];
}

void BoolColumn::save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const {
    save_present(writer, prefix, slots);
    writer.write_section(prefix + "values", truths_.words().data(), (slots + 63) / 64 * sizeof(std::uint64_t));
}

void BoolColumn::load(const SectionReader& reader, const std::string& prefix, std::size_t slots) {
    grow(slots);
    load_present(reader, prefix, slots);
    const std::string name = prefix + "values";
    const std::span<std::byte> bytes = reader.section(name, (slots + 63) / 64 * sizeof(std::uint64_t));
    for (std::size_t slot = 0; slot < bytes.size() * 8; ++slot) {
        if ((std::to_integer<unsigned>(bytes[slot / 8]) >> (slot % 8) & 1U) == 0) continue;
        if (slot >= slots || !present_.test(static_cast<Slot>(slot)))
            refuse_section(name, "a row without a value is not 0");
        truths_.assign(static_cast<Slot>(slot), true);
    }
}

}  // namespace lanner
