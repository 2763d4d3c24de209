#include "search/code_scan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/prefetch.hpp"
#include "base/thread_pool.hpp"
#include "codecs/code_sums.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Queries of a group take turns at a tile of rows, which stays in the second cache meanwhile.
constexpr std::size_t kGroupQueries = 16;
constexpr std::size_t kTileBytes = std::size_t{256} << 10;
// Rows that a thread takes at least, when the rows of a few queries are shared out.
constexpr std::size_t kLeastRows = 16384;
// Blocks between two looks at what the bound has become.
constexpr std::size_t kMostBlocks = 64;
constexpr std::size_t kPlainRows = 256;

constexpr std::size_t whole_blocks(std::size_t rows) noexcept {
    return (rows + kNibbleRows - 1) / kNibbleRows * kNibbleRows;
}

}  // namespace

// A query ready for the scan. The distance of a row is constant + (sum * scale + offset_factor * offset).
struct PackedCodes::Query {
    std::vector<float> table;
    float constant = 0;
    float offset_factor = 1;
    RoundedTables rounded;  // kNibbles
    float width = 0;        // what rounding the tables down can make of a sum; in steps where rows have no scales
    float margin = 0;       // and what float32 can make of a distance
    bool bounded = false;   // whether all of that is finite
    const SlotSet* among = nullptr;  // rows that it may find; all where there is none

    bool listed() const noexcept { return among != nullptr && among->is_list(); }
    // What a scan may give it; rows of a list are looked at one by one instead.
    bool may_find(std::size_t row) const noexcept {
        return among == nullptr || (!among->is_list() && in_bitmap(*among, static_cast<Slot>(row)));
    }
    // A bit for each row of a block.
    std::uint32_t may_find_of(std::size_t first) const noexcept {
        if (among == nullptr) return ~std::uint32_t{0};
        return among->is_list() ? 0 : static_cast<std::uint32_t>(among->words()[first / 64] >> (first % 64));
    }
};

PackedCodes::PackedCodes(std::shared_ptr<const Quantizer> quantizer, const std::uint8_t* codes, std::size_t count,
                         Metric metric, const Work& work)
    : quantizer_(std::move(quantizer)),
      count_(count),
      metric_(metric),
      form_(quantizer_->form()),
      row_bytes_(quantizer_->scored_bytes()) {
    if (metric != Metric::kL2 && metric != Metric::kCosine && metric != Metric::kIp)
        throw Error(ErrorKind::kInvalidArgument,
                    "metric must be one of l2, cosine, ip for codes, got '" + std::string(traits(metric).name) + "'");
    if (count > kMaxSlots)
        throw Error(ErrorKind::kInvalidArgument,
                    "codes must have at most " + std::to_string(kMaxSlots) + " rows, got " + std::to_string(count));
    const std::size_t stride = quantizer_->code_bytes();
    const std::size_t padded = whole_blocks(count);
    rows_ = allocate_page(std::max<std::size_t>(count * row_bytes_, 1));
    for (std::size_t i = 0; i < count; ++i) std::memcpy(rows_.get() + i * row_bytes_, codes + i * stride, row_bytes_);
    const Match match = metric == Metric::kL2 ? Match::kL2 : Match::kDot;
    const bool cosine = metric == Metric::kCosine;
    std::vector<float> inverse_norms(cosine ? count : 0);
    if (cosine) {
        quantizer_->norms(codes, count, inverse_norms.data(), work);
        for (float& each : inverse_norms) each = each > 0 ? 1 / each : 0.0F;
    }
    if (quantizer_->has_scales() || cosine) scales_.resize(padded, 0.0F);
    if (quantizer_->has_offsets(match) || cosine) offsets_.resize(padded, 0.0F);
    most_scale_ = scales_.empty() ? 1 : 0;
    for (std::size_t i = 0; i < count && !scales_.empty(); ++i) {
        Quantizer::Factors factors = quantizer_->factors(codes + i * stride, match);
        if (cosine) factors = {factors.scale * inverse_norms[i], inverse_norms[i]};
        const bool sound = factors.scale >= 0 && std::isfinite(factors.scale) && std::isfinite(factors.offset);
        scales_[i] = sound ? factors.scale : std::numeric_limits<float>::quiet_NaN();
        if (sound) most_scale_ = std::max(most_scale_, static_cast<double>(factors.scale));
        if (offsets_.empty()) continue;
        offsets_[i] = factors.offset;
        if (sound) most_offset_ = std::max(most_offset_, std::fabs(static_cast<double>(factors.offset)));
    }
    if (form_ == CodeForm::kNibbles) {
        const std::size_t block_bytes = nibble_tables(row_bytes_) * 16;
        const std::size_t blocks = padded / kNibbleRows;
        blocks_ = allocate_page(std::max<std::size_t>(blocks * block_bytes, 1));
        auto* const to = reinterpret_cast<std::uint8_t*>(blocks_.get());
        const auto* const from = reinterpret_cast<const std::uint8_t*>(rows_.get());
        parallel_for(
            blocks, 256, work.threads,
            [&](std::size_t begin, std::size_t end, std::size_t) {
                const std::size_t first = begin * kNibbleRows;
                const std::size_t rows = std::min(count, end * kNibbleRows) - first;
                active_kernels().pack_nibbles(from + first * row_bytes_, row_bytes_, rows, row_bytes_,
                                              to + begin * block_bytes);
            },
            work.poll);
    }
}

