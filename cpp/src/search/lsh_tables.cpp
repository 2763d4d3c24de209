#include "search/lsh_tables.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <string>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Changes of a table that are combined with one another, and symbols that are tried for one hash at least, its own among
// them: where a key has few hashes, each has many neighbours to offer.
constexpr std::size_t kMostChanges = 64;
constexpr std::size_t kLeastSymbols = 6;

constexpr const char* kStartsSection = "lsh.starts";
constexpr const char* kRowsSection = "lsh.rows";

// A key is the exclusive-or of these, so that a change of one symbol is a change of the key.
std::uint64_t share_of(std::size_t hash, std::uint32_t symbol) noexcept { return random_at(hash + 1, symbol); }

}  // namespace

LshTables::LshTables(std::shared_ptr<const HashFamily> family, std::size_t count, const LshShape& shape)
    : family_(std::move(family)),
      shape_(shape),
      count_(count),
      shift_(64 - std::clamp<unsigned>(static_cast<unsigned>(std::bit_width(count)), 4, 28)),
      tables_(shape.tables) {
    if (shape.tables < 1 || shape.hashes < 1 || shape.tables > family_->bits() / shape.hashes)
        throw Error(ErrorKind::kInvalidArgument,
                    "tables times hashes must be 1 to the symbols of the hash, " + std::to_string(family_->bits()) +
                        ", got " + std::to_string(shape.tables) + " * " + std::to_string(shape.hashes));
}

LshTables::LshTables(std::shared_ptr<const HashFamily> family, const HashRows& rows, const LshShape& shape,
                     const Work& work)
    : LshTables(std::move(family), rows.count, shape) {
    // By table: keys of all rows are kept for one part of the tables at a time.
    std::vector<std::vector<std::uint32_t>> keys(shape.tables, std::vector<std::uint32_t>(count_));
    constexpr std::size_t kGroup = 64;
    parallel_for(
        count_, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<std::uint32_t> symbols(family_->bits());
            for (std::size_t i = begin; i < end; ++i) {
                family_->symbols_of(rows, i, symbols.data());
                for (std::size_t table = 0; table < shape_.tables; ++table) {
                    std::uint64_t key = 0;
                    for (std::size_t hash = 0; hash < shape_.hashes; ++hash)
                        key ^= share_of(hash, symbols[table * shape_.hashes + hash]);
                    keys[table][i] = static_cast<std::uint32_t>(bucket(key));
                }
            }
        },
        work.poll);
    parallel_for(
        shape.tables, 1, work.threads,
        [&](std::size_t at, std::size_t, std::size_t) {
            Table& table = tables_[at];
            table.starts.assign(buckets() + 1, 0);
            table.rows.resize(count_);
            for (const std::uint32_t key : keys[at]) ++table.starts[key + 1];
            for (std::size_t key = 1; key < table.starts.size(); ++key) table.starts[key] += table.starts[key - 1];
            for (std::size_t i = 0; i < count_; ++i) table.rows[table.starts[keys[at][i]]++] = static_cast<Slot>(i);
            for (std::size_t key = table.starts.size() - 1; key > 0; --key) table.starts[key] = table.starts[key - 1];
            table.starts[0] = 0;
        },
        work.poll);
}

void LshTables::save(SectionWriter& writer) const {
    writer.begin(kStartsSection);
    for (const Table& table : tables_) writer.write(table.starts.data(), table.starts.size() * sizeof(std::uint32_t));
    writer.end();
    writer.begin(kRowsSection);
    for (const Table& table : tables_) writer.write(table.rows.data(), table.rows.size() * sizeof(Slot));
    writer.end();
}

std::unique_ptr<LshTables> LshTables::load(const SectionReader& reader, std::shared_ptr<const HashFamily> family,
                                           std::size_t count, const LshShape& shape) {
    std::unique_ptr<LshTables> made(new LshTables(std::move(family), count, shape));
    const std::size_t starts_bytes = (made->buckets() + 1) * sizeof(std::uint32_t);
    const std::size_t rows_bytes = count * sizeof(Slot);
    const std::span<std::byte> starts = reader.section(kStartsSection, shape.tables * starts_bytes);
    const std::span<std::byte> rows = reader.section(kRowsSection, shape.tables * rows_bytes);
    for (std::size_t at = 0; at < shape.tables; ++at) {
        Table& table = made->tables_[at];
        table.starts.resize(made->buckets() + 1);
        table.rows.resize(count);
        std::memcpy(table.starts.data(), starts.data() + at * starts_bytes, starts_bytes);
        if (count > 0) std::memcpy(table.rows.data(), rows.data() + at * rows_bytes, rows_bytes);
        if (table.starts.front() != 0 || table.starts.back() != count ||
            !std::is_sorted(table.starts.begin(), table.starts.end()))
            refuse_section(kStartsSection, "its buckets do not follow one another");
        if (std::any_of(table.rows.begin(), table.rows.end(), [&](Slot row) { return row >= count; }))
            refuse_section(kRowsSection, "it names a row that is not there");
    }
    return made;
}

