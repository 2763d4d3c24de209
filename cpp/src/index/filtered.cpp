// Filtered searches: what a filter lets through, which plan answers, and carrying it out.
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <shared_mutex>
#include <tuple>

#include "base/elapsed.hpp"
#include "base/random.hpp"
#include "index/scratch_lease.hpp"

namespace lanner {
namespace {

using Words = std::vector<std::uint64_t>;

// A walk that has done this many times what was predicted gives up.
constexpr double kPatience = 2.0;
// Of a checked walk's width, this part at least of what was expected to match must match: where nothing is known of what
// lies near the query, and where it is.
constexpr double kWellFed = 0.85;
constexpr double kStarved = 0.5;
// From such a share of all items on, those that a walk finds are checked one by one.
constexpr double kMostMatch = 0.75;
// Nodes near the query, whatever the filter says of them, that a filtered walk begins from.
constexpr std::size_t kNear = 32;
// Where of those less than this part of what was to be expected match, the nearest matches lie far away and scattered among
// others; walks over matching nodes do not find them, and a scan does.
constexpr double kLocalShare = 0.25;
// Matches that a pruned scan looks at in vain before it stops: so many for each candidate that a walk would keep and each row
// of a cell, fewer where few match (cpp/README.md has the figures).
constexpr double kPatienceOfScans = 0.35;
constexpr double kPatienceByShare = 0.25;
// What matches among so many rows near the query tells how wide a walk that checks has to be, and how patient a scan.
constexpr std::size_t kRowsNearby = 1024;
constexpr double kMostScattered = 8;
// Standard errors of sketches that are allowed for where those near the query are left out. With the usual 2, and the usual patience,
// recall@10 was 0.82 to 0.63 among 50,000 text embeddings less the nearest 100 to 4,000; with 4, and eight times it, 0.99.
constexpr float kCrowdedWidth = 4.0F;
constexpr std::size_t kSampleQueries = 8;
constexpr std::size_t kSampleWidth = 256;

}  // namespace

void Index::Impl::check_filters(std::span<const Filter> filters, std::size_t queries) {
    if (filters.size() <= 1 || filters.size() == queries) return;
    throw Error(ErrorKind::kInvalidArgument,
                "filters must be one for all queries or one a query: " + std::to_string(queries) + " queries, " +
                    std::to_string(filters.size()) + " filters");
}

// Items by their ids or places. With state_ held.
class Index::Impl::ItemLookup final : public IdLookup {
  public:
    explicit ItemLookup(const Impl& index) : index_(index), ids_(index.ids_) {}
    Slot find(std::int64_t id) const override {
        refuse(IdKind::kString, "integer ids, and the index has strings");
        return ids_.find(id);
    }
    Slot find(std::string_view id) const override {
        refuse(IdKind::kInt, "string ids, and the index has integers");
        return ids_.find(id);
    }
    std::vector<std::uint64_t> slots_of(const ItemMask& mask) const override {
        const std::size_t items = ids_.size();
        if (mask.items != items) {
            throw Error(ErrorKind::kInvalidArgument, "filter must have one entry an item, and the index has " +
                                                         std::to_string(items) + " items, got " +
                                                         std::to_string(mask.items) + " entries");
        }
        const RowOrder& order = index_.order_;
        const bool full = items == index_.slots_;
        if (full && order.plain()) return mask.words;
        if (full) return in_place_of(mask);
        Words words(index_.live_words_.size());
        const auto mark = [&](Slot slot) { words[slot / 64] |= std::uint64_t{1} << (slot % 64); };
        std::size_t item = 0;
        for (const Slot slot : index_.live_in_order()) {
            if ((mask.words[item / 64] >> (item % 64) & 1U) != 0) mark(slot);
            ++item;
        }
        return words;
    }

