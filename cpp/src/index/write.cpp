// Changes to an index: each does all of what it was asked or, whatever is thrown on the way, nothing.
#include <algorithm>
#include <limits>
#include <numeric>

#include "base/thread_pool.hpp"
#include "base/utf8.hpp"
#include "index/addition.hpp"
#include "index/build_rows.hpp"
#include "index/progress_report.hpp"
#include "index/quoted.hpp"
#include "index/write_guard.hpp"

namespace lanner {
namespace {

// The graph is walked in search of unreachable nodes once it has changed this many times in proportion to its size: small
// graphs after every change, large ones so seldom that a change pays for a few hundred nodes of a walk.
constexpr std::size_t kNodesWalkedPerChange = 512;

bool is_due(std::size_t changes, std::size_t size) noexcept { return changes * kNodesWalkedPerChange >= size; }

// As calls take them; `strings` is what a view of strings borrows from.
Ids view_of(const OwnedIds& ids, std::vector<std::string_view>& strings) {
    if (const auto* const integers = std::get_if<std::vector<std::int64_t>>(&ids))
        return std::span<const std::int64_t>(*integers);
    const auto& owned = std::get<std::vector<std::string>>(ids);
    strings.assign(owned.begin(), owned.end());
    return std::span<const std::string_view>(strings);
}

}  // namespace

void Index::Impl::check_writable() const {
    if (closed_) throw Error(ErrorKind::kReadOnly, "the index was closed; open it anew to change it");
    if (read_only_) {
        throw Error(ErrorKind::kReadOnly,
                    "the index was opened read-only; open it with writable=True to change a copy in memory");
    }
}

Index::Impl::Addition Index::Impl::plan_addition(const Vectors& vectors, const Ids& ids, bool upsert) const {
    Addition plan;
    plan.kind_before = ids_.kind();
    plan.next_before = ids_.next_generated();
    plan.slots_before = slots_;
    plan.changes_before = changes_;
    plan.columns_before = attributes_.schema().size();
    plan.replaced.assign(vectors.count, kNoSlot);
    const bool present = ids_.kind() != IdKind::kNone;
    refuse_repeats(ids);
    const auto check_count = [&](std::size_t count) {
        if (count != vectors.count) {
            throw Error(ErrorKind::kInvalidArgument,
                        "ids must have one entry a vector: " + std::to_string(vectors.count) + " vectors, " +
                            std::to_string(count) + " ids");
        }
    };
    const auto check_present = [&](const auto& given) {
        for (std::size_t row = 0; row < given.size(); ++row) {
            plan.replaced[row] = ids_.find(given[row]);
            if (plan.replaced[row] != kNoSlot && !upsert) {
                throw Error(ErrorKind::kInvalidArgument,
                            "id " + quoted(given[row]) + " is in the index already; upsert replaces");
            }
        }
    };
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&ids)) {
        if (present && ids_.kind() != IdKind::kInt)
            throw Error(ErrorKind::kWrongType, "ids must be strings as in the index, got integers");
        check_count(integers->size());
        check_present(*integers);
        plan.kind = IdKind::kInt;
        plan.ids.assign(integers->begin(), integers->end());
    } else if (const auto* const strings = std::get_if<std::span<const std::string_view>>(&ids)) {
        if (present && ids_.kind() != IdKind::kString)
            throw Error(ErrorKind::kWrongType, "ids must be integers as in the index, got strings");
        check_count(strings->size());
        for (const std::string_view each : *strings) {
            if (!is_utf8(each)) throw Error(ErrorKind::kInvalidArgument, "ids must be UTF-8, got " + quoted(each));
        }
        check_present(*strings);
        plan.kind = IdKind::kString;
        plan.strings.assign(strings->begin(), strings->end());
    } else {
        if (ids_.kind() == IdKind::kString) {
            throw Error(ErrorKind::kInvalidArgument,
                        "ids must be given: the index has string ids, and only integers are generated");
        }
        const std::int64_t first = ids_.next_generated();
        if (static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - first) < vectors.count) {
            throw Error(ErrorKind::kInvalidArgument,
                        "ids must be given: none is left above the greatest one in the index");
        }
        plan.kind = IdKind::kInt;
        plan.ids.resize(vectors.count);
        for (std::size_t row = 0; row < vectors.count; ++row) plan.ids[row] = first + static_cast<std::int64_t>(row);
    }
    return plan;
}

