#include "search/lsh_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/nearest_rows.hpp"
#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "hashing/cross_polytope.hpp"
#include "hashing/set_hashes.hpp"
#include "hashing/stable_hash.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kSampleRows = 64;
constexpr std::size_t kNeighbours = 10;
// Buckets a table that are tried at most.
constexpr std::size_t kMostProbes = 128;
// Unlike rows that a bucket may hold, by the choice of hashes.
constexpr double kUnlike = 10;
constexpr std::size_t kMostHashes = 32;
constexpr std::size_t kBlock = 256;

std::size_t whole_bytes(std::size_t bits) noexcept { return (bits + 7) / 8 * 8; }

// Of ascending items.
float jaccard(const std::uint64_t* left, std::size_t left_count, const std::uint64_t* right,
              std::size_t right_count) noexcept {
    std::size_t i = 0;
    std::size_t j = 0;
    std::size_t both = 0;
    while (i < left_count && j < right_count) {
        const std::uint64_t a = left[i];
        const std::uint64_t b = right[j];
        both += a == b ? 1 : 0;
        i += a <= b ? 1 : 0;
        j += b <= a ? 1 : 0;
    }
    const std::size_t either = left_count + right_count - both;
    return either == 0 ? 0 : static_cast<float>(1 - static_cast<double>(both) / static_cast<double>(either));
}

// Sets in the order of their items, each item once.
void sort_sets(const HashRows& rows, std::vector<std::int64_t>& offsets, std::vector<std::uint64_t>& items) {
    offsets.assign(1, 0);
    items.clear();
    for (std::size_t i = 0; i < rows.count; ++i) {
        const auto begin = static_cast<std::ptrdiff_t>(items.size());
        items.insert(items.end(), rows.items + rows.offsets[i], rows.items + rows.offsets[i + 1]);
        std::sort(items.begin() + begin, items.end());
        items.erase(std::unique(items.begin() + begin, items.end()), items.end());
        offsets.push_back(static_cast<std::int64_t>(items.size()));
    }
}

}  // namespace

class LshIndex::Distances {
  public:
    Distances(const LshIndex& index, const HashRows& queries) : index_(index) {
        if (index.codec_) {
            index.codec_->prepare({queries.vectors, queries.count, ElementType::kFloat32}, block_);
        } else {
            sort_sets(queries, offsets_, items_);
        }
    }

    // What one thread scores with.
    std::unique_ptr<Scorer> scorer() const { return index_.codec_ ? index_.codec_->make_scorer() : nullptr; }

    void score(Scorer* scorer, std::size_t query, const Slot* slots, std::size_t count, float* out) const {
        if (scorer != nullptr) {
            scorer->bind_query(block_, query);
            scorer->score(slots, count, out);
            return;
        }
        const auto begin = static_cast<std::size_t>(offsets_[query]);
        const auto size = static_cast<std::size_t>(offsets_[query + 1]) - begin;
        for (std::size_t i = 0; i < count; ++i) {
            const auto from = static_cast<std::size_t>(index_.offsets_[slots[i]]);
            const auto other = static_cast<std::size_t>(index_.offsets_[slots[i] + 1]) - from;
            out[i] = jaccard(items_.data() + begin, size, index_.items_.data() + from, other);
        }
    }

  private:
    const LshIndex& index_;
    QueryBlock block_;
    std::vector<std::int64_t> offsets_;
    std::vector<std::uint64_t> items_;
};

class LshIndex::Sample {
  public:
    Sample(const LshIndex& index, std::size_t count, std::uint64_t seed) {
        offsets_.push_back(0);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t place = random_at(seed, i) % index.rows_.count;
            places_.push_back(place);
            if (index.codec_) {
                const float* const row = index.rows_.vectors + place * index.dim_;
                vectors_.insert(vectors_.end(), row, row + index.dim_);
            } else {
                items_.insert(items_.end(), index.items_.begin() + index.offsets_[place],
                              index.items_.begin() + index.offsets_[place + 1]);
                offsets_.push_back(static_cast<std::int64_t>(items_.size()));
            }
        }
        rows_.count = count;
        rows_.vectors = vectors_.data();
        rows_.offsets = offsets_.data();
        rows_.items = items_.data();
    }
    const HashRows& rows() const noexcept { return rows_; }
    std::size_t place(std::size_t i) const noexcept { return places_[i]; }

  private:
    std::vector<std::size_t> places_;
    std::vector<float> vectors_;
    std::vector<std::int64_t> offsets_;
    std::vector<std::uint64_t> items_;
    HashRows rows_;
};