std::size_t PackedCodes::bytes() const noexcept {
    const std::size_t packed = blocks_ ? whole_blocks(count_) * nibble_tables(row_bytes_) / 2 : 0;
    return count_ * row_bytes_ + packed + (scales_.size() + offsets_.size()) * sizeof(float);
}

PackedCodes::Query PackedCodes::prepare(const float* query) const {
    CodeQuery made = quantizer_->query(query, metric_ == Metric::kL2 ? Match::kL2 : Match::kDot);
    Query ready;
    ready.table = std::move(made.table);
    ready.constant = made.constant;
    if (metric_ == Metric::kCosine) {
        double squares = 0;
        for (std::size_t j = 0; j < quantizer_->dim(); ++j)
            squares += static_cast<double>(query[j]) * static_cast<double>(query[j]);
        const auto inverse = static_cast<float>(squares > 0 ? 1 / std::sqrt(squares) : 0.0);
        for (float& each : ready.table) each *= inverse;
        ready.offset_factor = made.constant * inverse;
        ready.constant = 1;
    }
    if (form_ == CodeForm::kNibbles) {
        ready.table.resize(row_bytes_ * 32, 0.0F);
        ready.rounded = RoundedTables(ready.table, nibble_tables(row_bytes_));
        const double scaled = most_scale_ * ready.rounded.magnitude +
                              std::fabs(static_cast<double>(ready.offset_factor)) * most_offset_ +
                              std::fabs(static_cast<double>(ready.constant));
        const double margin = scaled * static_cast<double>(row_bytes_ + 32) * 0x1p-24;
        const double steps = static_cast<double>(2 * row_bytes_);
        ready.margin = static_cast<float>(margin);
        ready.width =
            static_cast<float>(scales_.empty() ? steps + margin / ready.rounded.step + 1 : steps * ready.rounded.step);
        ready.bounded = ready.rounded.bounded && std::isfinite(ready.width) && std::isfinite(ready.margin);
    }
    return ready;
}

float PackedCodes::score(const Query& query, std::size_t row) const noexcept {
    const auto* const code = reinterpret_cast<const std::uint8_t*>(rows_.get()) + row * row_bytes_;
    float value = form_ == CodeForm::kNibbles ? nibble_sum(query.table.data(), code, row_bytes_)
                                              : byte_sum(query.table.data(), code, row_bytes_);
    if (!scales_.empty()) value *= scales_[row];
    if (!offsets_.empty()) value += query.offset_factor * offsets_[row];
    return query.constant + value;
}