// Slots for the rows, and room everywhere, so that what follows cannot run out of memory in the middle of a commit.
void Index::Impl::take_slots(Addition& addition) {
    const std::size_t rows = addition.replaced.size();
    const std::size_t reused = std::min(rows, free_.size());
    const std::size_t total = slots_ + rows - reused;
    if (total > kMaxSlots) throw Error(ErrorKind::kInvalidArgument, "an index holds at most 2147483647 vectors");
    if (reused > 0 && !order_.plain()) {
        const std::lock_guard lock(state_);
        reserve_exchanges(total);
    }
    std::vector<Slot> reusable;
    if (reused == 1) {
        reusable.push_back(free_.front());
    } else if (reused > 1) {
        std::vector<Slot> left = free_;
        for (std::size_t i = 0; i < reused; ++i) {
            std::pop_heap(left.begin(), left.end(), comes_later());
            reusable.push_back(left.back());
            left.pop_back();
        }
    }
    // New items come one behind another; those that are there keep their places, and leave behind the ones of these slots.
    std::vector<std::size_t> sequence(rows);
    std::iota(sequence.begin(), sequence.end(), std::size_t{0});
    const auto replacing = std::stable_partition(sequence.begin(), sequence.end(),
                                                 [&](std::size_t row) { return addition.replaced[row] == kNoSlot; });
    const bool exchanges = replacing != sequence.end();
    std::vector<Slot> by_row(rows);
    for (std::size_t i = 0; i < reused; ++i) by_row[sequence[i]] = reusable[i];
    std::vector<std::size_t> appended(sequence.begin() + static_cast<std::ptrdiff_t>(reused), sequence.end());
    if (!addition.cells.empty()) {
        std::stable_sort(appended.begin(), appended.end(), [&](std::size_t left, std::size_t right) {
            return addition.cells[left] < addition.cells[right];
        });
    }
    for (std::size_t i = 0; i < appended.size(); ++i) by_row[appended[i]] = static_cast<Slot>(slots_ + i);
    std::vector<Slot> at_the_end;  // of the order
    for (std::size_t i = reused; i < rows; ++i) at_the_end.push_back(by_row[sequence[i]]);
    addition.slots = std::move(by_row);
    const std::lock_guard lock(state_);
    if (live_.capacity() < total) live_.reserve(std::max(total, live_.capacity() * 2));
    if (free_.capacity() < total) free_.reserve(std::max(total, free_.capacity() * 2));
    live_words_.reserve(SlotSet::word_count(live_.capacity()));
    store_.grow(total);
    attributes_.grow(total);
    if (aids_) aids_->grow(total);
    if (exchanges || order_.exchanged()) {
        reserve_exchanges(total);
    } else if (!addition.cells.empty() || !order_.plain()) {
        order_.reserve(total);
    }
    ids_.reserve(addition.kind, total, rows);
    if (layers_) layers_->grow(total);
    // Nothing fails from here on.
    if (live_.size() < total) live_.resize(total, 0);
    live_words_.resize(SlotSet::word_count(live_.size()), 0);
    for (std::size_t i = 0; i < reused; ++i) {
        std::pop_heap(free_.begin(), free_.end(), comes_later());
        free_.pop_back();
    }
    order_.append(slots_, at_the_end);
}

void Index::Impl::store_rows(const Vectors& vectors, const Addition& addition, std::size_t threads,
                             const std::function<void()>& poll) {
    std::vector<std::size_t> rows(vectors.count);
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    const auto appended =
        std::stable_partition(rows.begin(), rows.end(), [&](std::size_t row) { return addition.slots[row] < slots_; });
    const auto reused = static_cast<std::size_t>(appended - rows.begin());
    const auto store = [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const Slot slot = addition.slots[rows[i]];
            store_.store(slot, vectors, rows[i]);
            if (aids_) aids_->store(slot, store_);
        }
    };
    // Few rows a hold: some codecs take long for one.
    constexpr std::size_t kRowsPerHold = 32;
    for (std::size_t at = 0; at < reused; at += kRowsPerHold) {
        {
            // Scans read the rows of free slots too, before they find that these are not live.
            const std::lock_guard lock(state_);
            store(at, std::min(reused, at + kRowsPerHold));
        }
        if (poll) poll();
    }
    parallel_for(
        vectors.count - reused, 256, threads,
        [&](std::size_t begin, std::size_t end, std::size_t) { store(reused + begin, reused + end); }, poll);
    if (!aids_) return;
    const std::lock_guard lock(state_);
    // Rows that came before, of which the codes are all there is, and which have other ones now.
    if (addition.codes_before && !store_.keeps_originals()) {
        for (const Slot slot : live_slots()) aids_->store(slot, store_);
    }
    for (std::size_t row = 0; row < vectors.count; ++row) aids_->put(addition.slots[row], addition.cells[row]);
}