LshIndex::LshIndex(Metric metric, const HashRows& rows, std::size_t dim, const LshOptions& options, const Work& work)
    : metric_(metric), dim_(dim) {
    if (rows.count > kMaxSlots)
        throw Error(ErrorKind::kInvalidArgument,
                    "rows must be at most " + std::to_string(kMaxSlots) + ", got " + std::to_string(rows.count));
    rows_.count = rows.count;
    if (metric == Metric::kJaccard) {
        sort_sets(rows, offsets_, items_);
        rows_.offsets = offsets_.data();
        rows_.items = items_.data();
    } else {
        const PlainCodec checks(ElementType::kFloat32, metric, dim, active_kernels());
        checks.check_rows({rows.vectors, rows.count, ElementType::kFloat32}, "vectors", work.poll);
        const std::size_t bytes = rows.count * dim * sizeof(float);
        memory_ = allocate_page(std::max<std::size_t>(bytes, 1));
        if (bytes > 0) std::memcpy(memory_.get(), rows.vectors, bytes);
        rows_.vectors = reinterpret_cast<const float*>(memory_.get());
        codec_ = std::make_unique<PlainCodec>(ElementType::kFloat32, metric, dim, active_kernels(), memory_.get(),
                                              rows.count);
    }
    choose(options, work);
    calibrate(options.seed, work);
}

std::size_t LshIndex::bytes() const noexcept {
    return rows_.count * dim_ * sizeof(float) + (offsets_.size() + items_.size()) * 8 + tables_->bytes();
}

// The width of cells and the number of hashes, where they are not given: so many that of rows drawn at random some ten share
// a bucket, by how often single symbols of such rows are the same.
void LshIndex::choose(const LshOptions& options, const Work& work) {
    const std::size_t count = rows_.count;
    width_ = options.width;
    if (metric_ == Metric::kL2 && width_ == 0) {
        std::vector<float> tenth;
        const Sample sample(*this, std::min(count, kSampleRows), options.seed);
        const Distances distances(*this, sample.rows());
        const auto scorer = distances.scorer();
        std::vector<Slot> all(std::min<std::size_t>(count, 20000));
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Slot>(i * count / all.size());
        std::vector<float> found(all.size());
        for (std::size_t i = 0; i < sample.rows().count; ++i) {
            if (work.poll) work.poll();
            distances.score(scorer.get(), i, all.data(), all.size(), found.data());
            const std::size_t place = std::min(kNeighbours, found.size() - 1);
            std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(place), found.end());
            tenth.push_back(found[place]);
        }
        std::sort(tenth.begin(), tenth.end());
        const double near =
            tenth.empty() ? 0.0 : std::sqrt(std::max(0.0, static_cast<double>(tenth[tenth.size() / 2])));
        width_ = near > 0 && std::isfinite(4 * near) ? 4 * near : 1.0;
    }
    const auto make = [&](std::size_t symbols) -> std::shared_ptr<const HashFamily> {
        const std::size_t bits = whole_bytes(symbols);
        if (metric_ == Metric::kL2) return std::make_shared<StableHash>(dim_, bits, width_, options.seed);
        if (metric_ == Metric::kCosine) return std::make_shared<CrossPolytope>(dim_, bits, options.seed);
        return std::make_shared<MinHash>(bits, options.seed);
    };
    LshShape shape{options.tables, options.hashes};
    if (shape.hashes == 0) {
        constexpr std::size_t kPairs = 512;
        constexpr std::size_t kSymbols = 64;
        const auto probe = make(kSymbols);
        std::vector<std::uint32_t> left(kSymbols);
        std::vector<std::uint32_t> right(kSymbols);
        double same = 0.5;  // a small share even where none were seen
        for (std::size_t pair = 0; pair < (count > 1 ? kPairs : 0); ++pair) {
            probe->symbols_of(rows_, random_at(options.seed + 1, 2 * pair) % count, left.data());
            probe->symbols_of(rows_, random_at(options.seed + 1, 2 * pair + 1) % count, right.data());
            for (std::size_t i = 0; i < kSymbols; ++i) same += left[i] == right[i] ? 1 : 0;
        }
        const double share = std::min(same / (kPairs * kSymbols), 0.999);
        const double wanted = std::log(std::max(static_cast<double>(count) / kUnlike, 2.0)) / -std::log(share);
        shape.hashes = std::clamp<std::size_t>(static_cast<std::size_t>(std::ceil(wanted)), 1, kMostHashes);
    }
    tables_ = std::make_unique<LshTables>(make(shape.tables * shape.hashes), rows_, shape, work);
}

