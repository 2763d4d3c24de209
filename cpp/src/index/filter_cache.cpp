#include "index/filter_cache.hpp"

#include <array>
#include <bit>
#include <functional>
#include <span>
#include <string_view>

namespace lanner {
namespace {

constexpr std::size_t kMostEntries = 64;
constexpr std::size_t kMostBytes = std::size_t{32} << 20;

class Hash {
  public:
    void add(std::uint64_t word) noexcept {
        value_ ^= word;
        value_ *= 0x9e3779b97f4a7c15ULL;
        value_ ^= value_ >> 32;
    }
    void add(std::string_view text) noexcept { add(std::hash<std::string_view>()(text)); }
    void add(const FilterValue& value) {
        add(value.index());
        if (const auto* const text = std::get_if<std::string>(&value)) add(std::string_view(*text));
        if (const auto* const flag = std::get_if<bool>(&value)) add(std::uint64_t{*flag});
        if (const auto* const integer = std::get_if<std::int64_t>(&value)) add(static_cast<std::uint64_t>(*integer));
        if (const auto* const time = std::get_if<Timestamp>(&value))
            add(static_cast<std::uint64_t>(time->microseconds));
        // Zeros of either sign are equal.
        if (const auto* const real = std::get_if<double>(&value)) add(std::bit_cast<std::uint64_t>(*real + 0.0));
    }
    void add(const Filter& filter) {
        add(static_cast<std::uint64_t>(filter.op));
        add(std::string_view(filter.column));
        add(filter.values.size());
        for (const FilterValue& value : filter.values) add(value);
        add(filter.operands.size());
        for (const Filter& operand : filter.operands) add(operand);
        if (const auto* const integers = std::get_if<std::vector<std::int64_t>>(&filter.ids)) {
            add(integers->size());
            for (const std::int64_t id : *integers) add(static_cast<std::uint64_t>(id));
        } else {
            for (const std::string& id : std::get<std::vector<std::string>>(filter.ids)) add(std::string_view(id));
        }
        add(filter.mask.items);
        add(std::span<const std::uint64_t>(filter.mask.words));
    }
    // In four chains side by side: one alone would wait for each of its products.
    void add(std::span<const std::uint64_t> words) noexcept {
        std::array<Hash, 4> chains;
        std::size_t at = 0;
        for (; at + chains.size() <= words.size(); at += chains.size()) {
            for (std::size_t i = 0; i < chains.size(); ++i) chains[i].add(words[at + i]);
        }
        for (const Hash& chain : chains) add(chain.value());
        for (; at < words.size(); ++at) add(words[at]);
    }
    std::uint64_t value() const noexcept { return value_; }

  private:
    std::uint64_t value_ = 0x2545f4914f6cdd1dULL;
};

std::uint64_t hash_of(const Filter& filter) {
    Hash hash;
    hash.add(filter);
    return hash.value();
}

std::size_t bytes_of(const Filter& filter) noexcept {
    std::size_t bytes = sizeof filter + filter.column.capacity() + filter.values.capacity() * sizeof(FilterValue) +
                        filter.mask.words.capacity() * sizeof(std::uint64_t);
    for (const Filter& operand : filter.operands) bytes += bytes_of(operand);
    if (const auto* const integers = std::get_if<std::vector<std::int64_t>>(&filter.ids))
        return bytes + integers->capacity() * sizeof(std::int64_t);
    for (const std::string& id : std::get<std::vector<std::string>>(filter.ids)) bytes += sizeof id + id.capacity();
    return bytes;
}

}  // namespace

std::size_t FilterCache::Entry::bytes() const noexcept { return bytes_of(filter) + matches->memory_bytes(); }

std::shared_ptr<const Matches> FilterCache::find(const Filter& filter, std::uint64_t version) {
    const std::uint64_t hash = hash_of(filter);
    const std::lock_guard lock(mutex_);
    if (version != version_) return nullptr;
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if (entry->hash != hash || !(entry->filter == filter)) continue;
        entries_.splice(entries_.begin(), entries_, entry);
        return entry->matches;
    }
    return nullptr;
}

void FilterCache::put(const Filter& filter, std::uint64_t version, std::shared_ptr<const Matches> matches) {
    Entry entry{hash_of(filter), filter, std::move(matches)};
    const std::lock_guard lock(mutex_);
    if (version < version_) return;
    if (version > version_) entries_.clear();
    version_ = version;
    entries_.push_front(std::move(entry));
    // Counted anew each time: what walks need is added to an entry later.
    std::size_t bytes = 0;
    std::size_t count = 0;
    for (auto each = entries_.begin(); each != entries_.end(); ++each) {
        bytes += each->bytes();
        if (++count > kMostEntries || bytes > kMostBytes) {
            entries_.erase(each, entries_.end());
            break;
        }
    }
}

std::size_t FilterCache::memory_bytes() const {
    const std::lock_guard lock(mutex_);
    std::size_t bytes = 0;
    for (const Entry& entry : entries_) bytes += entry.bytes();
    return bytes;
}

}  // namespace lanner