std::size_t LshTables::bytes() const noexcept {
    std::size_t total = 0;
    for (const Table& table : tables_) total += (table.starts.size() + table.rows.size()) * sizeof(std::uint32_t);
    return total;
}

LshTables::Probing::Probing(const LshTables& tables)
    : tables_(&tables),
      symbols_(std::max(kLeastSymbols, kMostChanges / tables.shape_.hashes + 1)),
      probes_(tables.family_->bits() * symbols_),
      keys_(tables.shape_.tables),
      changes_(tables.shape_.tables) {}

void LshTables::Probing::restart(const HashRows& queries, std::size_t row) {
    tables_->family_->probes(queries, row, symbols_, probes_.data());
    waiting_.clear();
    own_ = 0;
    const std::size_t hashes = tables_->shape_.hashes;
    for (std::size_t table = 0; table < keys_.size(); ++table) {
        keys_[table] = 0;
        changes_[table].clear();
        for (std::size_t hash = 0; hash < hashes; ++hash) {
            const HashProbe* const probe = probes_.data() + (table * hashes + hash) * symbols_;
            const std::uint64_t share = share_of(hash, probe[0].symbol);
            keys_[table] ^= share;
            for (std::size_t i = 1; i < symbols_; ++i) {
                if (!std::isfinite(probe[i].cost)) break;
                changes_[table].push_back(
                    {probe[i].cost, static_cast<std::uint32_t>(hash), share ^ share_of(hash, probe[i].symbol)});
            }
        }
        std::stable_sort(changes_[table].begin(), changes_[table].end(),
                         [](const Change& left, const Change& right) { return left.cost < right.cost; });
        if (changes_[table].size() > kMostChanges) changes_[table].resize(kMostChanges);
        Set first{};
        first.table = static_cast<std::uint32_t>(table);
        push(first, 0, 0);
    }
}

// The set with a member more, where the table has such a change.
void LshTables::Probing::push(Set set, std::size_t last, float cost) {
    const std::vector<Change>& changes = changes_[set.table];
    // No more changes than hashes: others change one twice, and so would all that come of them.
    if (last >= changes.size() || set.size >= std::min(kMostChanged, tables_->shape_.hashes)) return;
    set.members[set.size++] = static_cast<std::uint16_t>(last);
    set.cost = cost + changes[last].cost;
    waiting_.push_back(set);
    std::push_heap(waiting_.begin(), waiting_.end(), [](const Set& left, const Set& right) {
        return left.cost != right.cost ? left.cost > right.cost : left.table > right.table;
    });
}

// Whether no hash is changed twice.
bool LshTables::Probing::sound(const Set& set) const noexcept {
    const std::vector<Change>& changes = changes_[set.table];
    for (std::size_t i = 0; i < set.size; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (changes[set.members[i]].hash == changes[set.members[j]].hash) return false;
        }
    }
    return true;
}

bool LshTables::Probing::next(const Slot*& rows, std::size_t& count) {
    std::size_t table = own_;
    std::uint64_t key = 0;
    if (own_ < keys_.size()) {
        key = keys_[own_++];
    } else {
        for (;;) {
            if (waiting_.empty()) return false;
            std::pop_heap(waiting_.begin(), waiting_.end(), [](const Set& left, const Set& right) {
                return left.cost != right.cost ? left.cost > right.cost : left.table > right.table;
            });
            const Set set = waiting_.back();
            waiting_.pop_back();
            // Expand and shift (section 4.4): every set of changes comes up once, in the order of costs.
            const std::vector<Change>& changes = changes_[set.table];
            const std::size_t last = set.members[set.size - 1];
            push(set, last + 1, set.cost);
            Set shorter = set;
            --shorter.size;
            push(shorter, last + 1, set.cost - changes[last].cost);
            if (!sound(set)) continue;
            table = set.table;
            key = keys_[table];
            for (std::size_t i = 0; i < set.size; ++i) key ^= changes[set.members[i]].key;
            break;
        }
    }
    const Table& from = tables_->tables_[table];
    const std::uint64_t bucket = tables_->bucket(key);
    rows = from.rows.data() + from.starts[bucket];
    count = from.starts[bucket + 1] - from.starts[bucket];
    return true;
}

}  // namespace lanner