// For some rows, after how many buckets each of their ten nearest was seen.
void LshIndex::calibrate(std::uint64_t seed, const Work& work) {
    const std::size_t count = rows_.count;
    const std::size_t samples = count > kNeighbours ? kSampleRows : 0;
    const std::size_t most = kMostProbes * tables_->shape().tables;
    std::vector<std::vector<std::uint32_t>> found(samples);
    const Sample sampled(*this, samples, seed + 2);
    const Distances distances(*this, sampled.rows());
    parallel_for(
        samples, 1, work.threads,
        [&](std::size_t sample, std::size_t, std::size_t) {
            std::vector<Candidate> nearest = look_at_all(distances, sample, kNeighbours + 1);
            std::erase_if(nearest, [&](const Candidate& each) { return each.slot == sampled.place(sample); });
            nearest.resize(std::min(nearest.size(), kNeighbours));
            found[sample].assign(nearest.size(), std::numeric_limits<std::uint32_t>::max());
            LshTables::Probing probing(*tables_);
            probing.restart(sampled.rows(), sample);
            const Slot* rows = nullptr;
            std::size_t size = 0;
            for (std::uint32_t probe = 1; probe <= most && probing.next(rows, size); ++probe) {
                for (std::size_t i = 0; i < size; ++i) {
                    for (std::size_t j = 0; j < nearest.size(); ++j) {
                        if (rows[i] == nearest[j].slot) found[sample][j] = std::min(found[sample][j], probe);
                    }
                }
            }
        },
        work.poll);
    for (const auto& sample : found) {
        neighbours_ += sample.size();
        for (const std::uint32_t each : sample) {
            if (each <= most) found_at_.push_back(each);
        }
    }
    std::sort(found_at_.begin(), found_at_.end());
}

std::size_t LshIndex::probes_for(double recall) const noexcept {
    // Less a hair: 0.95 of 640 is a whole number, and not quite one in double.
    const auto wanted = static_cast<std::size_t>(std::ceil(recall * static_cast<double>(neighbours_) - 1e-9));
    if (wanted == 0 || wanted > found_at_.size()) return 0;
    return found_at_[wanted - 1];
}

std::vector<Candidate> LshIndex::look_at_all(const Distances& distances, std::size_t query, std::size_t k) const {
    const auto scorer = distances.scorer();
    NearestRows best(k);
    Slot slots[kBlock];
    float values[kBlock];
    for (std::size_t first = 0; first < rows_.count; first += kBlock) {
        const std::size_t now = std::min(kBlock, rows_.count - first);
        for (std::size_t i = 0; i < now; ++i) slots[i] = static_cast<Slot>(first + i);
        distances.score(scorer.get(), query, slots, now, values);
        for (std::size_t i = 0; i < now; ++i) best.offer(values[i], slots[i]);
    }
    return best.take();
}

std::vector<std::vector<Candidate>> LshIndex::nearest(const HashRows& queries, std::size_t k, std::size_t probes,
                                                      const Work& work) const {
    if (codec_) codec_->check_queries({queries.vectors, queries.count, ElementType::kFloat32}, "queries");
    k = std::min(k, rows_.count);
    // No more buckets than that hold anything; to find the next ones takes more than to look at the rows.
    if (probes >= rows_.count) probes = 0;
    std::vector<std::vector<Candidate>> hits(queries.count);
    const Distances distances(*this, queries);
    const std::size_t group = std::max<std::size_t>(1, std::min<std::size_t>(64, queries.count / work.threads));
    parallel_for(
        queries.count, group, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            if (probes == 0) {
                for (std::size_t i = begin; i < end; ++i) hits[i] = look_at_all(distances, i, k);
                return;
            }
            const auto scorer = distances.scorer();
            LshTables::Probing probing(*tables_);
            std::vector<std::uint64_t> seen((rows_.count + 63) / 64, 0);
            std::vector<Slot> slots;
            std::vector<float> values;
            for (std::size_t i = begin; i < end; ++i) {
                slots.clear();
                probing.restart(queries, i);
                const Slot* rows = nullptr;
                std::size_t size = 0;
                for (std::size_t probe = 0; probe < probes && probing.next(rows, size); ++probe) {
                    for (std::size_t j = 0; j < size; ++j) {
                        const std::uint64_t bit = std::uint64_t{1} << (rows[j] % 64);
                        if ((seen[rows[j] / 64] & bit) != 0) continue;
                        seen[rows[j] / 64] |= bit;
                        slots.push_back(rows[j]);
                    }
                }
                for (const Slot slot : slots) seen[slot / 64] = 0;
                values.resize(slots.size());
                distances.score(scorer.get(), i, slots.data(), slots.size(), values.data());
                NearestRows best(k);
                for (std::size_t j = 0; j < slots.size(); ++j) best.offer(values[j], slots[j]);
                hits[i] = best.take();
            }
        },
        work.poll);
    return hits;
}

}  // namespace lanner
