#include "attributes/list_column.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "attributes/intervals.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Integers stand in the dictionary as their bytes.
std::string_view bytes_of(const std::int64_t& value) noexcept {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

void ListColumn::grow(std::size_t slots) {
    spans_.grow(slots);
    present_.grow(slots);
}

void ListColumn::stage(const BatchColumn& column, std::size_t row) {
    staged_.push_back({column.has(row), 0});
    if (!staged_.back().has) return;
    for (std::size_t element = column.begin(row); element < column.end(row); ++element) {
        staged_codes_.push_back(kNoCode);
        ++staged_.back().count;
        if (spec_.type == ColumnType::kStringList) {
            staged_codes_.back() = acquire(column.text(element));
        } else {
            const std::int64_t value = column.integer(element);
            staged_codes_.back() = acquire(bytes_of(value));
        }
    }
    reserve();
}

void ListColumn::stage_copy(Slot from) {
    staged_.push_back({present_.test(from), 0});
    for (const Code code : codes(from)) {
        staged_codes_.push_back(code);
        ++staged_.back().count;
        dictionary_.acquire(code);
    }
    reserve();
}

void ListColumn::reserve() {
    if (wasted_ > 4096 && wasted_ > items_.size() / 2) compact();
    const std::size_t needed = items_.size() + staged_codes_.size();
    if (needed > std::numeric_limits<std::uint32_t>::max())
        throw Error(ErrorKind::kInvalidArgument,
                    "column " + quoted(spec_.name) + " can hold 4 billion elements in all its lists, not more");
    if (needed > items_.capacity()) items_.reserve(std::max(needed, items_.capacity() + items_.capacity() / 8));
}

void ListColumn::compact() {
    std::vector<Code> fresh;
    fresh.reserve(items_.size() - wasted_ + staged_codes_.size());
    const std::size_t slots = present_.words().size() * 64;
    for (std::size_t at = 0; at < slots; ++at) {
        const auto slot = static_cast<Slot>(at);
        if (!present_.test(slot)) continue;
        const std::span<const Code> kept = codes(slot);
        spans_.as<Span>(slot)->begin = static_cast<std::uint32_t>(fresh.size());
        fresh.insert(fresh.end(), kept.begin(), kept.end());
    }
    items_ = std::move(fresh);
    wasted_ = 0;
}

void ListColumn::link_all(Slot slot) noexcept {
    for (const Code code : codes(slot)) link(code, slot);
}

void ListColumn::unlink_all(Slot slot) noexcept {
    for (const Code code : codes(slot)) unlink(code, slot);
}

void ListColumn::commit(Slot slot) noexcept {
    const Staged staged = staged_[committed_++];
    erase(slot);
    const auto first = staged_codes_.begin() + static_cast<std::ptrdiff_t>(committed_codes_);
    *spans_.as<Span>(slot) = {staged.count == 0 ? 0 : static_cast<std::uint32_t>(items_.size()), staged.count};
    items_.insert(items_.end(), first, first + staged.count);  // has the capacity
    committed_codes_ += staged.count;
    present_.assign(slot, staged.has);
    link_all(slot);
}

void ListColumn::unstage() noexcept {
    for (; committed_codes_ < staged_codes_.size(); ++committed_codes_) {
        if (staged_codes_[committed_codes_] != kNoCode) dictionary_.release(staged_codes_[committed_codes_]);
    }
    staged_.clear();
    staged_codes_.clear();
    committed_ = 0;
    committed_codes_ = 0;
}

void ListColumn::erase(Slot slot) noexcept {
    unlink_all(slot);
    for (const Code code : codes(slot)) dictionary_.release(code);
    wasted_ += spans_.as<Span>(slot)->count;
    *spans_.as<Span>(slot) = {0, 0};
    present_.assign(slot, false);
}

void ListColumn::move(Slot from, Slot to) noexcept {
    unlink_all(from);
    *spans_.as<Span>(to) = std::exchange(*spans_.as<Span>(from), Span{0, 0});
    present_.assign(to, present_.test(from));
    present_.assign(from, false);
    link_all(to);
}

void ListColumn::get(std::span<const Slot> slots, OwnedColumn& out) const {
    const bool strings = spec_.type == ColumnType::kStringList;
    std::int64_t count = 0;
    out.row_offsets.push_back(0);
    if (strings) out.text_offsets.push_back(0);
    for (const Slot slot : slots) {
        for (const Code code : present_.test(slot) ? codes(slot) : std::span<const Code>()) {
            const std::string_view text = dictionary_.text(code);
            if (strings) {
                out.text.append(text);
                out.text_offsets.push_back(static_cast<std::int64_t>(out.text.size()));
            } else {
                out.integers.push_back(0);
                std::memcpy(&out.integers.back(), text.data(), sizeof(std::int64_t));
            }
            ++count;
        }
        out.row_offsets.push_back(count);
    }
}

std::unique_ptr<Postings> ListColumn::make_postings() const {
    auto postings = std::make_unique<Postings>();
    const std::size_t slots = present_.words().size() * 64;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (!present_.test(static_cast<Slot>(slot))) continue;
        for (const Code code : codes(static_cast<Slot>(slot))) postings->add(code, static_cast<Slot>(slot));
    }
    return postings;
}

