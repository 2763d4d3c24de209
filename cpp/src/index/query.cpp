// Reads: searches, and everything else that leaves an index as it is.
#include <algorithm>
#include <limits>
#include <shared_mutex>

#include "attributes/owned_table.hpp"
#include "base/thread_pool.hpp"
#include "base/throttle.hpp"
#include "index/scratch_lease.hpp"

namespace lanner {
namespace {

// A scan finds what there is, so that nothing else stands between it and the true neighbours.
constexpr std::size_t kScanReranks = 3;
// Neighbours asked for beyond this share are looked for among sketches with a wider margin.
constexpr double kWideRecall = 0.97;
constexpr double kWidestRecall = 0.992;
// Fewer features leave their estimates errors that are not normal.
constexpr std::size_t kFewFeatures = 96;
constexpr float kWidthOfFew = 3.0F;
// Queries a thread that a scan answers under one hold of the lock: as many as take so many products, some tenths of a second.
constexpr std::size_t kScanProducts = std::size_t{1} << 34;
constexpr std::size_t kLeastScanGroup = 64;
constexpr std::size_t kMostScanGroup = 512;

Vectors row_of(const Vectors& vectors, std::size_t row, std::size_t row_bytes) {
    return {static_cast<const std::byte*>(vectors.data) + row * row_bytes, 1, vectors.type};
}

void check_recall(const SearchOptions& options) {
    if (options.recall == 0) return;
    if (!(options.recall > 0 && options.recall <= 1)) {
        throw Error(ErrorKind::kInvalidArgument,
                    "recall must be above 0 and at most 1, got " + std::to_string(options.recall));
    }
    const char* const other = options.ef > 0 ? "ef" : options.rerank ? "rerank" : options.exact ? "exact" : nullptr;
    if (other != nullptr) {
        throw Error(ErrorKind::kInvalidArgument,
                    std::string("recall and ") + other + " both say how hard to try; give one of them");
    }
}

}  // namespace

// More threads than this serve nobody, and each costs memory.
std::size_t Index::Impl::thread_count(std::size_t asked) noexcept {
    constexpr std::size_t kMostThreads = 1024;
    return std::min(asked > 0 ? asked : default_thread_count(), kMostThreads);
}

// Of coarse codes many are looked at anyway.
std::size_t Index::Impl::scan_reranks() const noexcept {
    return options_.codec == CodecKind::kSQ8 || options_.codec == CodecKind::kSQ4 ? kScanReranks : 1;
}

std::size_t Index::Impl::default_scan_rerank(std::size_t k) const noexcept {
    return scan_reranks() * default_rerank(k);
}

bool Index::Impl::scan_is_cheaper(std::size_t ef, std::size_t rows) const noexcept {
    return (std::min(rows, ids_.size()) + kScanPerCandidate - 1) / kScanPerCandidate <= ef;
}

ScanRows Index::Impl::scan_rows(const Codec& codec) const noexcept {
    const bool all_live = ids_.size() == slots_;
    return {codec, slots_, all_live ? std::span<const std::uint8_t>() : std::span<const std::uint8_t>(live_), *this};
}

void Index::Impl::count_work(std::uint64_t queries, TraverseScratch& scratch) const noexcept {
    queries_done_.fetch_add(queries, std::memory_order_relaxed);
    distances_done_.fetch_add(std::exchange(scratch.scored, 0), std::memory_order_relaxed);
    hops_done_.fetch_add(std::exchange(scratch.hops, 0), std::memory_order_relaxed);
}

// The candidate and its twins, as far as they are live and among the matches, where there is a filter. A ring of a damaged file may never close: no slot of it is
// looked at twice in a search.
bool Index::Impl::admits(const Admission& admission, Slot slot) const noexcept {
    if (admission.matches != nullptr) return holds(admission.matches->slot_bits(), slot);
    return admission.filter == nullptr || attributes_.matches(*admission.filter, slot);
}

bool Index::Impl::may_admit(const Admission& admission, Slot node) const noexcept {
    if (admission.matches != nullptr) return holds(admission.matches->node_bits(), node);
    Slot slot = node;
    // The ring of a damaged file may not close.
    for (std::size_t left = slots_; left > 0; --left) {
        if (slot < live_.size() && live_[slot] != 0 && admits(admission, slot)) return true;
        slot = layers_->next_twin(slot);
        if (slot == node) return false;
    }
    return false;
}

void Index::Impl::take_hit(const Candidate& candidate, const Admission& admission, VisitedMarks& visited,
                           std::vector<Candidate>& hits) const {
    Slot slot = candidate.slot;
    do {
        const bool live = slot < live_.size() && live_[slot] != 0;
        if (live && admits(admission, slot)) hits.push_back({candidate.distance, slot});
        slot = layers_->next_twin(slot);
    } while (slot != candidate.slot && visited.visit(slot));
}

// Brings equal distances into the order of ids, and keeps k.
void Index::Impl::order_hits(std::vector<Candidate>& hits, std::size_t k) const {
    for (std::size_t first = 0; first < std::min(k, hits.size());) {
        std::size_t end = first + 1;
        while (end < hits.size() && hits[end].distance == hits[first].distance) ++end;
        if (end - first > 1) {
            std::sort(
                hits.begin() + static_cast<std::ptrdiff_t>(first), hits.begin() + static_cast<std::ptrdiff_t>(end),
                [&](const Candidate& left, const Candidate& right) { return ids_.before(left.slot, right.slot); });
        }
        first = end;
    }
    if (hits.size() > k) hits.resize(k);
}

Index::Impl::Effort Index::Impl::effort_of(const SearchOptions& options) const {
    if (options.k == 0) throw Error(ErrorKind::kInvalidArgument, "k must be at least 1, got 0");
    const auto refuse = [](const char* why) {
        throw Error(ErrorKind::kInvalidArgument, std::string("rerank looks at vectors behind codes, and ") + why);
    };
    if (options.rerank && !store_.has_codes()) refuse("this index has no codec");
    if (options.rerank && !store_.keeps_originals()) refuse("this index keeps none");
    if (options.rerank && options.exact) refuse("exact=True looks at vectors alone");
    check_recall(options);
    const double recall = options.recall > 0 ? options.recall : kDefaultRecall;
    const Aim aim = options.ef > 0 ? Aim{options.ef} : aim_of(recall, options.k);
    Effort effort;
    effort.k = options.k;
    effort.exact = options.exact || options.recall == 1 || (layers_ && aim.ef == Aim::kScan);
    effort.ef = std::max(aim.ef, options.k);
    effort.sparse_ef = effort.ef;
    // Among matching nodes alone a graph is sparser: half as many may be missed.
    if (!options.filters.empty() && options.ef == 0 && !effort.exact) {
        const Aim sparse = aim_of((1 + recall) / 2, options.k);
        if (sparse.ef != Aim::kScan) effort.sparse_ef = std::max(sparse.ef, options.k);
    }
    if (recall > kWideRecall) effort.width = recall > kWidestRecall ? 3.0F : 2.5F;
    if (options_.dim < kFewFeatures) effort.width = std::max(effort.width, kWidthOfFew);
    effort.codes = store_.has_codes() && !layers_ && !effort.exact;
    if (!store_.is_layered()) return effort;
    if (options.rerank) {
        effort.rerank = *options.rerank == 0 ? 0 : std::max(*options.rerank, options.k);
        effort.scan_rerank = effort.rerank;
        effort.ef = std::max(effort.ef, effort.rerank);
    } else {
        const std::size_t count = aim.rerank_all ? effort.ef : default_rerank(options.k);
        effort.scan_rerank = scan_reranks() * count;
        effort.rerank = layers_ ? std::min(effort.ef, count) : effort.scan_rerank;
        effort.further = !options.filters.empty();
    }
    return effort;
}

// An estimate can fall below what a distance can be.
float Index::Impl::as_reported(float distance) const noexcept {
    const bool estimate = store_.has_codes() && options_.metric != Metric::kIp;
    return estimate && distance < 0 ? 0.0F : distance;
}

// With state_ held shared.
void Index::Impl::prepare(const Vectors& queries, PreparedQueries& prepared) const {
    store_.prepare(queries, prepared);
    prepared.source = queries;
    prepared.sketches_of = prepared.cells_of = 0;
}

// With state_ held shared. Leaves the k nearest in scratch.hits.
void Index::Impl::graph_search(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index,
                               const Effort& effort) const {
    TraverseScratch& traverse = scratch.traverse;
    traverse.scorer->bind_query(store_.queries_of(store_.quickest(), queries), index);
    const Slot start = descend(*layers_, 0, traverse);
    search_layer(*layers_, 0, start, effort.ef, traverse);
    collect_hits(scratch, queries, index, effort, {});
}

// The k nearest of the walk's candidates that match, in scratch.hits, after the closer look that the effort asks for.
void Index::Impl::collect_hits(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index,
                               const Effort& effort, const Admission& admission) const {
    TraverseScratch& traverse = scratch.traverse;
    const Beam& beam = traverse.beam;
    const auto matching = [&](const Candidate& candidate) { return may_admit(admission, candidate.slot); };
    scratch.hits.clear();
    const auto full = [&](const Candidate& candidate) {
        return scratch.hits.size() >= effort.k && candidate.distance > scratch.hits.back().distance;
    };
    if (effort.rerank > 0) {
        scratch.found.clear();
        for (std::size_t i = 0; i < beam.size() && scratch.found.size() < effort.rerank; ++i) {
            if (!matching(beam[i])) continue;
            scratch.found.push_back(beam[i]);
            layers_->prefetch_twin(beam[i].slot);
            ids_.prefetch(beam[i].slot);
        }
        scratch.finest->bind_query(queries.exact, index);
        const auto others = [&](float) {
            std::vector<Candidate>& more = scratch.rerank.more;
            more.clear();
            for (std::size_t passed = 0, i = 0; i < beam.size(); ++i) {
                if (matching(beam[i]) && ++passed > effort.rerank) more.push_back(beam[i]);
            }
            return std::span<const Candidate>(more);
        };
        if (effort.further) {
            rerank_further(scratch.found, effort.rerank, effort.k, *scratch.finest, scratch.rerank, others);
        } else {
            rerank(scratch.found, effort.rerank, *scratch.finest, scratch.rerank);
        }
        for (const Candidate& candidate : scratch.found) {
            if (full(candidate)) break;
            take_hit(candidate, admission, traverse.visited, scratch.hits);
        }
    } else {
        for (std::size_t i = 0; i < beam.size() && !full(beam[i]); ++i) {
            if (matching(beam[i])) take_hit(beam[i], admission, traverse.visited, scratch.hits);
        }
    }
    order_hits(scratch.hits, effort.k);
}

// With state_ held shared.
std::size_t Index::Impl::queries_a_hold(std::size_t threads) const noexcept {
    const std::size_t products = std::max<std::size_t>(slots_, 1) * options_.dim;
    return std::clamp(kScanProducts / products, kLeastScanGroup, kMostScanGroup) * threads;
}

// With state_ held shared.
std::vector<std::vector<Candidate>> Index::Impl::scan(SearchScratch& scratch, const PreparedQueries& queries,
                                                      std::size_t first, std::size_t count, const Effort& effort,
                                                      std::size_t threads) const {
    // Where every row would be looked at again, the first look is for nothing.
    const bool codes = effort.codes && !(effort.rerank > 0 && effort.rerank >= ids_.size());
    const Codec& codec = codes ? store_.quickest() : store_.finest();
    const bool again = codes && effort.rerank > 0;
    std::vector<std::vector<Candidate>> hits = scan_nearest(
        scan_rows(codec), {store_.queries_of(codec, queries), first, count}, again ? effort.rerank : effort.k, threads);
    scratch.traverse.scored += count * slots_;
    for (std::size_t i = 0; again && i < count; ++i) {
        scratch.finest->bind_query(queries.exact, first + i);
        rerank(hits[i], effort.rerank, *scratch.finest, scratch.rerank);
        order_hits(hits[i], effort.k);
    }
    return hits;
}

void Index::Impl::write_hits(const std::vector<Candidate>& hits, std::size_t query, std::size_t k,
                             const HitBuffers& out) const {
    const std::size_t first = query * k;
    const bool strings = ids_.kind() == IdKind::kString;
    if (!hits.empty() && (strings ? out.strings == nullptr : out.ids == nullptr)) {
        throw Error(ErrorKind::kWrongType, strings ? "hits have string ids, and no room was given for them"
                                                   : "hits have integer ids, and no room was given for them");
    }
    for (std::size_t i = 0; i < hits.size(); ++i) {
        if (strings) {
            out.strings[first + i] = ids_.text(hits[i].slot);
        } else {
            out.ids[first + i] = ids_.integer(hits[i].slot);
        }
        out.distances[first + i] = as_reported(hits[i].distance);
    }
    for (std::size_t i = hits.size(); i < k; ++i) {
        if (out.ids != nullptr) out.ids[first + i] = -1;
        out.distances[first + i] = std::numeric_limits<float>::infinity();
    }
    if (out.counts != nullptr) out.counts[query] = static_cast<std::int64_t>(hits.size());
    if (out.columns == nullptr) return;
    std::vector<Slot> slots;
    slots.reserve(hits.size());
    for (const Candidate& hit : hits) slots.push_back(hit.slot);
    out.columns->queries[query] = {slots.size(), attributes_.get(slots, out.columns->names)};
}

void Index::Impl::search(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const {
    store_.check_queries(queries, "queries");
    search_prepared(queries, options, out);
}

void Index::Impl::search_prepared(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const {
    Effort effort;
    {
        const std::shared_lock lock(state_);
        effort = effort_of(options);
        // Names that there are not are refused, whatever is found.
        if (out.columns != nullptr)
            out.columns->queries.assign(queries.count, {0, attributes_.get({}, out.columns->names)});
    }
    check_filters(options.filters, queries.count);
    if (queries.count == 0) return;
    const std::size_t k = effort.k;
    const std::size_t threads = thread_count(options.threads);
    Throttle throttle;
    std::function<void()> poll;
    if (options.poll) {
        poll = [&] {
            if (throttle.due()) options.poll();
        };
    }
    ScratchLease shared(*this);
    PreparedQueries& prepared = shared->queries;

    // Locks are held for a while only, so that a large batch keeps no writer waiting: a group of queries for scans, one
    // for graphs. Never while polling: what is asked may wait for somebody who waits for the lock, or want it itself.
    bool exact = (effort.exact || !layers_) && options.filters.empty();
    // Walks make each query of a batch ready by themselves, right before it is needed, and beside one another.
    const auto at_once = [&] { return exact || queries.count == 1; };
    {
        const std::shared_lock lock(state_);
        if (!exact && options.filters.empty()) exact = layers_->empty() || scan_is_cheaper(effort.ef);
        if (at_once()) prepare(queries, prepared);
    }
    KeptMatches kept;
    const auto scan_all = [&](SearchScratch& scratch, const PreparedQueries& ready, std::size_t from, std::size_t first,
                              std::size_t count, std::size_t hands) {
        const auto hits = scan(scratch, ready, from, count, effort, hands);
        for (std::size_t i = 0; i < count; ++i) write_hits(hits[i], first + i, k, out);
    };
    if (exact) {
        for (std::size_t first = 0; first < queries.count;) {
            std::shared_lock lock(state_);
            if (store_.is_outdated(prepared)) store_.prepare(queries, prepared);
            const std::size_t count = std::min(queries_a_hold(threads), queries.count - first);
            scan_all(*shared, prepared, first, first, count, threads);
            first += count;
            lock.unlock();
            if (poll) poll();
        }
    } else {
        const auto answer = [&](SearchScratch& scratch, std::size_t query) {
            const std::shared_lock lock(state_);
            PreparedQueries* ready = &prepared;
            std::size_t at = query;
            if (!at_once() || store_.is_outdated(prepared)) {
                prepare(row_of(queries, query, lanner::row_bytes(queries.type, options_.dim)), scratch.queries);
                ready = &scratch.queries;
                at = 0;
            }
            if (!options.filters.empty()) {
                if (options.filters.size() == 1 && queries.count > 1) {
                    filtered_search(scratch, *ready, at, *kept.get(*this, options.filters[0]), effort);
                } else {
                    filtered_search(scratch, *ready, at, options.filters[options.filters.size() == 1 ? 0 : query],
                                    effort);
                }
                write_hits(scratch.hits, query, k, out);
                return;
            }
            if (!layers_->empty()) {
                graph_search(scratch, *ready, at, effort);
                if (scratch.hits.size() >= std::min(k, ids_.size())) {
                    write_hits(scratch.hits, query, k, out);
                    return;
                }
            }
            // Too little of the graph was reached; every row that there is must come back.
            scan_all(scratch, *ready, at, query, 1, 1);
        };
        if (queries.count == 1) {
            answer(*shared, 0);
        } else {
            parallel_for(
                queries.count, 4, threads,
                [&](std::size_t begin, std::size_t end, std::size_t) {
                    ScratchLease scratch(*this);
                    for (std::size_t query = begin; query < end; ++query) answer(*scratch, query);
                    count_work(0, scratch->traverse);
                },
                poll);
        }
    }
    count_work(queries.count, shared->traverse);
}

void Index::Impl::search_by_id(const Ids& ids, const SearchOptions& options, const HitBuffers& out) const {
    if (options.k == 0) throw Error(ErrorKind::kInvalidArgument, "k must be at least 1, got 0");
    std::vector<std::byte> rows;
    Vectors queries{nullptr, 0, options_.type};
    IdKind kind = IdKind::kNone;
    {
        const std::shared_lock lock(state_);
        const std::vector<Slot> slots = find_all(ids, "search_by_id");
        rows.resize(slots.size() * row_bytes());
        for (std::size_t i = 0; i < slots.size(); ++i) store_.fetch(slots[i], rows.data() + i * row_bytes());
        queries.data = rows.data();
        queries.count = slots.size();
        kind = ids_.kind();
    }
    store_.check_queries(queries, "ids");
    // One more than asked for, as the item itself is likely among them.
    SearchOptions wider = options;
    wider.k = options.k + 1;
    if (options.ef > 0) wider.ef = options.ef + 1;
    const std::size_t places = queries.count * wider.k;
    std::vector<std::int64_t> found(kind == IdKind::kString ? 0 : places);
    std::vector<std::string> texts(kind == IdKind::kString ? places : 0);
    std::vector<float> distances(places);
    std::vector<std::int64_t> counts(queries.count);
    HitColumns columns;
    if (out.columns != nullptr) {
        columns.names = out.columns->names;
        out.columns->queries.resize(queries.count);
    }
    search_prepared(queries, wider,
                    {found.empty() ? nullptr : found.data(), texts.empty() ? nullptr : texts.data(), distances.data(),
                     counts.data(), out.columns != nullptr ? &columns : nullptr});
    std::vector<std::size_t> others;  // which of the hits of a query are not the item itself
    for (std::size_t query = 0; query < queries.count; ++query) {
        const std::size_t from = query * wider.k;
        const std::size_t into = query * options.k;
        std::size_t kept = 0;
        others.clear();
        for (std::size_t i = 0; i < static_cast<std::size_t>(counts[query]) && kept < options.k; ++i) {
            const bool itself = kind == IdKind::kString
                                    ? texts[from + i] == std::get<std::span<const std::string_view>>(ids)[query]
                                    : found[from + i] == std::get<std::span<const std::int64_t>>(ids)[query];
            if (itself) continue;
            others.push_back(i);
            if (kind == IdKind::kString) {
                if (out.strings != nullptr) out.strings[into + kept] = std::move(texts[from + i]);
            } else if (out.ids != nullptr) {
                out.ids[into + kept] = found[from + i];
            }
            out.distances[into + kept] = distances[from + i];
            ++kept;
        }
        if (out.counts != nullptr) out.counts[query] = static_cast<std::int64_t>(kept);
        if (out.columns != nullptr) out.columns->queries[query] = rows_of(columns.queries[query], others);
        for (; kept < options.k; ++kept) {
            if (out.ids != nullptr) out.ids[into + kept] = -1;
            out.distances[into + kept] = std::numeric_limits<float>::infinity();
        }
    }
}

void Index::Impl::get(const Ids& ids, void* out) const {
    const std::shared_lock lock(state_);
    const std::vector<Slot> slots = find_all(ids, "get");
    for (std::size_t i = 0; i < slots.size(); ++i)
        store_.fetch(slots[i], static_cast<std::byte*>(out) + i * row_bytes());
}

template <typename Id>
bool Index::Impl::contains(Id id) const {
    const std::shared_lock lock(state_);
    const Slot slot = ids_.find(id);
    return slot != kNoSlot && live_[slot] != 0;
}
template bool Index::Impl::contains(std::int64_t) const;
template bool Index::Impl::contains(std::string_view) const;

OwnedIds Index::Impl::ids() const {
    const std::shared_lock lock(state_);
    return ids_of(live_in_order());
}

MemoryUse Index::Impl::memory() const {
    const std::shared_lock lock(state_);
    MemoryUse use;
    use.scratch = filters_.memory_bytes();
    use.vectors = store_.memory_bytes();
    use.graph = layers_ ? layers_->memory_bytes() : 0;
    use.ids = ids_.memory_bytes() + live_.capacity() + live_words_.capacity() * sizeof(std::uint64_t) +
              free_.size() * sizeof(Slot) + order_.memory_bytes();
    use.attributes = attributes_.memory_bytes() + (aids_ ? aids_->memory_bytes() : 0);
    const std::lock_guard scratch_lock(scratch_mutex_);
    for (const auto& each : scratch_) use.scratch += each->traverse.visited.bytes() + each->queries.bytes();
    return use;
}

SearchStats Index::Impl::search_stats(bool reset) const {
    SearchStats stats;
    const auto read = [reset](std::atomic<std::uint64_t>& counter) {
        return reset ? counter.exchange(0, std::memory_order_relaxed) : counter.load(std::memory_order_relaxed);
    };
    stats.queries = read(queries_done_);
    stats.distances = read(distances_done_);
    stats.hops = read(hops_done_);
    return stats;
}

std::size_t Index::Impl::size() const {
    const std::shared_lock lock(state_);
    return ids_.size();
}

IdKind Index::Impl::id_kind() const noexcept { return ids_.kind(); }

}  // namespace lanner