  private:
    // Where every slot has an item: the fewer of those that are set and those that are not are taken to their slots.
    Words in_place_of(const ItemMask& mask) const {
        std::size_t set = 0;
        for (const std::uint64_t word : mask.words) set += count_bits(word);
        const bool most = set > mask.items / 2;
        Words words(index_.live_words_.size());
        if (most) std::copy(index_.live_words_.begin(), index_.live_words_.end(), words.begin());
        for (std::size_t at = 0; at < mask.words.size(); ++at) {
            std::uint64_t odd = most ? ~mask.words[at] : mask.words[at];
            if (most && at == mask.items / 64) odd &= (std::uint64_t{1} << (mask.items % 64)) - 1;
            for (; odd != 0; odd &= odd - 1) {
                const Slot slot = index_.order_.slot_at(at * 64 + static_cast<std::size_t>(std::countr_zero(odd)));
                words[slot / 64] ^= std::uint64_t{1} << (slot % 64);
            }
        }
        return words;
    }

    void refuse(IdKind kind, const char* what) const {
        if (ids_.kind() == kind) throw Error(ErrorKind::kWrongType, std::string("a filter names ") + what);
    }

    const Impl& index_;
    const IdMap& ids_;
};

std::shared_ptr<const Matches> Index::Impl::matches_of(const Filter& filter) const {
    if (std::shared_ptr<const Matches> kept = filters_.find(filter, version_)) return kept;
    const ItemLookup lookup(*this);
    const CompiledFilter compiled = attributes_.compile(filter, &lookup);
    return resolved(filter, compiled, foreseen(compiled));
}

std::size_t Index::Impl::foreseen(const CompiledFilter& filter) const {
    // Columns count the rows of an addition under way too.
    const std::size_t under_way = live_.size() - std::min(live_.size(), ids_.size() + free_.size());
    const std::size_t least = attributes_.estimate(filter, ids_.size()).least;
    return least - std::min(least, under_way);
}

std::shared_ptr<const Matches> Index::Impl::resolved(const Filter& filter, const CompiledFilter& compiled,
                                                     std::size_t foreseen) const {
    auto matches = std::make_shared<const Matches>(
        attributes_.evaluate(compiled, {live_words_, live_.size(), ids_.size()}), foreseen);
    filters_.put(filter, version_, matches);
    return matches;
}

std::shared_ptr<const std::vector<Slot>> Index::Impl::ring_nodes() const {
    const std::lock_guard lock(rings_mutex_);
    if (!ring_nodes_ || ring_version_ != version_) {
        auto nodes = std::make_shared<std::vector<Slot>>();
        for (std::size_t at = 0; at < slots_; ++at) {
            const auto slot = static_cast<Slot>(at);
            if (layers_->twin_entry(slot) != 0 && !layers_->is_twin(slot)) nodes->push_back(slot);
        }
        ring_nodes_ = std::move(nodes);
        ring_version_ = version_;
    }
    return ring_nodes_;
}

bool Index::Impl::has_choice(const Matches& matches, const Effort& effort) const noexcept {
    return layers_ && !layers_->empty() && !effort.exact && !scan_is_cheaper(effort.ef, matches.count());
}

PlanRequest Index::Impl::plan_request(SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                                      const Matches& matches, const Effort& effort, const PlanCosts& costs) const {
    PlanRequest request;
    request.items = ids_.size();
    request.matches = matches.count();
    request.k = effort.k;
    request.ef = effort.ef;
    request.sparse_ef = effort.sparse_ef;
    if (!has_choice(matches, effort)) return request;
    request.graph_width = layers_->width(0);
    request.nearly_all = are_nearly_all(matches.foreseen(), effort);
    if (!aids_) return request;
    request.cells = aids_->cells().count();
    request.patience = patience_of(effort, matches.count());
    // What is seen nearby makes pruned scans and walks dearer than this, not a scan of all matches.
    if (cheapest_plan(costs, request) == Plan::kPrunedScan) look_nearby(request, scratch, queries, index, matches);
    return request;
}

void Index::Impl::look_nearby(PlanRequest& request, SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                              const Matches& matches) const {
    rank_cells(scratch, queries, index);
    request.share_nearby = share_nearby(aids_->cells(), matches.slots(), kRowsNearby, scratch.sketched);
    // The nearest matches lie far away and scattered where few of the items near the query match.
    const double share = static_cast<double>(request.matches) / static_cast<double>(request.items);
    const double scattered =
        std::sqrt(share / std::max(request.share_nearby, share / (kMostScattered * kMostScattered)));
    request.patience = static_cast<std::size_t>(static_cast<double>(request.patience) * std::max(1.0, scattered));
}

void Index::Impl::rank_cells(SearchScratch& scratch, PreparedQueries& queries, std::size_t index) const {
    if (queries.cells_of != aids_version_) {
        aids_->cells().prepare(queries.source, queries.cells);
        queries.cells_of = aids_version_;
    }
    aids_->cells().rank(queries.cells, index, scratch.sketched.ranking);
}

// By one thread, while others wait: queries of a batch are to be planned alike.
PlanCosts Index::Impl::plan_costs(SearchScratch& scratch) const {
    const std::lock_guard lock(costs_mutex_);
    const std::size_t size = ids_.size();
    const bool same = costs_aids_ == aids_version_ && size <= 2 * costs_size_ && costs_size_ <= 2 * size;
    if (costs_ && same) return *costs_;
    costs_ = measure_costs(scratch);
    costs_size_ = size;
    costs_aids_ = aids_version_;
    return *costs_;
}

// Some stored rows stand for queries: they are walked for, across a filter that nothing is known of, and scanned for.
PlanCosts Index::Impl::measure_costs(SearchScratch& scratch) const {
    PlanCosts costs;
    if (!layers_ || layers_->empty() || ids_.size() < kSampleQueries) return costs;
    std::vector<Slot> sample;
    for (std::size_t i = 0; sample.size() < kSampleQueries; ++i) {
        auto at = static_cast<std::size_t>(random_at(options_.seed, i) % slots_);
        while (live_[at] == 0) at = (at + 1) % slots_;
        sample.push_back(static_cast<Slot>(at));
    }
    Words words(live_words_.size());
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = live_words_[i] & random_at(options_.seed + 1, i) & random_at(options_.seed + 2, i) &
                   random_at(options_.seed + 3, i);
    SlotSet eighth(std::move(words), live_.size());
    std::vector<Slot> many;
    // Spread over all slots, as what matches will be.
    const std::size_t every = std::max<std::size_t>(1, eighth.count() / 1088);
    std::size_t passed = 0;
    eighth.for_each([&](Slot slot) {
        if (passed++ % every == 0 && many.size() < 1088) many.push_back(slot);
    });
    std::vector<Slot> few(many.begin(),
                          many.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(64, many.size())));
    const Matches eighth_matches(std::move(eighth));
    const SlotSet many_set(std::move(many), live_.size());
    const SlotSet few_set(std::move(few), live_.size());
    eighth_matches.ready_for_walks(*layers_, {});