// Before the rows are live, like all that is stored of them: filters look at live slots alone.
void Index::Impl::store_attributes(const Addition& addition, const std::function<void()>& poll) {
    constexpr std::size_t kRowsPerHold = 1024;
    const bool kept = !addition.attributes && !attributes_.empty() && ids_.size() > 0;
    if (!addition.attributes && !kept) return;
    if (addition.attributes) {
        const std::lock_guard lock(state_);
        attributes_.extend(*addition.attributes);
    }
    const std::size_t rows = addition.slots.size();
    for (std::size_t row = 0; row < rows;) {
        {
            const std::lock_guard lock(state_);
            for (const std::size_t end = std::min(rows, row + kRowsPerHold); row < end; ++row) {
                if (addition.attributes) {
                    attributes_.store(addition.slots[row], *addition.attributes, row);
                } else if (addition.replaced[row] != kNoSlot) {
                    attributes_.copy_row(addition.replaced[row], addition.slots[row]);
                }
            }
        }
        if (poll) poll();
    }
}

// Rows [begin, end) become visible. With state_ held exclusively.
void Index::Impl::commit(Addition& addition, std::size_t begin, std::size_t end) noexcept {
    ids_.set_kind(addition.kind);
    for (std::size_t row = begin; row < end; ++row) {
        const Slot old = addition.replaced[row];
        if (old != kNoSlot) {
            ids_.erase(old);
            set_live(old, false);
            order_.exchange(old, addition.slots[row], live_.size());
        }
        const Slot slot = addition.slots[row];
        if (addition.kind == IdKind::kString) {
            ids_.assign(slot, std::move(addition.strings[row]));
        } else {
            ids_.assign(slot, addition.ids[row]);
        }
        set_live(slot, true);
        slots_ = std::max<std::size_t>(slots_, std::size_t{slot} + 1);
    }
    addition.committed = end;
}

// With state_ held exclusively, and the edges of older nodes as they were.
void Index::Impl::undo(Addition& addition) noexcept {
    if (addition.codes_before) {
        store_.swap_codes(*addition.codes_before);
        store_.set_codec_recall(0);
    }
    if (addition.aids_swapped) swap_aids(addition.aids_before);
    for (std::size_t row = addition.committed; row-- > 0;) {
        const Slot slot = addition.slots[row];
        const Slot old = addition.replaced[row];
        set_live(slot, false);
        if (old == kNoSlot) {
            ids_.erase(slot);
        } else {
            ids_.move(slot, old);
            set_live(old, true);
            order_.exchange(old, slot, live_.size());
        }
    }
    ids_.set_kind(addition.kind_before);
    ids_.set_next_generated(addition.next_before);
    slots_ = addition.slots_before;
    changes_ = addition.changes_before;
    for (const Slot slot : addition.slots) {
        if (layers_) {
            for (unsigned layer = 0; layer <= layers_->level(slot); ++layer) layers_->set(layer, slot, {});
            layers_->set_twin_entry(slot, 0);
        }
        if (slot < addition.slots_before) {
            free_slot(slot);
        } else {
            store_.erase(slot);
            attributes_.erase(slot);
        }
    }
    attributes_.drop_columns(addition.columns_before);
    ++version_;  // a filter may have been asked about these columns
    if (layers_) layers_->shrink(addition.slots_before);
    if (aids_) aids_->truncate(addition.slots_before);
    order_.truncate(addition.slots_before);
    live_.resize(addition.slots_before);
    live_words_.resize(SlotSet::word_count(addition.slots_before));
}

// The journal is to say what was stored, whatever its owner makes of an array meanwhile.
Vectors Index::Impl::kept_still(const Vectors& vectors, std::vector<std::byte>& own) const {
    if (!durable_ || vectors.count == 0) return vectors;
    const auto* const bytes = static_cast<const std::byte*>(vectors.data);
    own.assign(bytes, bytes + vectors.count * lanner::row_bytes(vectors.type, options_.dim));
    return {own.data(), vectors.count, vectors.type};
}

