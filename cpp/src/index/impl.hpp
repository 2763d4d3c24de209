// The index behind the façade: vectors, graph, ids, and the locks that let them be read while one thread changes them.
// Locks: `writer_` is held by a change from its first check to its end; `state_` is held shared by every reader while it
// looks at anything, and exclusively by a writer for the short steps in which what readers see changes. A writer may
// read without `state_`.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "attributes/attribute_table.hpp"
#include "base/fair_shared_mutex.hpp"
#include "graph/build.hpp"
#include "graph/layers.hpp"
#include "graph/repair.hpp"
#include "index/durable.hpp"
#include "index/filter_cache.hpp"
#include "index/id_map.hpp"
#include "index/row_order.hpp"
#include "index/scan_aids.hpp"
#include "index/vector_store.hpp"
#include "lanner/index.hpp"
#include "search/calibrate.hpp"
#include "search/effort.hpp"
#include "search/exact_scan.hpp"
#include "search/filtered_scan.hpp"
#include "search/filtered_traverse.hpp"
#include "search/planner.hpp"
#include "search/pruned_scan.hpp"
#include "search/rerank.hpp"
#include "search/set_scan.hpp"

namespace lanner {

// What one search thread needs; kept in the index between searches.
struct SearchScratch {
    explicit SearchScratch(const VectorStore& store)
        : traverse(store.quickest()), finest(store.is_layered() ? store.finest().make_scorer() : nullptr) {}
    TraverseScratch traverse;
    std::unique_ptr<Scorer> finest;  // where codes are walked and originals are kept
    PreparedQueries queries;
    std::vector<Candidate> found;
    std::vector<Candidate> hits;
    RerankScratch rerank;
    FilteredScratch filtered;
    FilteredScanScratch sketched;
    std::vector<Candidate> near;
};

class Index::Impl : private TieBreak {
  public:
    explicit Impl(const IndexOptions& options);
    ~Impl() override;

    // write.cpp, slots.cpp, fitting.cpp
    void fit(const Vectors& sample, const WriteOptions& options);
    RowsToFit rows_to_fit() const;
    std::optional<float> codec_recall() const;
    OwnedIds add(const Vectors& vectors, const Ids& ids, const WriteOptions& options, bool upsert,
                 const TableView* attributes);
    void remove(const Ids& ids, const WriteOptions& options);
    std::size_t remove(const Filter& filter, const WriteOptions& options);

    // attributes.cpp
    void update_attributes(const Ids& ids, const TableView& table);
    Schema schema() const;
    bool schema_given() const;
    std::vector<OwnedColumn> attributes(const Ids& ids, std::span<const std::string> names) const;