    Effort effort;
    effort.k = 10;
    effort.ef = effort.sparse_ef = std::min(aim_of(0, effort.k).ef, kSampleWidth);
    effort.rerank = store_.is_layered() ? std::min(effort.ef, default_rerank(effort.k)) : 0;
    effort.scan_rerank = store_.is_layered() ? default_scan_rerank(effort.k) : 0;
    TraverseScratch& traverse = scratch.traverse;
    PreparedQueries prepared;
    std::vector<std::byte> rows(kSampleQueries * row_bytes());
    for (std::size_t i = 0; i < kSampleQueries; ++i) store_.fetch(sample[i], rows.data() + i * row_bytes());
    prepare({rows.data(), kSampleQueries, options_.type}, prepared);
    const auto outer = std::pair(traverse.scored, traverse.hops);
    // The first round brings memory nearer; of the others the quicker counts, as other work can only add to it.
    double walked = 0, crossed = 0, scanned_many = 0, scanned_few = 0, ranked = 0, pruned = 0, sparse = 0;
    double hops = 0, distances = 0, crossed_distances = 0, crossed_lists = 0;
    PrunedWork pruned_work;
    PrunedWork sparse_work;
    for (int round = 0; round < 3; ++round) {
        const auto timed = [&](double& total, const auto& work) {
            const auto begin = std::chrono::steady_clock::now();
            for (std::size_t i = 0; i < kSampleQueries; ++i) work(i);
            const double took = nanoseconds_since(begin) / kSampleQueries;
            total = round < 2 ? took : std::min(total, took);
        };
        traverse.scored = traverse.hops = 0;
        timed(walked, [&](std::size_t i) {
            traverse.scorer->bind_query(store_.queries_of(store_.quickest(), prepared), i);
            search_layer(*layers_, 0, descend(*layers_, 0, traverse), effort.ef, traverse);
        });
        distances = static_cast<double>(traverse.scored) / kSampleQueries;
        hops = static_cast<double>(traverse.hops) / kSampleQueries;
        traverse.scored = scratch.filtered.lists = traverse.hops = 0;
        timed(crossed, [&](std::size_t i) {
            traverse.scorer->bind_query(store_.queries_of(store_.quickest(), prepared), i);
            const Slot start = descend(*layers_, 0, traverse);
            search_layer(*layers_, 0, start, kNear, traverse);
            traverse.beam.copy_to(scratch.near);
            search_filtered(*layers_,
                            {eighth_matches.node_bits(), eighth_matches.seeds(), scratch.near, effort.ef,
                             std::numeric_limits<std::size_t>::max()},
                            traverse, scratch.filtered);
        });
        crossed_distances = static_cast<double>(traverse.scored) / kSampleQueries;
        crossed_lists = static_cast<double>(scratch.filtered.lists) / kSampleQueries;
        timed(scanned_few, [&](std::size_t i) { scan_matches(scratch, prepared, i, few_set, effort); });
        timed(scanned_many, [&](std::size_t i) { scan_matches(scratch, prepared, i, many_set, effort); });
        if (!aids_) continue;
        timed(ranked, [&](std::size_t i) { rank_cells(scratch, prepared, i); });
        const auto prune = [&](double& total, PrunedWork& sum, const SlotSet& set) {
            sum = {};
            timed(total, [&](std::size_t i) {
                rank_cells(scratch, prepared, i);
                const PrunedWork work =
                    scan_sketches(patience_of(effort, set.count()), scratch, prepared, i, set, effort);
                sum.rows += work.rows;
                sum.cells += work.cells;
            });
        };
        prune(pruned, pruned_work, eighth_matches.slots());
        prune(sparse, sparse_work, many_set);
    }
    std::tie(traverse.scored, traverse.hops) = outer;
    costs.extra_hops = std::max(0.0, hops - static_cast<double>(effort.ef));
    costs.hop_distances = distances / std::max(hops, 1.0);
    costs.distance = walked / std::max(distances, 1.0);
    costs.list = std::max(1.0, (crossed - crossed_distances * costs.distance) / std::max(crossed_lists, 1.0));
    const auto more = static_cast<double>(std::max<std::size_t>(many_set.count() - few_set.count(), 1));
    costs.scan_row = std::max(0.1, (scanned_many - scanned_few) / more);
    costs.scan_start = std::max(0.0, scanned_few - costs.scan_row * static_cast<double>(few_set.count()));
    if (!aids_) return costs;
    costs.rank = ranked;
    costs.pruned_rows = static_cast<double>(pruned_work.rows) / kSampleQueries;
    costs.pruned_patience = static_cast<double>(patience_of(effort, eighth_matches.count()));
    // Two scans, one with many matches a cell and one with few, tell what a row costs and what a cell.
    const double fixed = costs.scan_start + ranked;
    const double many_rows = costs.pruned_rows;
    const double cells = static_cast<double>(pruned_work.cells) / kSampleQueries;
    const double sparse_rows = static_cast<double>(sparse_work.rows) / kSampleQueries;
    const double sparse_cells = static_cast<double>(sparse_work.cells) / kSampleQueries;
    const double apart = many_rows * sparse_cells - sparse_rows * cells;
    costs.pruned_row =
        apart > 0 ? ((pruned - fixed) * sparse_cells - (sparse - fixed) * cells) / apart : costs.scan_row;
    costs.pruned_row = std::clamp(costs.pruned_row, costs.scan_row / 4, costs.scan_row);
    costs.cell = std::max(1.0, (sparse - fixed - sparse_rows * costs.pruned_row) / std::max(sparse_cells, 1.0));
    return costs;
}

