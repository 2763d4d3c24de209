#include "search/lsh_index.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <string>
#include <unordered_map>

#include "base/random.hpp"
#include "base/thread_pool.hpp"
#include "hashing/cross_polytope.hpp"
#include "hashing/set_hashes.hpp"
#include "hashing/stable_hash.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::uint32_t kNeverSeen = std::numeric_limits<std::uint32_t>::max();
// Buckets a table that are tried at most.
constexpr std::size_t kMostProbes = 128;
// Unlike rows that a bucket may hold, by the choice of hashes.
constexpr double kUnlike = 10;
constexpr std::size_t kMostHashes = 32;
constexpr std::size_t kBlock = 256;

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

// What the buckets of one query after another hold.
class LshIndex::Buckets {
  public:
    explicit Buckets(const LshTables& tables) : probing_(tables), seen_(SlotSet::word_count(tables.count()), 0) {}

    // Each row once; of a set, which is a bitmap, only its own.
    const std::vector<Slot>& rows_of(const HashRows& queries, std::size_t query, std::size_t probes,
                                     const SlotSet* set) {
        found_.clear();
        probing_.restart(queries, query);
        const Slot* rows = nullptr;
        std::size_t size = 0;
        for (std::size_t probe = 0; probe < probes && probing_.next(rows, size); ++probe) {
            for (std::size_t j = 0; j < size; ++j) {
                const std::uint64_t bit = std::uint64_t{1} << (rows[j] % 64);
                if ((seen_[rows[j] / 64] & bit) != 0) continue;
                seen_[rows[j] / 64] |= bit;
                found_.push_back(rows[j]);
            }
        }
        for (const Slot slot : found_) seen_[slot / 64] = 0;
        if (set != nullptr) std::erase_if(found_, [&](Slot slot) { return !in_bitmap(*set, slot); });
        return found_;
    }

  private:
    LshTables::Probing probing_;
    std::vector<std::uint64_t> seen_;
    std::vector<Slot> found_;
};

LshIndex::LshIndex(Metric metric, const HashRows& rows, std::size_t dim, const LshOptions& options, const Work& work)
    : LshIndex(metric, dim) {
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
        keep_vectors(rows.vectors, rows.count);
    }
    choose(options, work);
    calibrate(options.seed, work);
}

