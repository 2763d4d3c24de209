#include "attributes/string_column.hpp"

#include <algorithm>
#include <utility>

namespace lanner {

void StringColumn::grow(std::size_t slots) {
    codes_.grow(slots);
    present_.grow(slots);
}

void StringColumn::stage(const BatchColumn& column, std::size_t row) {
    staged_.push_back(kNoCode);
    if (column.has(row)) staged_.back() = acquire(column.text(row));
}

void StringColumn::stage_copy(Slot from) {
    staged_.push_back(at(from));
    if (at(from) != kNoCode) dictionary_.acquire(at(from));
}

void StringColumn::unstage() noexcept {
    for (; committed_ < staged_.size(); ++committed_) {
        if (staged_[committed_] != kNoCode) dictionary_.release(staged_[committed_]);
    }
    staged_.clear();
    committed_ = 0;
}

void StringColumn::place(Slot slot, Code code) noexcept {
    *codes_.as<Code>(slot) = code;
    present_.assign(slot, code != kNoCode);
}

void StringColumn::replace(Slot slot, Code code) noexcept {
    const Code old = at(slot);
    if (old != kNoCode) {
        unlink(old, slot);
        dictionary_.release(old);
    }
    place(slot, code);
    link(code, slot);
}

void StringColumn::move(Slot from, Slot to) noexcept {
    const Code code = at(from);
    unlink(code, from);
    place(from, kNoCode);
    place(to, code);
    link(code, to);
}

void StringColumn::get(std::span<const Slot> slots, OwnedColumn& out) const {
    out.text_offsets.push_back(0);
    for (const Slot slot : slots) {
        if (present_.test(slot)) out.text.append(dictionary_.text(at(slot)));
        out.text_offsets.push_back(static_cast<std::int64_t>(out.text.size()));
    }
}

std::unique_ptr<Postings> StringColumn::make_postings() const {
    auto postings = std::make_unique<Postings>();
    const std::size_t slots = present_.words().size() * 64;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (present_.test(static_cast<Slot>(slot))) postings->add(at(static_cast<Slot>(slot)), static_cast<Slot>(slot));
    }
    return postings;
}

template <typename Test>
std::vector<Code> StringColumn::codes_where(const Test& test) const {
    std::vector<Code> codes;
    for (Code code = 1; code < dictionary_.code_end(); ++code) {
        if (dictionary_.used(code) && test(dictionary_.text(code))) codes.push_back(code);
    }
    return codes;
}

Condition StringColumn::compile(const Filter& filter) const {
    std::vector<std::string_view> wanted;
    for (const FilterValue& value : filter.values) {
        const std::string* const text = std::get_if<std::string>(&value);
        if (text == nullptr) refuse_value(value);
        wanted.push_back(*text);
    }
    Condition condition;
    switch (filter.op) {
        case FilterOp::kNotEqual:
            condition.others = true;
            [[fallthrough]];
        case FilterOp::kEqual:
        case FilterOp::kIn:
            for (const std::string_view text : wanted) condition.codes.push_back(find(text));
            normalise(condition.codes);
            break;
        case FilterOp::kLess:
            condition.codes = codes_where([&](std::string_view text) { return text < wanted[0]; });
            break;
        case FilterOp::kLessEqual:
            condition.codes = codes_where([&](std::string_view text) { return text <= wanted[0]; });
            break;
        case FilterOp::kGreater:
            condition.codes = codes_where([&](std::string_view text) { return text > wanted[0]; });
            break;
        case FilterOp::kGreaterEqual:
            condition.codes = codes_where([&](std::string_view text) { return text >= wanted[0]; });
            break;
        case FilterOp::kBetween:
            condition.codes =
                codes_where([&](std::string_view text) { return wanted[0] <= text && text <= wanted[1]; });
            break;
        case FilterOp::kStartsWith:
            condition.codes = codes_where([&](std::string_view text) { return text.starts_with(wanted[0]); });
            break;
        default:
            refuse_op(filter);
    }
    return condition;
}

Bounds StringColumn::estimate(const Condition& condition) const {
    const Postings& postings = this->postings();
    std::size_t count = 0;
    for (const Code code : condition.codes) count += postings.count(code);
    return {count, count};
}

Selection StringColumn::select(const Condition& condition, std::size_t slots) const {
    const std::size_t present = present_.count();
    if (estimate(condition).most <= present / 2) return any_of(condition.codes, slots);
    // Fewer rows have the other values.
    std::vector<Code> others;
    auto chosen = condition.codes.begin();
    for (Code code = 1; code < dictionary_.code_end(); ++code) {
        if (chosen != condition.codes.end() && *chosen == code) {
            ++chosen;
        } else {
            others.push_back(code);
        }
    }
    Selection rest = any_of(others, slots);
    rest.complement(present_.words());
    return rest;
}

bool StringColumn::matches(const Condition& condition, Slot slot) const noexcept {
    return std::binary_search(condition.codes.begin(), condition.codes.end(), at(slot));
}

std::size_t StringColumn::memory_bytes() const noexcept {
    return codes_.allocated_bytes() + codes_.adopted_bytes() + coded_bytes();
}

void StringColumn::save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const {
    Numbering numbering(dictionary_);
    writer.begin(prefix + "codes");
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const Code code = numbering.number(at(static_cast<Slot>(slot)));
        writer.write(&code, sizeof code);
    }
    writer.end();
    save_values(writer, prefix, numbering);
}

void StringColumn::load(const SectionReader& reader, const std::string& prefix, std::size_t slots) {
    load_values(reader, prefix);
    const std::string name = prefix + "codes";
    reader.read_rows(name, slots, codes_);
    present_.grow(slots);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const Code code = at(static_cast<Slot>(slot));
        load_code(code, name);
        present_.assign(static_cast<Slot>(slot), code != kNoCode);
    }
    finish_load(name);
}

}  // namespace lanner
