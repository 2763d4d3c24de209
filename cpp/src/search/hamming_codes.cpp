#include "search/hamming_codes.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "base/elapsed.hpp"
#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/exact_scan.hpp"
#include "search/set_scan.hpp"

namespace lanner {
namespace {

// Fewer codes are scanned before a walk has begun; more tables than this are no help at the distances of neighbours.
constexpr std::size_t kLeastCodes = 16384;
constexpr std::size_t kMostTables = 16;
constexpr std::size_t kSampleRows = 16;
constexpr std::size_t kScanned = 256;  // rows at a time, while measuring
constexpr std::size_t kGroup = 32;     // queries that a thread takes at a time
// A row that is looked at by itself takes as long as so many in a scan.
constexpr std::size_t kRowsApart = 8;

constexpr const char* kConfigSection = "bits.config";
constexpr const char* kRowsSection = "bits.rows";

struct CodesConfig {
    std::uint64_t count;
    std::uint64_t bytes;
    std::uint64_t how;
};
static_assert(sizeof(CodesConfig) == 24);

// Rows of these lengths have kernels of their own.
std::size_t stride_of(std::size_t bytes) noexcept {
    for (const std::size_t fast : {8U, 16U, 32U, 64U, 128U}) {
        if (bytes <= fast && (fast == 8 || 3 * fast <= 4 * bytes)) return fast;
    }
    return bytes;
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
                           const Work& work)
    : how_(how) {
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

void HammingCodes::save(SectionWriter& writer) const {
    const CodesConfig config{rows_.count, rows_.bytes, static_cast<std::uint64_t>(how_)};
    writer.write_section(kConfigSection, &config, sizeof config);
    writer.begin(kRowsSection);
    for (std::size_t i = 0; i < rows_.count; ++i) writer.write(rows_.row(i), rows_.bytes);
    writer.end();
}

std::unique_ptr<HammingCodes> HammingCodes::load(const SectionReader& reader, const Work& work) {
    if (!reader.has(kConfigSection)) return nullptr;
    CodesConfig config{};
    std::memcpy(&config, reader.section(kConfigSection, sizeof config).data(), sizeof config);
    if (config.count > kMaxSlots || config.bytes < 1 || config.bytes > kMaxBits / 8 ||
        config.how > static_cast<std::uint64_t>(CodeSearch::kMultiIndex))
        refuse_section(kConfigSection, "it describes no codes");
    const std::span<std::byte> rows = reader.section(kRowsSection, config.count * config.bytes);
    return std::make_unique<HammingCodes>(
        reinterpret_cast<const std::uint8_t*>(rows.data()), static_cast<std::size_t>(config.count),
        static_cast<std::size_t>(config.bytes), static_cast<CodeSearch>(config.how), work);
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

HammingCodes::Reach HammingCodes::reach_among(const SlotSet* among) const noexcept {
    // Where nothing was measured, walks are wanted as far as they go.
    if (among == nullptr || samples_.empty()) return {steps_, most_seen_};
    Reach reach{0, among->count() / 4};
    while (reach.steps < steps_ && index_->lookups(reach.steps) * 8 <= static_cast<double>(among->count()))
        ++reach.steps;
    return reach;
}

bool HammingCodes::near_enough(std::size_t k, std::size_t steps, const SlotSet* among) const {
    if (steps == 0 || k > count()) return false;
    if (samples_.empty()) return true;
    // The k-th that a query may find is as far as this one of all.
    const double share = among == nullptr ? 1.0 : static_cast<double>(among->count()) / static_cast<double>(count());
    std::size_t near = 0;
    // One more: a row finds itself.
    for (const std::vector<std::uint32_t>& within : samples_)
        near += within[std::min(steps - 1, within.size() - 1)] * share > static_cast<double>(k) ? 1 : 0;
    return 2 * near > samples_.size();
}

std::vector<std::uint8_t> HammingCodes::padded(const std::uint8_t* queries, std::size_t count) const {
    std::vector<std::uint8_t> out(count * rows_.stride, 0);
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(out.data() + i * rows_.stride, queries + i * rows_.bytes, rows_.bytes);
    return out;
}

bool HammingCodes::walk_nearest(MultiIndex::Walk& walk, std::size_t k, const SlotSet* among,
                                std::vector<Candidate>& found) const {
    const Reach reach = reach_among(among);
    if (!near_enough(k, reach.steps, among)) return false;
    float bound = static_cast<float>(8 * rows_.bytes);
    for (std::size_t step = 0; step < reach.steps; ++step) {
        walk.step(step, [&](Slot row, float distance) {
            if (distance <= bound && (among == nullptr || in_bitmap(*among, row))) found.push_back({distance, row});
        });
        keep_nearest(found, k);
        if (found.size() == k) {
            bound = found.back().distance;
            if (bound <= static_cast<float>(step)) return true;
        }
        if (walk.seen() > reach.most_seen) return false;
    }
    return false;
}

bool HammingCodes::walk_within(MultiIndex::Walk& walk, std::size_t radius, const SlotSet* among,
                               std::vector<Candidate>& found) const {
    const Reach reach = reach_among(among);
    if (radius >= reach.steps) return false;
    const auto bound = static_cast<float>(radius);
    for (std::size_t step = 0; step <= radius; ++step) {
        walk.step(step, [&](Slot row, float distance) {
            if (distance <= bound && (among == nullptr || in_bitmap(*among, row))) found.push_back({distance, row});
        });
        if (walk.seen() > reach.most_seen) return false;
    }
    keep_nearest(found, found.size());
    return true;
}

template <typename WalkTo, typename Scan, typename Look>
std::vector<std::vector<Candidate>> HammingCodes::find(const std::uint8_t* queries, std::size_t count,
                                                       const RowSets& among, const Work& work, const WalkTo& walk_to,
                                                       const Scan& scan, const Look& look) const {
    std::vector<std::vector<Candidate>> hits(count);
    if (count == 0 || rows_.count == 0) return hits;
    const std::vector<std::uint8_t> asked = padded(queries, count);
    QueryBlock block;
    if (among.size() > 0) codec_->prepare({asked.data(), count, ElementType::kBits}, block);
    std::vector<std::uint8_t> done(count, 0);
    const auto few = [&](const SlotSet* set) {
        return set != nullptr && (set->is_list() || set->count() * kRowsApart <= rows_.count);
    };
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::optional<MultiIndex::Walk> walk;
            if (index_) walk.emplace(*index_);
            for (std::size_t i = begin; index_ && i < end; ++i) index_->prefetch(asked.data() + i * rows_.stride);
            std::unique_ptr<Scorer> scorer;
            for (std::size_t i = begin; i < end; ++i) {
                const SlotSet* const set = among.of(i);
                if (walk && (set == nullptr || !set->is_list())) {
                    walk->restart(asked.data() + i * rows_.stride);
                    done[i] = walk_to(*walk, set, hits[i]) ? 1 : 0;
                }
                if (done[i] != 0 || !few(set)) continue;
                if (!scorer) scorer = codec_->make_scorer();
                scorer->bind_query(block, i);
                hits[i] = look(*scorer, *set);
                done[i] = 1;
            }
        },
        work.poll);
    // The others, together where they may find the same.
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < count; ++i) {
        if (done[i] == 0) left.push_back(i);
    }
    const std::size_t together = among.shared() ? std::max<std::size_t>(left.size(), 1) : 1;
    for (std::size_t first = 0; first < left.size(); first += together) {
        std::vector<std::uint8_t> live;
        if (const SlotSet* const set = among.of(left[first])) {
            live.assign(rows_.count, 0);
            set->for_each([&](Slot row) { live[row] = 1; });
        }
        std::vector<std::uint8_t> rest;
        for (std::size_t i = first; i < first + together; ++i)
            rest.insert(rest.end(), asked.begin() + static_cast<std::ptrdiff_t>(left[i] * rows_.stride),
                        asked.begin() + static_cast<std::ptrdiff_t>((left[i] + 1) * rows_.stride));
        codec_->prepare({rest.data(), together, ElementType::kBits}, block);
        std::vector<std::vector<Candidate>> found =
            scan(ScanRows{*codec_, rows_.count, live, BySlot::instance()}, ScanQueries{block, 0, together});
        for (std::size_t i = 0; i < together; ++i) hits[left[first + i]] = std::move(found[i]);
    }
    return hits;
}

std::vector<std::vector<Candidate>> HammingCodes::nearest(const std::uint8_t* queries, std::size_t query_count,
                                                          std::size_t k, const Work& work, const RowSets& among) const {
    k = std::min(k, count());
    return find(
        queries, query_count, among, work,
        [&](MultiIndex::Walk& walk, const SlotSet* set, std::vector<Candidate>& found) {
            return walk_nearest(walk, k, set, found);
        },
        [&](const ScanRows& rows, const ScanQueries& left) {
            return scan_nearest(rows, left, k, work.threads, work.poll);
        },
        [&](Scorer& scorer, const SlotSet& set) { return scan_set(scorer, set, k, BySlot::instance()); });
}

std::vector<std::vector<Candidate>> HammingCodes::within(const std::uint8_t* queries, std::size_t query_count,
                                                         std::size_t radius, const Work& work,
                                                         const RowSets& among) const {
    return find(
        queries, query_count, among, work,
        [&](MultiIndex::Walk& walk, const SlotSet* set, std::vector<Candidate>& found) {
            return walk_within(walk, radius, set, found);
        },
        [&](const ScanRows& rows, const ScanQueries& left) {
            return scan_radius(rows, left, static_cast<float>(radius), work.threads, work.poll);
        },
        [&](Scorer& scorer, const SlotSet& set) {
            return scan_set_radius(scorer, set, static_cast<float>(radius), BySlot::instance());
        });
}

}  // namespace lanner
