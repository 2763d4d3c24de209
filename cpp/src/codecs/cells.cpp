#include "codecs/cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "codecs/features.hpp"
#include "kernels/metric.hpp"

namespace lanner {
namespace {

// Cells for n rows: so many times the square root of n. More make scans shorter and ranking longer; on 120,000 text
// embeddings scans of 1,024 cells looked at 60 % of the rows that 512 took for the same recall.
constexpr double kCellsPerRoot = 3.0;
constexpr std::size_t kRowsACell = 32;
constexpr std::size_t kMostSample = 65536;
constexpr int kSteps = 6;
// Groups whose cells a row is held against.
constexpr std::size_t kGroupsTried = 3;
// Distances are sorted into so many parts of their range.
constexpr std::size_t kParts = 256;
constexpr std::uint64_t kCellStream = 0x63656c6c73ULL;

std::size_t whole_columns(double count) noexcept {
    const auto columns = static_cast<std::size_t>(std::lround(count / kColumnMultiple)) * kColumnMultiple;
    return std::clamp(columns, kColumnMultiple, kMostColumns);
}

std::size_t cells_for(std::size_t rows) noexcept {
    return static_cast<std::size_t>(kCellsPerRoot * std::sqrt(static_cast<double>(rows)));
}

Metric ranking_metric(Metric metric) noexcept { return metric == Metric::kIp ? Metric::kIp : Metric::kL2; }

// The first step that changes nothing is the last.
Clusters cluster(const Points& points, std::size_t count, std::uint64_t seed) {
    Clusters clusters(points, count, seed);
    for (int step = 0; step < kSteps && clusters.step(points); ++step) {
    }
    return clusters;
}

}  // namespace

Cells::Cells(Metric metric, std::size_t dim, std::uint64_t seed, const KernelTable& kernels)
    : dim_(dim),
      seed_(seed ^ kCellStream),
      kernels_(&kernels),
      space_(metric, dim),
      codes_(CodeBits::k8, ranking_metric(metric), dim, seed ^ kCellStream, kernels) {}

std::size_t Cells::sample_size(std::size_t rows) noexcept {
    return std::min({rows, kMostSample, kRowsACell * cells_for(rows)});
}

void Cells::fit(const Points& sample, std::size_t rows, std::size_t threads, const std::function<void()>& poll) {
    const double wanted = static_cast<double>(cells_for(rows));
    const std::size_t tops =
        std::min(whole_columns(std::sqrt(wanted)), sample.count / kColumnMultiple * kColumnMultiple);
    const Clusters first = cluster(sample, tops, seed_);
    tops_ = first.columns();
    // Rows by group, as those of a matrix of their own.
    std::vector<std::vector<float>> members(tops);
    for (std::size_t i = 0; i < sample.count; ++i) {
        std::vector<float>& own = members[first.assignment()[i]];
        own.insert(own.end(), sample.row(i), sample.row(i) + dim_);
    }
    groups_.assign(tops, {});
    parallel_for(
        tops, 1, threads,
        [&](std::size_t at, std::size_t, std::size_t) {
            Group& group = groups_[at];
            const std::size_t count = members[at].size() / dim_;
            const double share = wanted * static_cast<double>(count) / static_cast<double>(sample.count);
            group.count = whole_columns(share);
            if (count >= 2 * group.count) {
                group.columns =
                    cluster({members[at].data(), dim_, count, dim_}, group.count, random_at(seed_, at + 1)).columns();
                return;
            }
            // Too few to tell apart: the group is one cell, as often as columns have to be.
            group.count = kColumnMultiple;
            group.columns.resize(dim_ * group.count);
            for (std::size_t j = 0; j < dim_; ++j)
                std::fill_n(group.columns.data() + j * group.count, group.count, tops_[j * tops + at]);
        },
        poll);
    finish_centroids();
    of_.clear();
    runs_.assign(count(), {});
}

// Numbers the cells, and makes the codes that they are ranked by.
void Cells::finish_centroids() {
    parents_.assign(1, 0);
    for (const Group& group : groups_) parents_.push_back(parents_.back() + static_cast<Cell>(group.count));
    std::vector<float> rows(count() * dim_);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        for (std::size_t c = 0; c < groups_[g].count; ++c) {
            for (std::size_t j = 0; j < dim_; ++j)
                rows[(parents_[g] + c) * dim_ + j] = groups_[g].columns[j * groups_[g].count + c];
        }
    }
    std::vector<double> sums(dim_, 0.0);
    for (std::size_t at = 0; at < rows.size(); ++at) sums[at % dim_] += static_cast<double>(rows[at]);
    std::vector<float> mean(dim_);
    for (std::size_t j = 0; j < dim_; ++j) mean[j] = static_cast<float>(sums[j] / static_cast<double>(count()));
    const std::unique_ptr<CodedRows> fresh = codes_.empty_copy();
    fresh->set_mean(std::move(mean));
    fresh->grow(count());
    for (std::size_t c = 0; c < count(); ++c) fresh->store(static_cast<Slot>(c), rows.data() + c * dim_);
    codes_.swap(*fresh);
}

