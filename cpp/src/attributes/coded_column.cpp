#include "attributes/coded_column.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/utf8.hpp"

namespace lanner {

const Postings& CodedColumn::postings() const {
    return postings_.get([&] {
        if (!dictionary_.has_table() && !dictionary_.build_table())
            refuse_section("attributes", "a value of column " + quoted(spec_.name) + " stands twice");
        return make_postings();
    });
}

Code CodedColumn::acquire(std::string_view text) {
    if (!dictionary_.has_table() && !dictionary_.build_table())
        refuse_section("attributes", "a value of column " + quoted(spec_.name) + " stands twice");
    return dictionary_.acquire(text);
}

Code CodedColumn::find(std::string_view text) const {
    postings();
    return dictionary_.find(text);
}

void CodedColumn::normalise(std::vector<Code>& codes) {
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    if (!codes.empty() && codes.front() == kNoCode) codes.erase(codes.begin());
}

Selection CodedColumn::any_of(std::span<const Code> codes, std::size_t slots) const {
    const Postings& postings = this->postings();
    std::size_t count = 0;
    for (const Code code : codes) count += postings.count(code);
    Selection selection(slots, count);
    for (const Code code : codes) postings.collect(code, selection);
    selection.finish();
    return selection;
}

void CodedColumn::link(Code code, Slot slot) noexcept {
    Postings* const postings = postings_.made();
    if (postings == nullptr || code == kNoCode) return;
    try {
        postings->add(code, slot);
    } catch (...) {
        postings_.drop();
    }
}

void CodedColumn::unlink(Code code, Slot slot) noexcept {
    if (Postings* const postings = postings_.made(); postings != nullptr && code != kNoCode)
        postings->remove(code, slot);
}

Code CodedColumn::Numbering::number(Code code) {
    if (code == kNoCode) return kNoCode;
    if (numbers_[code] == kNoCode) {
        order_.push_back(code);
        numbers_[code] = static_cast<Code>(order_.size());
    }
    return numbers_[code];
}

void CodedColumn::save_values(SectionWriter& writer, const std::string& prefix, const Numbering& numbering) const {
    writer.begin(prefix + "ends");
    std::uint64_t end = 0;
    writer.write(&end, sizeof end);
    for (const Code code : numbering.order()) {
        end += dictionary_.text(code).size();
        writer.write(&end, sizeof end);
    }
    writer.end();
    writer.begin(prefix + "text");
    for (const Code code : numbering.order()) {
        const std::string_view text = dictionary_.text(code);
        writer.write(text.data(), text.size());
    }
    writer.end();
}

void CodedColumn::load_values(const SectionReader& reader, const std::string& prefix) {
    const std::string name = prefix + "ends";
    const std::span<std::byte> ends = reader.section(name);
    const std::span<std::byte> text = reader.section(prefix + "text");
    std::uint64_t begin = 1;
    if (ends.size() >= sizeof begin) std::memcpy(&begin, ends.data(), sizeof begin);
    if (ends.size() % sizeof begin != 0 || begin != 0) refuse_section(name, "it does not begin at 0");
    const std::size_t count = ends.size() / sizeof begin - 1;
    if (count >= std::numeric_limits<Code>::max()) refuse_section(name, "it has too many values");
    const bool integers = spec_.type == ColumnType::kInt64List;
    for (std::size_t at = 1; at <= count; ++at) {
        std::uint64_t end = 0;
        std::memcpy(&end, ends.data() + at * sizeof end, sizeof end);
        if (end < begin || end > text.size() || end - begin > std::numeric_limits<std::uint32_t>::max())
            refuse_section(name, "the values do not lie one behind another");
        const std::string_view value(reinterpret_cast<const char*>(text.data()) + begin,
                                     static_cast<std::size_t>(end - begin));
        if (integers && value.size() != sizeof(std::int64_t)) refuse_section(name, "an integer has not eight bytes");
        if (!integers && !is_utf8(value)) refuse_section(prefix + "text", "a value is not UTF-8");
        dictionary_.append(value);
        begin = end;
    }
    if (begin != text.size()) refuse_section(prefix + "text", "it is longer than its values");
}

void CodedColumn::load_code(Code code, const std::string& section) {
    if (code >= dictionary_.code_end() || code > loaded_ + 1) refuse_section(section, "a code is out of range");
    loaded_ = std::max(loaded_, code);
    if (code != kNoCode) dictionary_.acquire(code);
}

void CodedColumn::finish_load(const std::string& section) const {
    if (loaded_ + 1 != dictionary_.code_end()) refuse_section(section, "it does not name every value");
}

std::size_t CodedColumn::coded_bytes() const noexcept {
    const Postings* const postings = postings_.made();
    return present_.memory_bytes() + dictionary_.memory_bytes() + (postings != nullptr ? postings->memory_bytes() : 0);
}

}  // namespace lanner