void PackedCodes::score_rows(const Query& query, std::size_t first, std::size_t count, float* out) const noexcept {
    if (form_ != CodeForm::kFloats) {
        for (std::size_t i = 0; i < count; ++i) out[i] = score(query, first + i);
        return;
    }
    const Op op = metric_ == Metric::kL2 ? Op::kL2 : Op::kDot;
    active_kernels().block[static_cast<int>(ElementType::kFloat32)][static_cast<int>(op)](
        query.table.data(), 0, rows_.get() + first * row_bytes_, row_bytes_, nullptr, count, row_bytes_ / sizeof(float),
        out);
    for (std::size_t i = 0; i < count; ++i) {
        if (!scales_.empty()) out[i] *= scales_[first + i];
        if (!offsets_.empty()) out[i] += query.offset_factor * offsets_[first + i];
        out[i] += query.constant;
    }
}

void PackedCodes::scan_plain(const Query& query, const Part& part, NearestRows& best) const {
    float values[kPlainRows];
    for (std::size_t first = part.first; first < part.end; first += kPlainRows) {
        const std::size_t count = std::min(kPlainRows, part.end - first);
        score_rows(query, first, count, values);
        for (std::size_t i = 0; i < count; ++i) {
            if (query.may_find(first + i)) best.offer(values[i], static_cast<Slot>(first + i));
        }
    }
}

void PackedCodes::scan_listed(const Query& query, const Part& part, NearestRows& best) const {
    const std::span<const Slot> rows = query.among->list();
    float value = 0;
    for (auto row = std::lower_bound(rows.begin(), rows.end(), part.first); row != rows.end() && *row < part.end;
         ++row) {
        score_rows(query, *row, 1, &value);
        best.offer(value, *row);
    }
}

void PackedCodes::distances(const float* queries, std::size_t query_count, float* out, const Work& work) const {
    parallel_for(
        query_count, 1, work.threads,
        [&](std::size_t begin, std::size_t, std::size_t) {
            score_rows(prepare(queries + begin * quantizer_->dim()), 0, count_, out + begin * count_);
        },
        work.poll);
}

// How far above the value that the kernels give a row's true value can lie, and, being rounded, below it as well.
float PackedCodes::uncertainty(const Query& query, std::size_t row) const noexcept {
    return scales_.empty() ? query.width : query.width * scales_[row] + query.margin;
}

// Of one query or two. The first rows are looked at in small steps: little is known of the limit yet.
void PackedCodes::scan_nibbles(const Query* queries, Shortlist* lists, std::size_t query_count, const Part& part,
                               std::size_t seen) const {
    const std::size_t tables = nibble_tables(row_bytes_);
    const auto* const blocks = reinterpret_cast<const std::uint8_t*>(blocks_.get());
    std::uint32_t masks[2][kMostBlocks];
    alignas(64) float values[2][kMostBlocks * kNibbleRows];
    NibbleQuery asked[2];
    for (std::size_t q = 0; q < query_count; ++q) {
        asked[q] = {queries[q].rounded.bytes.data(),
                    static_cast<float>(queries[q].rounded.base),
                    static_cast<float>(queries[q].rounded.step),
                    queries[q].offset_factor,
                    0,
                    values[q],
                    masks[q]};
    }
    for (std::size_t row = part.first; row < part.end;) {
        const std::size_t steps = std::clamp<std::size_t>((seen + row - part.first) / kNibbleRows / 4, 1, kMostBlocks);
        const std::size_t count = std::min(steps, (part.end - row + kNibbleRows - 1) / kNibbleRows);
        for (std::size_t q = 0; q < query_count; ++q) asked[q].limit = lists[q].limit();
        const NibbleFactors factors{scales_.empty() ? nullptr : scales_.data() + row,
                                    offsets_.empty() ? nullptr : offsets_.data() + row};
        active_kernels().nibble_values(asked, query_count, tables, blocks + row / kNibbleRows * tables * 16, count,
                                       factors);
        for (std::size_t q = 0; q < query_count; ++q) {
            for (std::size_t block = 0; block < count; ++block) {
                std::uint32_t mask = masks[q][block];
                if (mask != 0) mask &= queries[q].may_find_of(row + block * kNibbleRows);
                for (; mask != 0; mask &= mask - 1) {
                    const std::size_t at = block * kNibbleRows + static_cast<std::size_t>(std::countr_zero(mask));
                    if (row + at >= part.end) break;
                    const float low = values[q][at];
                    lists[q].offer(low, low + uncertainty(queries[q], row + at), static_cast<Slot>(row + at));
                }
            }
        }
        row += count * kNibbleRows;
    }
}