Cell Cells::nearest(const float* image) const {
    const std::size_t tops = groups_.size();
    std::array<float, kMostColumns> distances;
    std::fill_n(distances.begin(), tops, 0.0F);
    kernels_->columns[static_cast<int>(Op::kL2)](image, dim_, 1, tops_.data(), tops, dim_, tops, distances.data(),
                                                 tops);
    Cell best = 0;
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t tried = 0; tried < std::min(kGroupsTried, tops); ++tried) {
        const auto at = static_cast<std::size_t>(
            std::min_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(tops)) -
            distances.begin());
        distances[at] = std::numeric_limits<float>::infinity();
        std::uint32_t column = 0;
        float distance = 0;
        kernels_->nearest_column(image, dim_, 1, groups_[at].columns.data(), groups_[at].count, dim_, groups_[at].count,
                                 &column, &distance);
        if (distance >= least) continue;
        least = distance;
        best = parents_[at] + column;
    }
    return best;
}

void Cells::resize(std::size_t slots) { of_.resize(slots, kNoCell); }

void Cells::truncate(std::size_t slots) noexcept {
    if (slots >= of_.size()) return;
    for (std::vector<SlotRun>& runs : runs_) {
        while (!runs.empty() && runs.back().first >= slots) runs.pop_back();
        if (!runs.empty()) runs.back().last = std::min(runs.back().last, static_cast<Slot>(slots));
    }
    of_.resize(slots);
}

void Cells::put(Slot slot, Cell cell) {
    if (of_[slot] == cell) return;
    if (of_[slot] != kNoCell) take_out(slot);
    std::vector<SlotRun>& runs = runs_[cell];
    const auto next =
        std::upper_bound(runs.begin(), runs.end(), slot, [](Slot at, const SlotRun& run) { return at < run.first; });
    const bool before = next != runs.begin() && std::prev(next)->last == slot;
    const bool after = next != runs.end() && next->first == slot + 1;
    if (before && after) {
        std::prev(next)->last = next->last;
        runs.erase(next);
    } else if (before) {
        std::prev(next)->last = slot + 1;
    } else if (after) {
        next->first = slot;
    } else {
        runs.insert(next, {slot, slot + 1});
    }
    of_[slot] = cell;
}

void Cells::take_out(Slot slot) {
    std::vector<SlotRun>& runs = runs_[of_[slot]];
    const auto run = std::prev(
        std::upper_bound(runs.begin(), runs.end(), slot, [](Slot at, const SlotRun& each) { return at < each.first; }));
    const SlotRun behind{slot + 1, run->last};
    const bool head = run->first < slot;
    if (head && behind.first < behind.last) {
        runs.insert(std::next(run), behind);
        // The insertion may have moved the runs.
        const auto front = std::prev(std::upper_bound(runs.begin(), runs.end(), slot,
                                                      [](Slot at, const SlotRun& each) { return at < each.first; }));
        front->last = slot;
    } else if (head) {
        run->last = slot;
    } else if (behind.first < behind.last) {
        run->first = behind.first;
    } else {
        runs.erase(run);
    }
    of_[slot] = kNoCell;
}

void Cells::prepare(const Vectors& queries, QueryBlock& block) const {
    std::vector<float> images(queries.count * dim_);
    const std::size_t stride = lanner::row_bytes(queries.type, dim_);
    for (std::size_t i = 0; i < queries.count; ++i) {
        float* const image = images.data() + i * dim_;
        widen_row(static_cast<const std::byte*>(queries.data) + i * stride, queries.type, dim_, *kernels_, image);
        space_.take_apart(image);
    }
    codes_.prepare({images.data(), queries.count, ElementType::kFloat32}, block);
}

