// Searches within a radius.
#include <algorithm>
#include <shared_mutex>

#include "attributes/owned_table.hpp"
#include "base/thread_pool.hpp"
#include "base/throttle.hpp"
#include "index/scratch_lease.hpp"

namespace lanner {
namespace {

// Candidates kept on the way to a radius.
constexpr std::size_t kRadiusEf = 96;
// Walks a thread under one hold of the lock.
constexpr std::size_t kWalksAHold = 64;

}  // namespace

// Has a scratch walk by true distances for a while: a border drawn through estimates would be nobody's radius.
class Index::Impl::FinestWalk {
  public:
    explicit FinestWalk(SearchScratch& scratch) : scratch_(scratch) { exchange(); }
    ~FinestWalk() { exchange(); }
    FinestWalk(const FinestWalk&) = delete;
    FinestWalk& operator=(const FinestWalk&) = delete;

  private:
    void exchange() noexcept {
        if (scratch_.finest) std::swap(scratch_.finest, scratch_.traverse.scorer);
    }

    SearchScratch& scratch_;
};

// What one hold of the lock finds: hits are slots until their ids and attributes are read.
class Index::Impl::RadiusSearch {
  public:
    RadiusSearch(const Impl& index, const Vectors& queries, float radius, const SearchOptions& options,
                 const std::vector<std::string>* names)
        : index_(index),
          queries_(queries),
          radius_(radius),
          options_(options),
          names_(names),
          ef_(options.ef > 0 ? options.ef : kRadiusEf),
          threads_(thread_count(options.threads)),
          shared_(index) {
        result_.offsets.assign(1, 0);
    }

    // Answers the next queries. Returns whether there are more.
    bool advance() {
        const std::shared_lock lock(index_.state_);
        if (names_ != nullptr && tables_.empty()) tables_.push_back({0, index_.attributes_.get({}, *names_)});
        if (done_ == queries_.count) return false;
        PreparedQueries& prepared = shared_->queries;
        if (done_ == 0 || index_.store_.is_outdated(prepared)) index_.store_.prepare(queries_, prepared);
        const bool scans = options_.exact || !index_.layers_ || index_.layers_->empty() || index_.scan_is_cheaper(ef_);
        const std::size_t most = index_.queries_a_hold(threads_);
        const std::size_t count =
            std::min(queries_.count - done_, scans ? most : std::min(most, kWalksAHold * threads_));
        take(scans && options_.filters.empty() ? scanned(count) : walked(count, scans));
        done_ += count;
        return done_ < queries_.count;
    }

    RadiusHits finish() {
        index_.count_work(queries_.count, shared_->traverse);
        if (names_ != nullptr) result_.columns = joined(tables_).columns;
        if (index_.ids_.kind() == IdKind::kString) {
            result_.ids = std::move(strings_);
        } else {
            result_.ids = std::move(integers_);
        }
        return std::move(result_);
    }

  private:
    using Found = std::vector<std::vector<Candidate>>;

    const QueryBlock& prepared() const { return index_.store_.queries_of(index_.store_.finest(), shared_->queries); }

    Found scanned(std::size_t count) {
        shared_->traverse.scored += count * index_.slots_;
        return scan_radius(index_.scan_rows(index_.store_.finest()), {prepared(), done_, count}, radius_, threads_);
    }

    Found walked(std::size_t count, bool scans) {
        Found hits(count);
        KeptMatches kept;
        parallel_for(count, 1, threads_, [&](std::size_t at, std::size_t, std::size_t) {
            ScratchLease scratch(index_);
            const FinestWalk walk(*scratch);
            TraverseScratch& traverse = scratch->traverse;
            traverse.scorer->bind_query(prepared(), done_ + at);
            std::shared_ptr<const Matches> matches;
            if (!options_.filters.empty()) {
                matches = options_.filters.size() == 1 ? kept.get(index_, options_.filters[0])
                                                       : index_.matches_of(options_.filters[done_ + at]);
            }
            if (matches && (scans || index_.scan_is_cheaper(ef_, matches->count()))) {
                hits[at] = scan_set_radius(*traverse.scorer, matches->slots(), radius_, index_);
                traverse.scored += matches->count();
            } else {
                walk_for(traverse, matches.get(), hits[at]);
            }
            index_.count_work(0, traverse);
        });
        return hits;
    }

    void walk_for(TraverseScratch& traverse, const Matches* matches, std::vector<Candidate>& hits) const {
        const Layers& layers = *index_.layers_;
        if (matches != nullptr) matches->ready_for_walks(layers, *index_.ring_nodes());
        search_layer(layers, 0, descend(layers, 0, traverse), ef_, traverse);
        std::vector<Candidate> nodes;
        flood(layers, radius_, traverse, nodes);
        for (const Candidate& each : nodes) index_.take_hit(each, {matches}, traverse.visited, hits);
        std::sort(hits.begin(), hits.end(),
                  [&](const Candidate& left, const Candidate& right) { return index_.TieBreak::nearer(left, right); });
    }

    void take(const Found& hits) {
        std::vector<Slot> slots;
        for (const std::vector<Candidate>& each : hits) {
            for (const Candidate& hit : each) {
                result_.distances.push_back(index_.as_reported(hit.distance));
                slots.push_back(hit.slot);
                if (index_.ids_.kind() == IdKind::kString) {
                    strings_.emplace_back(index_.ids_.text(hit.slot));
                } else {
                    integers_.push_back(index_.ids_.integer(hit.slot));
                }
            }
            result_.offsets.push_back(static_cast<std::int64_t>(result_.distances.size()));
        }
        if (names_ != nullptr) tables_.push_back({slots.size(), index_.attributes_.get(slots, *names_)});
    }

    const Impl& index_;
    const Vectors& queries_;
    float radius_;
    const SearchOptions& options_;
    const std::vector<std::string>* names_;
    std::size_t ef_;
    std::size_t threads_;
    ScratchLease shared_;
    std::size_t done_ = 0;
    RadiusHits result_;
    std::vector<OwnedTable> tables_;
    std::vector<std::int64_t> integers_;
    std::vector<std::string> strings_;
};

RadiusHits Index::Impl::search_radius(const Vectors& queries, float radius, const SearchOptions& options,
                                      const std::vector<std::string>* names) const {
    if (radius != radius) throw Error(ErrorKind::kInvalidArgument, "radius must be a number, got NaN");
    if (options.recall != 0)
        throw Error(ErrorKind::kInvalidArgument,
                    "recall is an aim for the k nearest; a search within a radius takes ef");
    store_.check_queries(queries, "queries");
    check_filters(options.filters, queries.count);
    RadiusSearch search(*this, queries, radius, options, names);
    Throttle throttle;
    while (search.advance()) {
        if (options.poll && throttle.due()) options.poll();
    }
    return search.finish();
}

}  // namespace lanner