void LshIndex::keep_vectors(const float* vectors, std::size_t count) {
    const std::size_t bytes = count * dim_ * sizeof(float);
    memory_ = allocate_page(std::max<std::size_t>(bytes, 1));
    if (bytes > 0) std::memcpy(memory_.get(), vectors, bytes);
    rows_.vectors = reinterpret_cast<const float*>(memory_.get());
    codec_ = std::make_unique<PlainCodec>(ElementType::kFloat32, metric_, dim_, active_kernels(), memory_.get(), count);
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
            const std::size_t place = std::min(kRankEnds[0], found.size() - 1);
            std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(place), found.end());
            tenth.push_back(found[place]);
        }
        std::sort(tenth.begin(), tenth.end());
        const double near =
            tenth.empty() ? 0.0 : std::sqrt(std::max(0.0, static_cast<double>(tenth[tenth.size() / 2])));
        width_ = near > 0 && std::isfinite(4 * near) ? 4 * near : 1.0;
    }
    const auto make = [&](std::size_t symbols) -> std::shared_ptr<const HashFamily> {
        const std::size_t bits = bits_for(symbols);
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

// For some rows, after how many buckets each of their nearest was seen.
void LshIndex::calibrate(std::uint64_t seed, const Work& work) {
    const std::size_t count = rows_.count;
    const std::size_t samples = count > kRankEnds[0] ? kSampleRows : 0;
    const std::size_t most = kMostProbes * tables_->shape().tables;
    std::vector<std::vector<std::uint32_t>> found(samples);
    const Sample sampled(*this, samples, seed + 2);
    const Distances distances(*this, sampled.rows());
    parallel_for(
        samples, 1, work.threads,
        [&](std::size_t sample, std::size_t, std::size_t) {
            NearestRows best(std::min(count, kRankEnds[kRanks - 1] + 1));
            look_at_all(distances, distances.scorer().get(), sample, std::numeric_limits<float>::infinity(), nullptr,
                        best);
            std::vector<Candidate> nearest = best.take();
            std::erase_if(nearest, [&](const Candidate& each) { return each.slot == sampled.place(sample); });
            nearest.resize(std::min(nearest.size(), kRankEnds[kRanks - 1]));
            found[sample].assign(nearest.size(), kNeverSeen);
            std::unordered_map<Slot, std::size_t> ranks;
            for (std::size_t rank = 0; rank < nearest.size(); ++rank) ranks.emplace(nearest[rank].slot, rank);
            LshTables::Probing probing(*tables_);
            probing.restart(sampled.rows(), sample);
            const Slot* rows = nullptr;
            std::size_t size = 0;
            for (std::uint32_t probe = 1; probe <= most && !ranks.empty() && probing.next(rows, size); ++probe) {
                for (std::size_t i = 0; i < size; ++i) {
                    const auto seen = ranks.find(rows[i]);
                    if (seen == ranks.end()) continue;
                    found[sample][seen->second] = probe;
                    ranks.erase(seen);
                }
            }
        },
        work.poll);
    for (std::size_t i = 0; i < kRanks; ++i) {
        for (const auto& sample : found) {
            const std::size_t known = std::min(sample.size(), kRankEnds[i]);
            reached_[i].neighbours += known;
            std::copy_if(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(known),
                         std::back_inserter(reached_[i].found_at),
                         [](std::uint32_t each) { return each != kNeverSeen; });
        }
        std::sort(reached_[i].found_at.begin(), reached_[i].found_at.end());
    }
}

std::size_t LshIndex::probes_for(double recall, double nearest) const noexcept {
    std::size_t at = 0;
    while (at + 1 < kRanks && static_cast<double>(kRankEnds[at]) < nearest) ++at;
    const Reached& reached = reached_[at];
    // Less a hair: 0.95 of 640 is a whole number, and not quite one in double.
    const auto wanted = static_cast<std::size_t>(std::ceil(recall * static_cast<double>(reached.neighbours) - 1e-9));
    if (wanted == 0 || wanted > reached.found_at.size()) return 0;
    return reached.found_at[wanted - 1];
}

void LshIndex::look_at_all(const Distances& distances, Scorer* scorer, std::size_t query, float radius,
                           const SlotSet* among, NearestRows& best) const {
    Slot slots[kBlock];
    float values[kBlock];
    std::size_t waiting = 0;
    const auto turn = [&] {
        distances.score(scorer, query, slots, waiting, values);
        for (std::size_t i = 0; i < waiting; ++i) {
            if (values[i] <= radius) best.offer(values[i], slots[i]);
        }
        waiting = 0;
    };
    const auto take = [&](Slot slot) {
        slots[waiting++] = slot;
        if (waiting == kBlock) turn();
    };
    if (among != nullptr) {
        among->for_each(take);
    } else {
        for (std::size_t i = 0; i < rows_.count; ++i) take(static_cast<Slot>(i));
    }
    turn();
}

std::size_t LshIndex::probes_of(const LshEffort& effort, std::size_t k, std::size_t there) const noexcept {
    if (effort.recall <= 0 || there == 0) return effort.probes;
    // The nearest that a query may find are as far as so many nearest of all.
    const double wanted = static_cast<double>(k == kAllWithin ? kRankEnds[0] : k);
    return probes_for(effort.recall, wanted * static_cast<double>(rows_.count) / static_cast<double>(there));
}

std::vector<std::vector<Candidate>> LshIndex::find(const HashRows& queries, std::size_t k, float radius,
                                                   const LshEffort& effort, const Work& work,
                                                   const RowSets& among) const {
    if (codec_) codec_->check_queries({queries.vectors, queries.count, ElementType::kFloat32}, "queries");
    std::vector<std::vector<Candidate>> hits(queries.count);
    const Distances distances(*this, queries);
    const std::size_t group = std::max<std::size_t>(1, std::min<std::size_t>(64, queries.count / work.threads));
    parallel_for(
        queries.count, group, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            const auto scorer = distances.scorer();
            Buckets buckets(*tables_);
            std::vector<float> values;
            for (std::size_t i = begin; i < end; ++i) {
                const SlotSet* const set = among.of(i);
                const std::size_t there = set == nullptr ? rows_.count : set->count();
                const std::size_t probes = probes_of(effort, k, there);
                NearestRows best(std::min(k, there));
                // No more buckets than rows hold anything; to find the next ones takes more than to look at the rows.
                bool all = probes == 0 || probes >= rows_.count || (set != nullptr && set->is_list());
                if (!all) {
                    const std::vector<Slot>& rows = buckets.rows_of(queries, i, probes, set);
                    all = effort.recall > 0 && set != nullptr && k != kAllWithin && rows.size() < best.k();
                    values.resize(rows.size());
                    if (!all) distances.score(scorer.get(), i, rows.data(), rows.size(), values.data());
                    for (std::size_t j = 0; !all && j < rows.size(); ++j) {
                        if (values[j] <= radius) best.offer(values[j], rows[j]);
                    }
                }
                if (all) look_at_all(distances, scorer.get(), i, radius, set, best);
                hits[i] = best.take();
            }
        },
        work.poll);
    return hits;
}

}  // namespace lanner
