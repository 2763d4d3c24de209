#include "search/hamming_codes.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/exact_scan.hpp"

namespace lanner {
namespace {

// Fewer codes are scanned before a walk has begun; more tables than this are no help at the distances of neighbours.
constexpr std::size_t kLeastCodes = 16384;
constexpr std::size_t kMostTables = 16;
constexpr std::size_t kSampleRows = 16;
constexpr std::size_t kScanned = 256;  // rows at a time, while measuring
constexpr std::size_t kGroup = 32;     // queries that a thread takes at a time

class BySlot final : public TieBreak {
  public:
    bool before(Slot left, Slot right) const noexcept override { return left < right; }
};
const BySlot kBySlot;

// Rows of these lengths have kernels of their own.
std::size_t stride_of(std::size_t bytes) noexcept {
    for (const std::size_t fast : {8U, 16U, 32U, 64U}) {
        if (bytes <= fast && (fast == 8 || 3 * fast <= 4 * bytes)) return fast;
    }
    return bytes;
}

double nanoseconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

void keep_nearest(std::vector<Candidate>& found, std::size_t k) {
    std::sort(found.begin(), found.end(), nearer);
    found.erase(std::unique(found.begin(), found.end(),
                            [](const Candidate& left, const Candidate& right) { return left.slot == right.slot; }),
                found.end());
    if (found.size() > k) found.resize(k);
}

}  // namespace

HammingCodes::HammingCodes(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes, CodeSearch how,
                           const Work& work) {
    if (count > kMaxSlots)
        throw Error(ErrorKind::kInvalidArgument,
                    "codes must have at most " + std::to_string(kMaxSlots) + " rows, got " + std::to_string(count));
    const std::size_t stride = stride_of(code_bytes);
    memory_ = allocate_page(std::max<std::size_t>(count * stride, 1));
    auto* const to = reinterpret_cast<std::uint8_t*>(memory_.get());
    if (stride == code_bytes && count > 0) std::memcpy(to, codes, count * stride);
    for (std::size_t i = 0; stride != code_bytes && i < count; ++i)
        std::memcpy(to + i * stride, codes + i * code_bytes, code_bytes);
    rows_ = {to, count, code_bytes, stride};
    codec_ =
        std::make_unique<PlainCodec>(ElementType::kBits, Metric::kHamming, 8 * stride, active_kernels(), to, count);
    const std::size_t tables = MultiIndex::tables_for(count, 8 * code_bytes);
    const bool likely = how == CodeSearch::kAuto && count >= kLeastCodes && tables <= kMostTables;
    if (count == 0 || !(likely || how == CodeSearch::kMultiIndex)) return;
    index_ = std::make_unique<MultiIndex>(rows_, tables, work);
    if (how == CodeSearch::kAuto) {
        measure(work);
        most_seen_ = count / 4;
    } else {
        double lookups = 0;
        for (; steps_ <= 8 * code_bytes; ++steps_) {
            lookups += index_->lookups(steps_);
            if (lookups > static_cast<double>(count)) break;
        }
        most_seen_ = count * tables;
    }
}

std::size_t HammingCodes::bytes() const noexcept { return rows_.count * rows_.stride + (index_ ? index_->bytes() : 0); }

// Walks from rows of its own for as long as they take less time than a scan does.
void HammingCodes::measure(const Work& work) {
    const std::size_t bits = 8 * rows_.bytes;
    const BlockKernel scan =
        active_kernels().block[static_cast<int>(ElementType::kBits)][static_cast<int>(Op::kHamming)];
    double scans = 0;
    for (std::size_t sample = 0; sample < kSampleRows; ++sample) {
        if (work.poll) work.poll();
        const std::uint8_t* const row = rows_.row(random_at(count(), sample) % count());
        std::vector<std::uint32_t> within(bits + 1, 0);
        float distances[kScanned];
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t first = 0; first < count(); first += kScanned) {
            const std::size_t now = std::min(kScanned, count() - first);
            scan(row, 0, rows_.row(first), rows_.stride, nullptr, now, 8 * rows_.stride, distances);
            for (std::size_t i = 0; i < now; ++i) ++within[static_cast<std::size_t>(distances[i])];
        }
        scans += nanoseconds_since(begin);
        for (std::size_t distance = 1; distance <= bits; ++distance) within[distance] += within[distance - 1];
        samples_.push_back(std::move(within));
    }
    double total = 0;
    MultiIndex::Walk walk(*index_);
    // A step that looks up more than an eighth as many buckets as there are codes costs what a scan does.
    for (; steps_ <= bits && index_->lookups(steps_) * 8 <= static_cast<double>(count()); ++steps_) {
        std::size_t ones = 0;
        const auto begin = std::chrono::steady_clock::now();
        for (std::size_t sample = 0; sample < kSampleRows; ++sample) {
            walk.restart(rows_.row(random_at(count(), sample) % count()));
            walk.step(steps_, [&](Slot, float distance) { ones += static_cast<std::size_t>(distance); });
        }
        total += nanoseconds_since(begin);
        // Never true: keeps the sum, and so the walk.
        if (total > scans || ones > count() * bits * kSampleRows) break;
    }
}