    // query.cpp
    void search(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const;
    void search_by_id(const Ids& ids, const SearchOptions& options, const HitBuffers& out) const;
    RadiusHits search_radius(const Vectors& queries, float radius, const SearchOptions& options,
                             const std::vector<std::string>* names) const;
    void get(const Ids& ids, void* out) const;
    template <typename Id>
    bool contains(Id id) const;
    OwnedIds ids() const;
    MemoryUse memory() const;
    SearchStats search_stats(bool reset) const;
    std::size_t size() const;
    IdKind id_kind() const noexcept;

    // filtered.cpp
    std::size_t count(const Filter& filter) const;
    OwnedIds ids(const Filter& filter) const;

    // explain.cpp
    Explanation explain(const Vectors& query, const Filter& filter, const SearchOptions& options) const;
    Explanation explain(const Vectors& query, const SearchOptions& options) const;

    // persist.cpp
    FileIdentity save(Sink& sink);
    void save_to(const std::string& path);
    static std::unique_ptr<Impl> load(const SectionReader& reader, const OpenOptions& options);

    // journaled.cpp
    static std::unique_ptr<Impl> open_durable(const std::string& path, const OpenOptions& options);
    void close();
    std::optional<DurableState> durable() const;

    // validate.cpp
    GraphFigures validate() const;

    // compact.cpp
    void compact(const WriteOptions& options);

    const IndexOptions& options() const noexcept { return options_; }
    bool read_only() const noexcept { return read_only_; }
    std::size_t row_bytes() const noexcept { return lanner::row_bytes(options_.type, options_.dim); }

  private:
    // Held by a change for as long as it runs; refuses a change from within a change (a progress callback's, say).
    class WriterGuard;
    // A borrowed scratch, given back at the end.
    class ScratchLease;
    class FinestWalk;
    class RadiusSearch;
    struct Addition;

    bool before(Slot left, Slot right) const noexcept override { return ids_.before(left, right); }

    FileIdentity write_sections(Sink& sink) const;
    // With the writer's lock held.
    void checkpoint();
    void check_file();
    void secure();
    void repeat(const Change& change, const Progress& progress);
    void repeat(const Journal::Record& record, const std::string& path, const Progress& progress);
    // What is acknowledged, after a sync that failed for changes that were made already. Throws Error.
    void settle();
    // Before a copy is made, which may hold no change whose call may still fail.
    void settle_all();
    // One call that changes the index: `work` with the writer's lock held, which leaves everything as it was where it throws.
    // What it wrote to the journal is on the disk afterwards, or unmade.
    void change(const std::function<void(ChangeEntry&)>& work);
    // Takes over everything but options, locks and journal. With state_ held exclusively.
    void swap_contents(Impl& other) noexcept;

    void check_writable() const;
    void thaw_ids();
    void fit(const Vectors& sample, const WriteOptions& options, ChangeEntry& entry);
    OwnedIds add(const Vectors& vectors, const Ids& ids, const WriteOptions& options, bool upsert,
                 const TableView* attributes, ChangeEntry& entry);
    // The slots of the ids, ascending.
    void remove(const std::vector<Slot>& slots, const Ids& ids, const WriteOptions& options, ChangeEntry& entry);
    void update_attributes(const Ids& ids, const TableView& table, ChangeEntry& entry);
    void compact(const WriteOptions& options, ChangeEntry& entry);
    // To the journal, where there is one.
    Vectors kept_still(const Vectors& vectors, std::vector<std::byte>& own) const;
    void write_addition(ChangeEntry& entry, const Vectors& vectors, const OwnedIds& ids, bool upsert,
                        const TableView* attributes) const;
    Addition plan_addition(const Vectors& vectors, const Ids& ids, bool upsert) const;
    void take_slots(Addition& addition);
    // Of two free slots, whether the first is used after the second.
    auto comes_later() const noexcept {
        return [this](Slot left, Slot right) { return order_.place_of(left) > order_.place_of(right); };
    }
    // With state_ held exclusively. Before items exchange places, of so many.
    void reserve_exchanges(std::size_t places);
    void fit_codes(const Vectors& vectors, Addition& addition, const Work& work);
    // Whether codes are fitted once these rows come.
    bool will_fit(const Vectors& vectors) const noexcept;
    // Before slots are taken: rows of one cell get neighbouring ones.
    void fit_aids(const Vectors& vectors, Addition& addition, std::size_t threads, const std::function<void()>& poll);
    std::unique_ptr<ScanAids> made_aids(const Vectors& more, std::size_t threads,
                                        const std::function<void()>& poll) const;
    // With state_ held exclusively.
    void swap_aids(std::unique_ptr<ScanAids>& aids) noexcept;
    std::vector<Slot> live_slots() const;
    // In the order in which a user meets them.
    std::vector<Slot> live_in_order() const;
    std::vector<Slot> in_order(const SlotSet& set) const;
    OwnedIds ids_of(std::span<const Slot> slots) const;
    void store_rows(const Vectors& vectors, const Addition& addition, std::size_t threads,
                    const std::function<void()>& poll);
    void store_attributes(const Addition& addition, const std::function<void()>& poll);
    void commit(Addition& addition, std::size_t begin, std::size_t end) noexcept;
    void undo(Addition& addition) noexcept;
    // `last` is called when all has been worked out and nothing has been given up yet; it may throw. `changes` is what the
    // calibration is told of.
    void take_out(const std::vector<Slot>& leaving, std::span<const std::uint8_t> live, std::size_t changes,
                  const BuildOptions& options, GraphEdit& edit, const std::function<void()>& last);
    void release(const std::vector<Slot>& leaving, const RingPlan& plan) noexcept;
    // The slot is in no graph any more and carries no id: wiped, and free to be used again.
    void free_slot(Slot slot) noexcept;
    void set_live(Slot slot, bool live) noexcept;
    // Looks through the whole graph for unreachable nodes, once enough of it has changed. Whether it did.
    bool connect_if_due(std::size_t changes, std::span<const std::uint8_t> live, std::size_t size,
                        const BuildOptions& options, GraphEdit& edit);
    std::vector<Slot> find_all(const Ids& ids, std::string_view what) const;
    static void refuse_repeats(const Ids& ids);

    // calibration.cpp
    std::vector<Slot> rows_to_ask(std::span<const std::uint8_t> live, std::size_t size) const;
    // What is known after a change of so many items that leaves those in `live`: measured anew where enough has changed.
    Calibration calibrated(std::size_t changes, std::span<const std::uint8_t> live, const BuildOptions& options) const;
    // With state_ held exclusively.
    void set_calibration(const Calibration& calibration) noexcept;
    void save_calibration(SectionWriter& writer) const;
    void load_calibration(const SectionReader& reader);
    static constexpr double kDefaultRecall = 0.95;
    // For a search that names no width; 0 for the default. With state_ held shared.
    Aim aim_of(double recall, std::size_t k) const noexcept;
    // Candidates of a walk over codes that are looked at once more.
    std::size_t default_rerank(std::size_t k) const noexcept;

    static std::size_t thread_count(std::size_t asked) noexcept;
    std::size_t scan_reranks() const noexcept;
    std::size_t default_scan_rerank(std::size_t k) const noexcept;
    // A row scanned in order costs this many times less than one met in a graph, and a candidate expanded costs about this
    // many distances: below that size of index the scan is both quicker and exact.
    static constexpr std::size_t kScanPerCandidate = 16;
    // Of so many rows; of all, if not given.
    bool scan_is_cheaper(std::size_t ef, std::size_t rows = kMaxSlots) const noexcept;
    ScanRows scan_rows(const Codec& codec) const noexcept;
    // How hard a search tries.
    struct Effort {
        std::size_t k = 0;
        std::size_t ef = 0;
        std::size_t sparse_ef = 0;    // of a walk over matching nodes alone
        std::size_t rerank = 0;       // candidates of a walk looked at once more; 0: none
        std::size_t scan_rerank = 0;  // of a scan of codes
        bool codes = false;           // a scan without a filter looks at codes
        bool further = false;         // under a filter more are looked at once more where that may find nearer ones
        bool exact = false;
        float width = kSketchWidth;  // of scans of sketches
    };
    Effort effort_of(const SearchOptions& options) const;
    // `prepared` refers to the queries.
    void prepare(const Vectors& queries, PreparedQueries& prepared) const;
    void graph_search(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index,
                      const Effort& effort) const;
    std::vector<std::vector<Candidate>> scan(SearchScratch& scratch, const PreparedQueries& queries, std::size_t first,
                                             std::size_t count, const Effort& effort, std::size_t threads) const;
    // Of scans, under one hold of the lock.
    std::size_t queries_a_hold(std::size_t threads) const noexcept;
    PlanCost scan_cost(const PreparedQueries& queries, const Effort& effort) const;
    float as_reported(float distance) const noexcept;
    // Which slots may be hits: all, those of a set, or those that a filter holds for.
    struct Admission {
        const Matches* matches = nullptr;
        const CompiledFilter* filter = nullptr;
    };
    bool admits(const Admission& admission, Slot slot) const noexcept;
    // Whether it or a twin of it may be one.
    bool may_admit(const Admission& admission, Slot node) const noexcept;
    void collect_hits(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index, const Effort& effort,
                      const Admission& admission) const;
    void take_hit(const Candidate& candidate, const Admission& admission, VisitedMarks& visited,
                  std::vector<Candidate>& hits) const;
    void order_hits(std::vector<Candidate>& hits, std::size_t k) const;
    void write_hits(const std::vector<Candidate>& hits, std::size_t query, std::size_t k, const HitBuffers& out) const;
    void search_prepared(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const;

    // filtered.cpp. All with state_ held shared.
    class KeptMatches;
    static void check_filters(std::span<const Filter> filters, std::size_t queries);
    class ItemLookup;
    std::shared_ptr<const Matches> matches_of(const Filter& filter) const;
    // How many match at least, as far as is known without working it out.
    std::size_t foreseen(const CompiledFilter& filter) const;
    // Works it out, and keeps it.
    std::shared_ptr<const Matches> resolved(const Filter& filter, const CompiledFilter& compiled,
                                            std::size_t foreseen) const;
    std::shared_ptr<const std::vector<Slot>> ring_nodes() const;
    PlanCosts plan_costs(SearchScratch& scratch) const;
    PlanCosts measure_costs(SearchScratch& scratch) const;
    // Whether anything but a scan of the matches is thought of.
    bool has_choice(const Matches& matches, const Effort& effort) const noexcept;
    // Looks at what lies near the query only where a plan depends on it.
    PlanRequest plan_request(SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                             const Matches& matches, const Effort& effort, const PlanCosts& costs) const;
    // Puts the cells into their order for the query, and adds to a request what is seen of the nearest.
    void look_nearby(PlanRequest& request, SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                     const Matches& matches) const;
    void rank_cells(SearchScratch& scratch, PreparedQueries& queries, std::size_t index) const;
    // Leaves the hits of one query in scratch.hits. Whether the plan was carried through.
    bool follow_plan(Plan plan, const PlanRequest& request, SearchScratch& scratch, PreparedQueries& queries,
                     std::size_t index, const Matches& matches, const Effort& effort, const PlanCosts& costs) const;
    bool filtered_search(SearchScratch& scratch, PreparedQueries& queries, std::size_t index, const Matches& matches,
                         const Effort& effort) const;
    // Of a filter that nothing but its query is asked with.
    void filtered_search(SearchScratch& scratch, PreparedQueries& queries, std::size_t index, const Filter& filter,
                         const Effort& effort) const;
    // Whether so many matches are nearly all items. What is foreseen decides, so that an answer does not depend on whether the
    // filter was worked out before.
    bool are_nearly_all(std::size_t foreseen, const Effort& effort) const noexcept;
    // A walk whose candidates are checked one by one: such a filter need not be worked out for all items. Whether it found enough.
    bool walk_checking(SearchScratch& scratch, const PreparedQueries& queries, std::size_t index, std::size_t foreseen,
                       const Admission& admission, const Effort& effort) const;
    void scan_matches(SearchScratch& scratch, PreparedQueries& queries, std::size_t index, const SlotSet& matches,
                      const Effort& effort) const;
    // Over sketches: cell by cell, in the order that rank_cells() left, until `patience` matches were looked at in vain; or, for
    // 0, all.
    PrunedWork scan_sketches(std::size_t patience, SearchScratch& scratch, PreparedQueries& queries, std::size_t index,
                             const SlotSet& matches, const Effort& effort) const;
    std::size_t patience_of(const Effort& effort, std::size_t matches) const noexcept;

    void count_work(std::uint64_t queries, TraverseScratch& scratch) const noexcept;
    void load_aids(const SectionReader& reader);
    // validate.cpp. A writer is kept away by the caller, or by there being none yet.
    void check_bookkeeping() const;
    void check_contents() const;
    GraphFigures check_graph() const;
    void check_next_id() const;
    std::size_t check_ring(Slot node) const;

    IndexOptions options_;
    VectorStore store_;
    std::optional<Layers> layers_;
    IdMap ids_;
    AttributeTable attributes_;
    std::unique_ptr<ScanAids> aids_;  // where there are attributes, and enough rows
    RowOrder order_;
    std::uint64_t aids_version_ = 0;         // grows whenever others take their place
    std::vector<std::uint8_t> live_;         // by slot
    std::vector<std::uint64_t> live_words_;  // the same, a bit a slot
    std::uint64_t version_ = 0;              // grows whenever what a filter lets through may change
    std::vector<Slot> free_;                 // a heap: that of the first place is used first
    std::size_t slots_ = 0;                  // slots ever live; scans look at these
    std::size_t changes_ = 0;                // since the graph was last checked for unreachable nodes
    Calibration calibration_;
    EffortModel effort_model_;
    std::atomic<bool> read_only_{false};
    bool closed_ = false;
    bool unchecked_ = false;     // the file that a durable index lies in was not read as a whole
    std::string close_failure_;  // empty: none. With writer_ held

    mutable std::mutex writer_;
    mutable std::atomic<std::thread::id> writer_thread_{};
    mutable FairSharedMutex state_;

    mutable std::mutex scratch_mutex_;
    mutable std::vector<std::unique_ptr<SearchScratch>> scratch_;
    mutable FilterCache filters_;
    mutable std::mutex costs_mutex_;  // of the three below
    mutable std::optional<PlanCosts> costs_;
    mutable std::size_t costs_size_ = 0;    // items when they were measured
    mutable std::uint64_t costs_aids_ = 0;  // aids_version_ then
    mutable std::mutex rings_mutex_;        // of the two below
    mutable std::shared_ptr<const std::vector<Slot>> ring_nodes_;
    mutable std::uint64_t ring_version_ = 0;
    mutable std::atomic<std::uint64_t> queries_done_{0};
    mutable std::atomic<std::uint64_t> distances_done_{0};
    mutable std::atomic<std::uint64_t> hops_done_{0};
    // Set and unset with the writer's lock and state_ held.
    std::shared_ptr<Durable> durable_;
};

// The one filter of a batch, looked up once a state of the index rather than once a query. With state_ held shared.
class Index::Impl::KeptMatches {
  public:
    std::shared_ptr<const Matches> get(const Impl& index, const Filter& filter) {
        const std::lock_guard lock(mutex_);
        if (!matches_ || version_ != index.version_) {
            matches_ = index.matches_of(filter);
            version_ = index.version_;
        }
        return matches_;
    }

  private:
    std::mutex mutex_;
    std::uint64_t version_ = 0;
    std::shared_ptr<const Matches> matches_;
};

}  // namespace lanner
