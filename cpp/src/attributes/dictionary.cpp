#include "attributes/dictionary.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/random.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

std::uint64_t hash(std::string_view text) noexcept {
    std::uint64_t value = mix64(text.size() + 0x9e3779b97f4a7c15ULL);
    std::size_t at = 0;
    for (; at + 8 <= text.size(); at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        value = mix64(value ^ word);
    }
    std::uint64_t rest = 0;
    if (at < text.size()) std::memcpy(&rest, text.data() + at, text.size() - at);
    return mix64(value ^ rest);
}

// At most two thirds full.
std::size_t table_size_for(std::size_t values) noexcept {
    return std::bit_ceil(std::max<std::size_t>(16, values + values / 2 + 1));
}

}  // namespace

Code Dictionary::find(std::string_view wanted) const noexcept {
    if (table_.empty()) return kNoCode;
    for (std::size_t at = hash(wanted) & (table_.size() - 1);; at = (at + 1) & (table_.size() - 1)) {
        const Code code = table_[at];
        if (code == kNoCode || text(code) == wanted) return code;
    }
}

void Dictionary::link(Code code) noexcept {
    std::size_t at = hash(text(code)) & (table_.size() - 1);
    while (table_[at] != kNoCode) at = (at + 1) & (table_.size() - 1);
    table_[at] = code;
}

// Linear probing without tombstones: later entries of the run move up into the hole (Knuth 6.4, algorithm R).
void Dictionary::unlink(Code code) noexcept {
    const std::size_t mask = table_.size() - 1;
    std::size_t hole = hash(text(code)) & mask;
    while (table_[hole] != code) hole = (hole + 1) & mask;
    for (std::size_t at = (hole + 1) & mask; table_[at] != kNoCode; at = (at + 1) & mask) {
        const std::size_t home = hash(text(table_[at])) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        table_[hole] = table_[at];
        hole = at;
    }
    table_[hole] = kNoCode;
}

bool Dictionary::build_table() {
    std::vector<Code> fresh(table_size_for(used_ + used_ / 2 + 1), kNoCode);
    table_.swap(fresh);
    for (Code code = 1; code < code_end(); ++code) {
        if (!used(code)) continue;
        if (find(text(code)) != kNoCode) {
            // Half a table would be worse than none: what is not in it would be looked for in vain, and without end.
            table_.clear();
            return false;
        }
        link(code);
    }
    return true;
}

void Dictionary::compact() {
    std::vector<char> fresh;
    fresh.reserve(text_.size() - wasted_);
    for (Code code = 1; code < code_end(); ++code) {
        if (used(code)) fresh.insert(fresh.end(), text(code).begin(), text(code).end());
    }
    std::uint64_t begin = 0;
    for (Code code = 1; code < code_end(); ++code) {
        if (!used(code)) continue;
        entries_[code].begin = begin;
        begin += entries_[code].length;
    }
    text_ = std::move(fresh);
    wasted_ = 0;
}

Code Dictionary::acquire(std::string_view wanted) {
    if (const Code found = find(wanted); found != kNoCode) {
        acquire(found);
        return found;
    }
    if (wasted_ > 4096 && wasted_ > text_.size() / 2) compact();
    if (table_size_for(used_ + 1) > table_.size()) build_table();
    if (forgotten_ == kNoCode) {
        if (entries_.size() >= std::numeric_limits<Code>::max())
            throw Error(ErrorKind::kInvalidArgument, "a column can have 4 billion distinct values, not more");
        entries_.reserve(entries_.size() + 1 > entries_.capacity() ? entries_.size() * 3 / 2 + 1 : 0);
    }
    const std::uint64_t begin = text_.size();
    text_.insert(text_.end(), wanted.begin(), wanted.end());
    Code code = forgotten_;
    if (code == kNoCode) {
        code = code_end();
        entries_.push_back({});
    } else {
        forgotten_ = static_cast<Code>(entries_[code].begin);
    }
    entries_[code] = {begin, static_cast<std::uint32_t>(wanted.size()), 1};
    ++used_;
    link(code);
    return code;
}

bool Dictionary::release(Code code) noexcept {
    Entry& entry = entries_[code];
    if (--entry.references != 0) return false;
    if (!table_.empty()) unlink(code);
    wasted_ += entry.length;
    --used_;
    entry = {forgotten_, 0, 0};
    forgotten_ = code;
    return true;
}

void Dictionary::append(std::string_view value) {
    entries_.push_back({text_.size(), static_cast<std::uint32_t>(value.size()), 0});
    text_.insert(text_.end(), value.begin(), value.end());
    ++used_;
}

std::size_t Dictionary::memory_bytes() const noexcept {
    return text_.capacity() + entries_.capacity() * sizeof(Entry) + table_.capacity() * sizeof(Code);
}

}  // namespace lanner