bool HammingCodes::near_enough(std::size_t k) const {
    if (!index_ || steps_ == 0 || k > count()) return false;
    if (samples_.empty()) return true;
    std::size_t near = 0;
    // One more: a row finds itself.
    for (const std::vector<std::uint32_t>& within : samples_)
        near += within[std::min(steps_ - 1, within.size() - 1)] > k ? 1 : 0;
    return 2 * near > samples_.size();
}

std::vector<std::uint8_t> HammingCodes::padded(const std::uint8_t* queries, std::size_t count) const {
    std::vector<std::uint8_t> out(count * rows_.stride, 0);
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(out.data() + i * rows_.stride, queries + i * rows_.bytes, rows_.bytes);
    return out;
}

bool HammingCodes::walk_nearest(MultiIndex::Walk& walk, std::size_t k, std::vector<Candidate>& found) const {
    float bound = static_cast<float>(8 * rows_.bytes);
    for (std::size_t step = 0; step < steps_; ++step) {
        walk.step(step, [&](Slot row, float distance) {
            if (distance <= bound) found.push_back({distance, row});
        });
        keep_nearest(found, k);
        if (found.size() == k) {
            bound = found.back().distance;
            if (bound <= static_cast<float>(step)) return true;
        }
        if (walk.seen() > most_seen_) return false;
    }
    return false;
}

bool HammingCodes::walk_within(MultiIndex::Walk& walk, std::size_t radius, std::vector<Candidate>& found) const {
    const auto bound = static_cast<float>(radius);
    for (std::size_t step = 0; step <= radius; ++step) {
        walk.step(step, [&](Slot row, float distance) {
            if (distance <= bound) found.push_back({distance, row});
        });
        if (walk.seen() > most_seen_) return false;
    }
    keep_nearest(found, found.size());
    return true;
}

template <typename Look>
std::vector<std::uint8_t> HammingCodes::walk_all(const std::vector<std::uint8_t>& queries, std::size_t count,
                                                 const Look& look, const Work& work) const {
    std::vector<std::uint8_t> done(count, 0);
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            MultiIndex::Walk walk(*index_);
            for (std::size_t i = begin; i < end; ++i) index_->prefetch(queries.data() + i * rows_.stride);
            for (std::size_t i = begin; i < end; ++i) {
                walk.restart(queries.data() + i * rows_.stride);
                done[i] = look(walk, i) ? 1 : 0;
            }
        },
        work.poll);
    return done;
}

// What `scan` finds for the queries that are not done.
template <typename Scan>
void HammingCodes::scan_rest(const std::vector<std::uint8_t>& queries, const std::vector<std::uint8_t>& done,
                             const Scan& scan, std::vector<std::vector<Candidate>>& hits) const {
    std::vector<std::size_t> left;
    std::vector<std::uint8_t> asked;
    for (std::size_t i = 0; i < done.size(); ++i) {
        if (done[i] != 0) continue;
        left.push_back(i);
        asked.insert(asked.end(), queries.begin() + static_cast<std::ptrdiff_t>(i * rows_.stride),
                     queries.begin() + static_cast<std::ptrdiff_t>((i + 1) * rows_.stride));
    }
    if (left.empty()) return;
    QueryBlock block;
    codec_->prepare({asked.data(), left.size(), ElementType::kBits}, block);
    std::vector<std::vector<Candidate>> found =
        scan(ScanRows{*codec_, rows_.count, {}, kBySlot}, ScanQueries{block, 0, left.size()});
    for (std::size_t i = 0; i < left.size(); ++i) hits[left[i]] = std::move(found[i]);
}

std::vector<std::vector<Candidate>> HammingCodes::nearest(const std::uint8_t* queries, std::size_t query_count,
                                                          std::size_t k, const Work& work) const {
    const std::vector<std::uint8_t> asked = padded(queries, query_count);
    std::vector<std::vector<Candidate>> hits(query_count);
    k = std::min(k, count());
    const std::vector<std::uint8_t> done =
        near_enough(k)
            ? walk_all(
                  asked, query_count,
                  [&](MultiIndex::Walk& walk, std::size_t query) { return walk_nearest(walk, k, hits[query]); }, work)
            : std::vector<std::uint8_t>(query_count, 0);
    scan_rest(
        asked, done,
        [&](const ScanRows& rows, const ScanQueries& left) {
            return scan_nearest(rows, left, k, work.threads, work.poll);
        },
        hits);
    return hits;
}

std::vector<std::vector<Candidate>> HammingCodes::within(const std::uint8_t* queries, std::size_t query_count,
                                                         std::size_t radius, const Work& work) const {
    const std::vector<std::uint8_t> asked = padded(queries, query_count);
    std::vector<std::vector<Candidate>> hits(query_count);
    const std::vector<std::uint8_t> done =
        index_ && radius < steps_
            ? walk_all(
                  asked, query_count,
                  [&](MultiIndex::Walk& walk, std::size_t query) { return walk_within(walk, radius, hits[query]); },
                  work)
            : std::vector<std::uint8_t>(query_count, 0);
    scan_rest(
        asked, done,
        [&](const ScanRows& rows, const ScanQueries& left) {
            return scan_radius(rows, left, static_cast<float>(radius), work.threads, work.poll);
        },
        hits);
    return hits;
}

}  // namespace lanner