void PackedCodes::score_listed(const Query& query, Shortlist& list, NearestRows& best) const {
    list.tighten();
    // Asked for all at once: they lie apart, and the wait for one would be the wait for each.
    list.for_each([&](Slot row) { prefetch_near(rows_.get() + row * row_bytes_, row_bytes_); });
    list.for_each([&](Slot row) { best.offer(score(query, row), row); });
}

void PackedCodes::scan(const std::vector<Query>& queries, const Part& part, NearestRows* best,
                       std::size_t best_stride) const {
    std::vector<Shortlist> lists(queries.size(), Shortlist(best->k()));
    const auto look = [&](std::size_t i, bool scanned) {
        NearestRows& found = best[i * best_stride];
        queries[i].listed() ? scan_listed(queries[i], part, found)
        : scanned           ? score_listed(queries[i], lists[i], found)
                            : scan_plain(queries[i], part, found);
    };
    const auto listed = [](const Query& query) { return query.listed(); };
    if (form_ != CodeForm::kNibbles || std::all_of(queries.begin(), queries.end(), listed)) {
        for (std::size_t i = 0; i < queries.size(); ++i) look(i, false);
        return;
    }
    const std::size_t tile = std::max(kNibbleRows * 8, kTileBytes / row_bytes_ / kNibbleRows * kNibbleRows);
    for (std::size_t first = part.first; first < part.end; first += tile) {
        const Part now{first, std::min(part.end, first + tile)};
        for (std::size_t i = 0; i < queries.size(); i += 2) {
            const std::size_t count = std::min<std::size_t>(2, queries.size() - i);
            scan_nibbles(queries.data() + i, lists.data() + i, count, now, first - part.first);
        }
    }
    for (std::size_t i = 0; i < queries.size(); ++i) look(i, queries[i].bounded);
}

std::vector<std::vector<Candidate>> PackedCodes::nearest(const float* queries, std::size_t query_count, std::size_t k,
                                                         const Work& work, const RowSets& among) const {
    const std::size_t groups = (query_count + kGroupQueries - 1) / kGroupQueries;
    if (groups == 0) return {};
    const std::size_t wanted = groups >= work.threads ? 1 : (work.threads + groups - 1) / groups;
    const std::size_t parts = std::clamp<std::size_t>(count_ / kLeastRows, 1, wanted);
    const std::size_t rows_a_part = whole_blocks((count_ + parts - 1) / parts);
    std::vector<NearestRows> best(query_count * parts, NearestRows(std::min(k, count_)));
    parallel_for(
        groups * parts, 1, work.threads,
        [&](std::size_t begin, std::size_t, std::size_t) {
            const std::size_t part = begin % parts;
            const std::size_t first = begin / parts * kGroupQueries;
            std::vector<Query> ready;
            for (std::size_t i = first; i < std::min(query_count, first + kGroupQueries); ++i) {
                ready.push_back(prepare(queries + i * quantizer_->dim()));
                ready.back().among = among.of(i);
            }
            scan(ready, {std::min(count_, part * rows_a_part), std::min(count_, (part + 1) * rows_a_part)},
                 best.data() + first * parts + part, parts);
        },
        work.poll);
    std::vector<std::vector<Candidate>> hits(query_count);
    for (std::size_t i = 0; i < query_count; ++i) {
        NearestRows& all = best[i * parts];
        for (std::size_t part = 1; part < parts; ++part) {
            for (const Candidate& each : best[i * parts + part].take()) all.offer(each.distance, each.slot);
        }
        hits[i] = all.take();
    }
    return hits;
}

}  // namespace lanner