void Index::Impl::scan_matches(SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                               const SlotSet& matches, const Effort& effort) const {
    if (aids_ && !effort.exact) {
        scan_sketches(0, scratch, queries, index, matches, effort);
        return;
    }
    const bool again = !effort.exact && effort.scan_rerank > 0;
    const bool finest = effort.exact && scratch.finest;
    Scorer& scorer = finest ? *scratch.finest : *scratch.traverse.scorer;
    scorer.bind_query(store_.queries_of(finest ? store_.finest() : store_.quickest(), queries), index);
    scratch.hits = scan_set(scorer, matches, again ? effort.scan_rerank : effort.k, *this);
    scratch.traverse.scored += matches.count();
    if (!again) return;
    scratch.finest->bind_query(queries.exact, index);
    if (!effort.further) {
        rerank(scratch.hits, effort.scan_rerank, *scratch.finest, scratch.rerank);
        order_hits(scratch.hits, effort.k);
        return;
    }
    const std::size_t first = scratch.hits.size();
    std::vector<Candidate>& more = scratch.rerank.more;
    rerank_further(scratch.hits, effort.scan_rerank, effort.k, *scratch.finest, scratch.rerank, [&](float limit) {
        if (first == matches.count()) return std::span<const Candidate>();
        more = scan_set_radius(scorer, matches, limit, *this);
        scratch.traverse.scored += matches.count();
        // The first are those that were looked at.
        return std::span<const Candidate>(more).subspan(std::min(first, more.size()));
    });
    order_hits(scratch.hits, effort.k);
}