void Index::Impl::write_addition(ChangeEntry& entry, const Vectors& vectors, const OwnedIds& ids, bool upsert,
                                 const TableView* attributes) const {
    if (!durable_) return;
    std::vector<std::string_view> strings;
    entry.write({.kind = upsert ? ChangeKind::kUpsert : ChangeKind::kAdd,
                 .rows = vectors.count,
                 .vectors = vectors,
                 .dim = options_.dim,
                 .ids = view_of(ids, strings),
                 .attributes = attributes});
}

OwnedIds Index::Impl::add(const Vectors& vectors, const Ids& ids, const WriteOptions& options, bool upsert,
                          const TableView* attributes) {
    OwnedIds given;
    change([&](ChangeEntry& entry) {
        std::vector<std::byte> own;
        given = add(kept_still(vectors, own), ids, options, upsert, attributes, entry);
    });
    return given;
}

OwnedIds Index::Impl::add(const Vectors& vectors, const Ids& ids, const WriteOptions& options, bool upsert,
                          const TableView* attributes, ChangeEntry& entry) {
    const std::size_t total = vectors.count;
    ProgressReport report(options.progress, total);
    store_.check_rows(vectors, "vectors", report.again());
    Addition addition = plan_addition(vectors, ids, upsert);
    if (attributes != nullptr) addition.attributes.emplace(attributes_.read(*attributes, total));
    OwnedIds given = addition.kind == IdKind::kString ? OwnedIds(addition.strings) : OwnedIds(addition.ids);
    if (total == 0) return given;
    std::vector<Slot> outdated;
    std::copy_if(addition.replaced.begin(), addition.replaced.end(), std::back_inserter(outdated),
                 [](Slot slot) { return slot != kNoSlot; });
    BuildOptions build{.ef_construction = options_.ef_construction,
                       .threads = thread_count(options.threads),
                       .poll = report.advancing()};
    // Written once all has been worked out, and before anything is given up.
    const auto record = [&] {
        report.finish();
        write_addition(entry, vectors, given, upsert, attributes);
    };
    std::optional<GraphEdit> edit;
    // Into an empty graph everything is new, and undo() empties new nodes anyway.
    if (layers_) edit.emplace(*layers_, state_, !layers_->empty());
    try {
        fit_aids(vectors, addition, build.threads, report.again());
        take_slots(addition);
    } catch (...) {
        const std::lock_guard lock(state_);
        if (addition.aids_swapped) swap_aids(addition.aids_before);
        throw;
    }
    try {
        fit_codes(vectors, addition, {build.threads, report.again()});
        store_rows(vectors, addition, build.threads, report.again());
        store_attributes(addition, report.again());
        if (!layers_) {
            record();
            const std::lock_guard lock(state_);
            commit(addition, 0, total);
            release(outdated, {});
            entry.keep();
            return given;
        }
        // What walks found over other codes says nothing of these: as if every item had changed.
        const std::size_t changed = total + (addition.codes_before ? slots_ : 0);
        // A walk through all, which a large addition ends with, looks for them anyway.
        build.tell_dropped = !is_due(changes_ + total, ids_.size() + total);
        std::vector<Slot> suspects;
        if (build.tell_dropped) suspects = addition.slots;
        {
            std::unique_ptr<BuildRows> finer;
            if (BuildRows::serve(options_, store_, total, live_.size())) {
                finer = std::make_unique<BuildRows>(store_, live_slots(), vectors, addition.slots, live_.size(),
                                                    Work{build.threads, report.again()});
            }
            const Codec& nearest = finer ? static_cast<const Codec&>(*finer) : store_.finest();
            Builder builder(*layers_, nearest, finer ? nearest : store_.quickest(), build);
            builder.insert(
                addition.slots, ids_.size(), [&](std::size_t begin, std::size_t end) { commit(addition, begin, end); },
                *edit);
            suspects.insert(suspects.end(), builder.dropped().begin(), builder.dropped().end());
        }
        build.poll = report.advancing();
        if (!connect_if_due(total, live_, ids_.size(), build, *edit)) {
            tie_suspects(*layers_, store_.finest(), std::move(suspects), *edit, build);
        }
        if (!outdated.empty()) {
            take_out(outdated, live_, changed, build, *edit, record);
            entry.keep();
            return given;
        }
        const Calibration measured = calibrated(changed, live_, build);
        record();
        const std::lock_guard lock(state_);
        set_calibration(measured);
        entry.keep();
        return given;
    } catch (...) {
        if (edit) {
            edit->roll_back([&] { undo(addition); });
        } else {
            const std::lock_guard lock(state_);
            undo(addition);
        }
        throw;
    }
}