// By counting, into parts of the range of distances: what order there is within a part does not matter to a scan.
void Cells::rank(const QueryBlock& queries, std::size_t query, CellRanking& ranking) const {
    const std::size_t cells = count();
    ranking.distances.resize(cells);
    ranking.places.resize(cells);
    ranking.order.resize(cells);
    for (std::size_t first = 0; first < cells;) {
        const std::size_t run = std::min(cells - first, codes_.run(static_cast<Slot>(first)));
        codes_.score_block(queries, query, 1, static_cast<Slot>(first), run, ranking.distances.data() + first, run);
        first += run;
    }
    float least = std::numeric_limits<float>::infinity();
    float most = -least;
    for (const float distance : ranking.distances) {
        least = distance < least ? distance : least;
        most = distance > most ? distance : most;
    }
    const float scale = static_cast<float>(kParts - 1) / (most - least);
    std::array<std::uint32_t, kParts + 1> starts{};
    const bool flat = !(scale > 0 && scale < std::numeric_limits<float>::max());
    for (std::size_t c = 0; c < cells; ++c) {
        const float part = flat ? 0.0F : (ranking.distances[c] - least) * scale;
        // NaN, of a damaged file, goes first.
        ranking.places[c] = part >= 0 && part < static_cast<float>(kParts) ? static_cast<std::uint32_t>(part) : 0;
        ++starts[ranking.places[c] + 1];
    }
    for (std::size_t part = 0; part < kParts; ++part) starts[part + 1] += starts[part];
    for (std::size_t c = 0; c < cells; ++c) ranking.order[starts[ranking.places[c]]++] = static_cast<Cell>(c);
}

std::size_t Cells::memory_bytes() const noexcept {
    std::size_t bytes = codes_.memory_bytes() + of_.capacity() * sizeof(Cell) + tops_.capacity() * sizeof(float);
    for (const Group& group : groups_) bytes += group.columns.capacity() * sizeof(float);
    for (const std::vector<SlotRun>& runs : runs_) bytes += sizeof(runs) + runs.capacity() * sizeof(SlotRun);
    return bytes;
}

void Cells::save(SectionWriter& writer, std::size_t slots) const {
    std::vector<std::uint32_t> counts;
    std::vector<float> columns;
    for (const Group& group : groups_) {
        counts.push_back(static_cast<std::uint32_t>(group.count));
        columns.insert(columns.end(), group.columns.begin(), group.columns.end());
    }
    writer.write_section("cells.groups", counts.data(), counts.size() * sizeof(std::uint32_t));
    writer.write_section("cells.tops", tops_.data(), tops_.size() * sizeof(float));
    writer.write_section("cells.centroids", columns.data(), columns.size() * sizeof(float));
    writer.write_section("cells.of", of_.data(), slots * sizeof(Cell));
}

void Cells::load(const SectionReader& reader, std::size_t slots) {
    for (const char* const name : {"cells.groups", "cells.tops", "cells.centroids"}) reader.verify(name);
    const std::span<const std::byte> groups = reader.section("cells.groups");
    const std::size_t tops = groups.size() / sizeof(std::uint32_t);
    if (groups.size() % sizeof(std::uint32_t) != 0 || tops == 0 || tops > kMostColumns || tops % kColumnMultiple != 0)
        refuse_section("cells.groups", "its number of groups is out of range");
    std::vector<std::uint32_t> counts(tops);
    std::memcpy(counts.data(), groups.data(), groups.size());
    std::size_t total = 0;
    for (const std::uint32_t each : counts) {
        if (each == 0 || each > kMostColumns || each % kColumnMultiple != 0)
            refuse_section("cells.groups", "a group's number of cells is out of range");
        total += each;
    }
    const auto read = [&](const char* name, std::size_t columns) {
        const std::span<const std::byte> bytes = reader.section(name, columns * dim_ * sizeof(float));
        std::vector<float> values(columns * dim_);
        std::memcpy(values.data(), bytes.data(), bytes.size());
        double squares = 0;
        for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
        if (!(squares <= static_cast<double>(std::numeric_limits<float>::max())))
            refuse_section(name, "it holds what is no vector of finite length");
        return values;
    };
    tops_ = read("cells.tops", tops);
    const std::vector<float> centroids = read("cells.centroids", total);
    groups_.assign(tops, {});
    const float* from = centroids.data();
    for (std::size_t g = 0; g < tops; ++g) {
        groups_[g].count = counts[g];
        groups_[g].columns.assign(from, from + counts[g] * dim_);
        from += counts[g] * dim_;
    }
    finish_centroids();
    const std::span<const std::byte> of = reader.section("cells.of", slots * sizeof(Cell));
    std::vector<Cell> cells(slots);
    if (slots > 0) std::memcpy(cells.data(), of.data(), of.size());
    runs_.assign(count(), {});
    of_.assign(slots, kNoCell);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (cells[slot] == kNoCell) continue;
        if (cells[slot] >= total)
            refuse_section("cells.of", "slot " + std::to_string(slot) + " is in no cell there is");
        // Slots come in order, so that each goes to the end of its cell.
        put(static_cast<Slot>(slot), cells[slot]);
    }
}

}  // namespace lanner