std::size_t Index::Impl::patience_of(const Effort& effort, std::size_t matches) const noexcept {
    const auto items = static_cast<double>(ids_.size());
    const double rows_a_cell = items / static_cast<double>(aids_->cells().count());
    const double share = std::pow(static_cast<double>(matches) / items, kPatienceByShare);
    return static_cast<std::size_t>(kPatienceOfScans * share * rows_a_cell * static_cast<double>(effort.ef)) + 1;
}

PrunedWork Index::Impl::scan_sketches(std::size_t patience, SearchScratch& scratch, PreparedQueries& queries,
                                      std::size_t index, const SlotSet& matches, const Effort& effort) const {
    const ScanReach reach{effort.k, effort.width};
    if (queries.sketches_of != aids_version_) {
        aids_->sketches().prepare(queries.source, queries.sketches);
        queries.sketches_of = aids_version_;
    }
    PrunedWork work{matches.count(), 0};
    if (patience > 0) {
        work = pruned_scan(aids_->sketches(), aids_->cells(), queries.sketches, index, matches, {reach, patience},
                           scratch.sketched, scratch.hits);
    } else {
        filtered_scan(aids_->sketches(), queries.sketches, index, matches, reach, scratch.sketched, scratch.hits);
    }
    const bool again = scratch.finest && effort.rerank > 0;
    Scorer& scorer = *scratch.traverse.scorer;
    scorer.bind_query(store_.queries_of(store_.quickest(), queries), index);
    scratch.traverse.scored +=
        work.rows + narrow(again ? effort.rerank : effort.k, scorer, scratch.sketched, scratch.hits);
    if (again) {
        scratch.finest->bind_query(queries.exact, index);
        if (effort.further) {
            rerank_further(scratch.hits, effort.rerank, effort.k, *scratch.finest, scratch.rerank, [&](float limit) {
                const std::span<const Candidate> more = beyond_within(limit, scorer, scratch.sketched);
                scratch.traverse.scored += more.size();
                return more;
            });
        } else {
            rerank(scratch.hits, effort.rerank, *scratch.finest, scratch.rerank);
        }
    }
    order_hits(scratch.hits, effort.k);
    return work;
}