// Takes slots out of the graph and frees them; `live` counts neither them nor what has no id. Once nothing can fail any
// more, ids and marks follow in one step.
void Index::Impl::take_out(const std::vector<Slot>& leaving, std::span<const std::uint8_t> live, std::size_t changes,
                           const BuildOptions& options, GraphEdit& edit, const std::function<void()>& last) {
    const RingPlan plan = plan_rings(*layers_, leaving);
    // A node whose place a twin takes stays in the graph.
    std::vector<std::uint8_t> staying(live.begin(), live.end());
    for (const RingPlan::Move& move : plan.moves) {
        staying[move.to] = 1;
        staying[move.from] = 0;
    }
    if (!plan.moves.empty()) {
        const std::lock_guard lock(state_);
        reserve_exchanges(live_.size());
    }
    remove_nodes(*layers_, store_.mending(), plan.nodes, staying, options, edit);
    connect_if_due(leaving.size(), staying, ids_.size(), options, edit);
    const Calibration measured = calibrated(changes, staying, options);
    last();
    GraphChange change;
    change.loners = plan.loners;
    change.rings = plan.rings;
    change.entry = layers_->entry();
    edit.apply(change, [&] {
        release(leaving, plan);
        set_calibration(measured);
    });
}

// With state_ held exclusively.
void Index::Impl::release(const std::vector<Slot>& leaving, const RingPlan& plan) noexcept {
    for (const Slot slot : leaving) {
        if (live_[slot] != 0) ids_.erase(slot);
        set_live(slot, false);
        attributes_.erase(slot);
    }
    for (const RingPlan::Move& move : plan.moves) {
        ids_.move(move.from, move.to);
        order_.exchange(move.from, move.to, live_.size());
        attributes_.move(move.from, move.to);
        set_live(move.to, true);
        set_live(move.from, false);
        free_slot(move.from);
    }
    for (const Slot slot : leaving) {
        if (live_[slot] == 0) free_slot(slot);
    }
}

bool Index::Impl::connect_if_due(std::size_t changes, std::span<const std::uint8_t> live, std::size_t size,
                                 const BuildOptions& options, GraphEdit& edit) {
    changes_ += changes;
    if (!is_due(changes_, size)) return false;
    connect(*layers_, store_.finest(), live, edit, options);
    changes_ = 0;
    return true;
}

void Index::Impl::remove(const Ids& ids, const WriteOptions& options) {
    change([&](ChangeEntry& entry) {
        refuse_repeats(ids);
        std::vector<Slot> slots = find_all(ids, "remove");
        std::sort(slots.begin(), slots.end());
        remove(slots, ids, options, entry);
    });
}

// The journal names the items: what a filter lets through there need not be worked out again.
std::size_t Index::Impl::remove(const Filter& filter, const WriteOptions& options) {
    std::size_t removed = 0;
    change([&](ChangeEntry& entry) {
        std::vector<Slot> slots;
        matches_of(filter)->slots().for_each([&](Slot slot) { slots.push_back(slot); });
        const OwnedIds ids = ids_of(slots);
        std::vector<std::string_view> strings;
        remove(slots, view_of(ids, strings), options, entry);
        removed = slots.size();
    });
    return removed;
}

void Index::Impl::remove(const std::vector<Slot>& slots, const Ids& ids, const WriteOptions& options,
                         ChangeEntry& entry) {
    if (slots.empty()) return;
    ProgressReport report(options.progress, slots.size());
    const BuildOptions build{.ef_construction = options_.ef_construction,
                             .threads = thread_count(options.threads),
                             .poll = report.advancing()};
    {
        const std::lock_guard lock(state_);
        if (free_.capacity() < slots_) free_.reserve(std::max(slots_, free_.capacity() * 2));
    }
    const auto record = [&] {
        report.finish();
        entry.write({.kind = ChangeKind::kRemove, .rows = slots.size(), .ids = ids});
    };
    if (!layers_) {
        record();
        const std::lock_guard lock(state_);
        release(slots, {});
        entry.keep();
        return;
    }
    GraphEdit edit(*layers_, state_, true);
    const std::size_t changes_before = changes_;
    try {
        std::vector<std::uint8_t> staying = live_;
        for (const Slot slot : slots) staying[slot] = 0;
        take_out(slots, staying, slots.size(), build, edit, record);
        entry.keep();
    } catch (...) {
        edit.roll_back();
        changes_ = changes_before;
        throw;
    }
}

}  // namespace lanner
