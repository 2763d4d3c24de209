#include "search/multi_index.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/prefetch.hpp"
#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

constexpr std::size_t kMostWidth = 24;
// Buckets that are asked for together: their places come from memory side by side.
constexpr std::size_t kLookups = 32;

// Bits [begin, begin + width) of a code, the first one lowest.
std::uint64_t substring(const std::uint8_t* code, std::size_t begin, std::size_t width) noexcept {
    std::uint64_t bits = 0;
    const std::size_t first = begin / 8;
    const std::size_t last = (begin + width - 1) / 8;
    for (std::size_t byte = first; byte <= last; ++byte) bits |= std::uint64_t{code[byte]} << (8 * (byte - first));
    return bits >> (begin % 8) & ((std::uint64_t{1} << width) - 1);
}

// The next number with as many ones (Gosper).
std::uint64_t next_mask(std::uint64_t mask) noexcept {
    const std::uint64_t lowest = mask & (~mask + 1);
    const std::uint64_t ripple = mask + lowest;
    return (((mask ^ ripple) >> 2) / lowest) | ripple;
}

}  // namespace

std::size_t MultiIndex::tables_for(std::size_t count, std::size_t bits) noexcept {
    const double wanted = std::log2(static_cast<double>(std::max<std::size_t>(count, 2)));
    const auto rounded = static_cast<std::size_t>(static_cast<double>(bits) / wanted + 0.5);
    return std::max({std::size_t{1}, rounded, (bits + kMostWidth - 1) / kMostWidth});
}

MultiIndex::MultiIndex(const CodeRows& rows, std::size_t tables, const Work& work)
    : rows_(rows),
      tables_(tables),
      distances_(active_kernels().rows[static_cast<int>(ElementType::kBits)][static_cast<int>(Op::kHamming)]) {
    const std::size_t bits = 8 * rows.bytes;
    for (std::size_t i = 0; i < tables; ++i) {
        tables_[i].begin = i * bits / tables;
        tables_[i].width = (i + 1) * bits / tables - tables_[i].begin;
    }
    parallel_for(
        tables, 1, work.threads, [&](std::size_t begin, std::size_t, std::size_t) { fill(tables_[begin]); }, work.poll);
}

// A counting sort by key.
void MultiIndex::fill(Table& table) const {
    table.starts.assign((std::size_t{1} << table.width) + 1, 0);
    table.rows.resize(rows_.count);
    std::vector<std::uint32_t> keys(rows_.count);
    for (std::size_t i = 0; i < rows_.count; ++i) {
        keys[i] = static_cast<std::uint32_t>(substring(rows_.row(i), table.begin, table.width));
        ++table.starts[keys[i] + 1];
    }
    for (std::size_t key = 1; key < table.starts.size(); ++key) table.starts[key] += table.starts[key - 1];
    // Starts move on to ends while buckets fill up, and are then those of the next bucket.
    for (std::size_t i = 0; i < rows_.count; ++i) table.rows[table.starts[keys[i]]++] = static_cast<Slot>(i);
    for (std::size_t key = table.starts.size() - 1; key > 0; --key) table.starts[key] = table.starts[key - 1];
    table.starts[0] = 0;
}

std::size_t MultiIndex::bytes() const noexcept {
    std::size_t total = 0;
    for (const Table& table : tables_) total += (table.starts.size() + table.rows.size()) * sizeof(std::uint32_t);
    return total;
}

double MultiIndex::lookups(std::size_t step) const noexcept {
    const std::size_t width = tables_[step % tables_.size()].width;
    const std::size_t differing = step / tables_.size();
    if (differing > width) return 0;
    double ways = 1;
    for (std::size_t i = 0; i < differing; ++i)
        ways = ways * static_cast<double>(width - i) / static_cast<double>(i + 1);
    return ways;
}

void MultiIndex::prefetch(const std::uint8_t* query) const noexcept {
    for (const Table& table : tables_) prefetch_line(table.starts.data() + substring(query, table.begin, table.width));
}

void MultiIndex::Walk::begin(std::size_t at) {
    table_ = at % index_->tables_.size();
    const Table& table = index_->tables_[table_];
    const std::size_t differing = at / index_->tables_.size();
    key_ = substring(query_, table.begin, table.width);
    mask_ = (std::uint64_t{1} << differing) - 1;
    over_ = differing > table.width;
}

bool MultiIndex::Walk::more() {
    const Table& table = index_->tables_[table_];
    rows_.clear();
    while (!over_ && rows_.empty()) {
        std::uint64_t keys[kLookups];
        std::size_t count = 0;
        while (count < kLookups && !over_) {
            keys[count] = key_ ^ mask_;
            prefetch_line(table.starts.data() + keys[count]);
            ++count;
            // The last of a kind has its ones at the top; of no ones there is but one.
            over_ = mask_ == 0 || next_mask(mask_) >> table.width != 0;
            if (!over_) mask_ = next_mask(mask_);
        }
        for (std::size_t i = 0; i < count; ++i) prefetch_line(table.rows.data() + table.starts[keys[i]]);
        for (std::size_t i = 0; i < count; ++i)
            rows_.insert(rows_.end(), table.rows.begin() + table.starts[keys[i]],
                         table.rows.begin() + table.starts[keys[i] + 1]);
    }
    if (rows_.empty()) return false;
    places_.resize(rows_.size());
    distances_.resize(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) places_[i] = index_->rows_.row(rows_[i]);
    index_->distances_(query_, 0, places_.data(), nullptr, rows_.size(), 8 * index_->rows_.stride, distances_.data());
    return true;
}

}  // namespace lanner