bool Index::Impl::follow_plan(Plan plan, const PlanRequest& request, SearchScratch& scratch, PreparedQueries& queries,
                              std::size_t index, const Matches& matches, const Effort& effort,
                              const PlanCosts& costs) const {
    scratch.hits.clear();
    if (plan == Plan::kEmpty) return true;
    if (plan == Plan::kScan) {
        scan_matches(scratch, queries, index, matches.slots(), effort);
        return true;
    }
    if (plan == Plan::kPrunedScan) {
        scratch.filtered.lists +=
            scan_sketches(request.patience, scratch, queries, index, matches.slots(), effort).cells;
        return scratch.hits.size() >= std::min(effort.k, matches.count());
    }
    matches.ready_for_walks(*layers_, *ring_nodes());
    const std::size_t width = walk_width(plan, request);
    TraverseScratch& traverse = scratch.traverse;
    traverse.scorer->bind_query(store_.queries_of(store_.quickest(), queries), index);
    const Slot start = descend(*layers_, 0, traverse);
    if (plan == Plan::kCheckedWalk) {
        search_layer(*layers_, 0, start, width, traverse);
        std::size_t found = 0;
        for (std::size_t i = 0; i < traverse.beam.size(); ++i)
            found += holds(matches.node_bits(), traverse.beam[i].slot) ? 1 : 0;
        const double wanted = request.share_nearby < 0 && aids_ ? kWellFed : kStarved;
        if (static_cast<double>(found) < wanted * static_cast<double>(std::min(effort.ef, matches.count())))
            return false;
    } else {
        const PlanCost predicted = predict(plan, costs, request);
        const double most = kPatience * (predicted.distances + predicted.lists);
        search_layer(*layers_, 0, start, kNear, traverse);
        traverse.beam.copy_to(scratch.near);
        std::size_t found = 0;
        for (const Candidate& each : scratch.near) found += holds(matches.node_bits(), each.slot) ? 1 : 0;
        const double expected = static_cast<double>(scratch.near.size()) * static_cast<double>(matches.count()) /
                                static_cast<double>(request.items);
        if (static_cast<double>(found) < kLocalShare * expected) return false;
        const FilteredWalk walk{matches.node_bits(), matches.seeds(), scratch.near, width,
                                static_cast<std::size_t>(most)};
        if (!search_filtered(*layers_, walk, traverse, scratch.filtered)) return false;
        if (!traverse.beam.full()) return false;
    }
    collect_hits(scratch, queries, index, effort, {&matches});
    return scratch.hits.size() >= std::min(effort.k, matches.count());
}