Code ListColumn::code_of(const FilterValue& value) const {
    if (spec_.type == ColumnType::kStringList) {
        if (const auto* const text = std::get_if<std::string>(&value)) return find(*text);
        refuse_value(value);
    }
    if (const auto* const integer = std::get_if<std::int64_t>(&value)) return find(bytes_of(*integer));
    const auto* const real = std::get_if<double>(&value);
    if (real == nullptr || std::isnan(*real)) refuse_value(value);
    const auto equal = interval_of(FilterOp::kEqual, bracket_integer(*real));
    return equal.empty() ? kNoCode : find(bytes_of(equal[0].low));
}

Condition ListColumn::compile(const Filter& filter) const {
    if (filter.op != FilterOp::kContains && filter.op != FilterOp::kContainsAny && filter.op != FilterOp::kContainsAll)
        refuse_op(filter);
    Condition condition;
    condition.all = filter.op == FilterOp::kContainsAll;
    for (const FilterValue& value : filter.values) {
        condition.codes.push_back(code_of(value));
        if (condition.codes.back() == kNoCode) condition.impossible = condition.all;
    }
    normalise(condition.codes);
    return condition;
}

Bounds ListColumn::estimate(const Condition& condition) const {
    const Postings& postings = this->postings();
    const std::size_t rows = present_.count();
    if (condition.impossible) return {0, 0};
    if (!condition.all) {
        std::size_t least = 0;
        std::size_t sum = 0;
        for (const Code code : condition.codes) {
            least = std::max(least, postings.count(code));
            sum += postings.count(code);
        }
        return {least, std::min(sum, rows)};
    }
    std::size_t most = rows;
    std::size_t lacking = 0;
    for (const Code code : condition.codes) {
        most = std::min(most, postings.count(code));
        lacking += rows - postings.count(code);
    }
    return {rows > lacking ? rows - lacking : 0, most};
}

Selection ListColumn::select(const Condition& condition, std::size_t slots) const {
    if (condition.impossible) return Selection(slots, 0);
    if (!condition.all) return any_of(condition.codes, slots);
    if (condition.codes.empty()) return Selection::of_words(present_.words(), slots);
    const Postings& postings = this->postings();
    std::vector<Code> rarest_first = condition.codes;
    std::sort(rarest_first.begin(), rarest_first.end(),
              [&](Code left, Code right) { return postings.count(left) < postings.count(right); });
    Selection selection = any_of(std::span(rarest_first).first(1), slots);
    for (const Code code : std::span(rarest_first).subspan(1)) {
        if (selection.is_list()) {
            selection.keep_if([&](Slot slot) { return matches(condition, slot); });
            break;
        }
        selection.intersect(any_of({&code, 1}, slots));
    }
    return selection;
}

bool ListColumn::matches(const Condition& condition, Slot slot) const noexcept {
    if (condition.impossible) return false;
    const std::span<const Code> row = codes(slot);
    if (condition.all) {
        return std::all_of(condition.codes.begin(), condition.codes.end(),
                           [&](Code code) { return std::find(row.begin(), row.end(), code) != row.end(); });
    }
    return std::any_of(row.begin(), row.end(), [&](Code code) {
        return std::binary_search(condition.codes.begin(), condition.codes.end(), code);
    });
}

std::size_t ListColumn::memory_bytes() const noexcept {
    return spans_.allocated_bytes() + items_.capacity() * sizeof(Code) + coded_bytes();
}

void ListColumn::save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const {
    save_present(writer, prefix, slots);
    writer.begin(prefix + "counts");
    for (std::size_t slot = 0; slot < slots; ++slot) writer.write(&spans_.as<Span>(slot)->count, sizeof(std::uint32_t));
    writer.end();
    Numbering numbering(dictionary_);
    writer.begin(prefix + "codes");
    for (std::size_t slot = 0; slot < slots; ++slot) {
        for (const Code each : codes(static_cast<Slot>(slot))) {
            const Code code = numbering.number(each);
            writer.write(&code, sizeof code);
        }
    }
    writer.end();
    save_values(writer, prefix, numbering);
}

void ListColumn::load(const SectionReader& reader, const std::string& prefix, std::size_t slots) {
    load_values(reader, prefix);
    grow(slots);
    load_present(reader, prefix, slots);
    const std::span<std::byte> counts = reader.section(prefix + "counts", std::uint64_t{slots} * sizeof(std::uint32_t));
    const std::string name = prefix + "codes";
    const std::span<std::byte> items = reader.section(name);
    if (items.size() % sizeof(Code) != 0 || items.size() / sizeof(Code) > std::numeric_limits<std::uint32_t>::max())
        refuse_section(name, "it has an impossible length");
    items_.resize(items.size() / sizeof(Code));
    if (!items_.empty()) std::memcpy(items_.data(), items.data(), items.size());
    std::size_t begin = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        std::uint32_t count = 0;
        std::memcpy(&count, counts.data() + slot * sizeof count, sizeof count);
        if (count > items_.size() - begin)
            refuse_section(prefix + "counts", "the lists have more elements than there are");
        if (count == 0) continue;
        if (!present_.test(static_cast<Slot>(slot)))
            refuse_section(prefix + "counts", "a row without a value has elements");
        *spans_.as<Span>(slot) = {static_cast<std::uint32_t>(begin), count};
        begin += count;
    }
    if (begin != items_.size()) refuse_section(prefix + "counts", "the lists have fewer elements than there are");
    for (const Code code : items_) {
        if (code == kNoCode) refuse_section(name, "a code is out of range");
        load_code(code, name);
    }
    finish_load(name);
}

}  // namespace lanner