bool Index::Impl::filtered_search(SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                                  const Matches& matches, const Effort& effort) const {
    const bool nearly_all = are_nearly_all(matches.foreseen(), effort);
    if (nearly_all) {
        matches.ready_for_walks(*layers_, *ring_nodes());
        if (walk_checking(scratch, queries, index, matches.foreseen(), {&matches}, effort)) return true;
    }
    // First, as measuring takes the same scratch.
    const PlanCosts costs = has_choice(matches, effort) ? plan_costs(scratch) : PlanCosts();
    PlanRequest request = plan_request(scratch, queries, index, matches, effort, costs);
    if (nearly_all) {
        // Fewer match near the query than elsewhere.
        request.nearly_all = false;
        if (request.cells > 0) {
            look_nearby(request, scratch, queries, index, matches);
            const std::size_t base = patience_of(effort, matches.count());
            request.patience = std::max(request.patience, static_cast<std::size_t>(kMostScattered) * base);
        }
    }
    // What is left out lies around the query: the nearest matches are many at nearly the same distance, which sketches hardly
    // tell apart.
    Effort careful = effort;
    if (nearly_all) careful.width = std::max(careful.width, kCrowdedWidth);
    Plan plan = cheapest_plan(costs, request);
    if (follow_plan(plan, request, scratch, queries, index, matches, careful, costs)) return !nearly_all;
    if (plan == Plan::kCheckedWalk && request.cells > 0 && request.share_nearby < 0) {
        look_nearby(request, scratch, queries, index, matches);
        plan = cheapest_plan(costs, request);
        if (follow_plan(plan, request, scratch, queries, index, matches, careful, costs)) return false;
    }
    // What looks at those that do match is cheaper than a scan of nearly all.
    const Plan next = aids_ ? Plan::kPrunedScan : Plan::kFilteredWalk;
    const bool again =
        plan == Plan::kCheckedWalk && follow_plan(next, request, scratch, queries, index, matches, careful, costs);
    if (!again) follow_plan(Plan::kScan, request, scratch, queries, index, matches, careful, costs);
    return false;
}

void Index::Impl::filtered_search(SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                                  const Filter& filter, const Effort& effort) const {
    if (const std::shared_ptr<const Matches> kept = filters_.find(filter, version_)) {
        filtered_search(scratch, queries, index, *kept, effort);
        return;
    }
    const ItemLookup lookup(*this);
    const CompiledFilter compiled = attributes_.compile(filter, &lookup);
    const std::size_t least = foreseen(compiled);
    if (are_nearly_all(least, effort) && walk_checking(scratch, queries, index, least, {nullptr, &compiled}, effort))
        return;
    filtered_search(scratch, queries, index, *resolved(filter, compiled, least), effort);
}

bool Index::Impl::are_nearly_all(std::size_t foreseen, const Effort& effort) const noexcept {
    return layers_ && !layers_->empty() && !effort.exact && !scan_is_cheaper(effort.ef) &&
           static_cast<double>(foreseen) >= kMostMatch * static_cast<double>(ids_.size());
}

bool Index::Impl::walk_checking(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index,
                                std::size_t foreseen, const Admission& admission, const Effort& effort) const {
    TraverseScratch& traverse = scratch.traverse;
    traverse.scorer->bind_query(store_.queries_of(store_.quickest(), queries), index);
    const double share = static_cast<double>(foreseen) / static_cast<double>(ids_.size());
    const auto width = static_cast<std::size_t>(std::ceil(static_cast<double>(effort.ef) / share));
    search_layer(*layers_, 0, descend(*layers_, 0, traverse), width, traverse);
    std::size_t found = 0;
    for (std::size_t i = 0; i < traverse.beam.size(); ++i) found += may_admit(admission, traverse.beam[i].slot) ? 1 : 0;
    if (static_cast<double>(found) < kWellFed * static_cast<double>(effort.ef)) return false;
    // What lies nearest is not left out: as many true distances as without a filter will do.
    Effort usual = effort;
    usual.further = false;
    collect_hits(scratch, queries, index, usual, admission);
    return scratch.hits.size() == effort.k;
}

std::size_t Index::Impl::count(const Filter& filter) const {
    const std::shared_lock lock(state_);
    return matches_of(filter)->count();
}

OwnedIds Index::Impl::ids(const Filter& filter) const {
    const std::shared_lock lock(state_);
    return ids_of(in_order(matches_of(filter)->slots()));
}

}  // namespace lanner
