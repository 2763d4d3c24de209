// An index without the traces of what it went through: built anew of the items it has, and put in the place of the old.
#include <algorithm>
#include <numeric>
#include <utility>

#include "attributes/column_view.hpp"
#include "base/random.hpp"
#include "index/write_guard.hpp"

namespace lanner {

void Index::Impl::compact(const WriteOptions& options) {
    change([&](ChangeEntry& entry) { compact(options, entry); });
}

// Searches go on over the old parts until the new ones are complete.
void Index::Impl::compact(const WriteOptions& options, ChangeEntry& entry) {
    std::vector<Slot> live = live_in_order();
    std::vector<std::size_t> places(live.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    // Slots follow the cells of rows; a graph that met one cell after another would know too little of the others.
    if (aids_) {
        std::sort(places.begin(), places.end(), [&](std::size_t left, std::size_t right) {
            return random_at(options_.seed, live[left]) < random_at(options_.seed, live[right]);
        });
        std::vector<Slot> shuffled(live.size());
        for (std::size_t i = 0; i < live.size(); ++i) shuffled[i] = live[places[i]];
        live.swap(shuffled);
    }
    Impl fresh(options_);
    if (store_.has_codes() && !store_.keeps_originals()) {
        // Codes made of what codes stand for would not be those.
        fresh.store_.begin_copy(store_, live);
    } else if (store_.has_codes() && live.size() < store_.fit_needs().ample) {
        // Nor would there be any of too few rows, where they were fitted to more, or to others.
        fresh.store_.take_fit(store_);
    }
    fresh.attributes_.take_schema(attributes_);
    fresh.ids_.set_kind(ids_.kind());
    if (!live.empty()) {
        std::vector<std::byte> rows(live.size() * row_bytes());
        for (std::size_t i = 0; i < live.size(); ++i) store_.fetch(live[i], rows.data() + i * row_bytes());
        const std::vector<OwnedColumn> columns = attributes_.get(live, {});
        std::vector<ColumnView> views;
        for (const OwnedColumn& column : columns) views.push_back(view_of(column));
        const TableView table{live.size(), views};
        std::vector<std::int64_t> integers;
        std::vector<std::string_view> strings;
        for (const Slot slot : live) {
            if (ids_.kind() == IdKind::kInt) integers.push_back(ids_.integer(slot));
            if (ids_.kind() == IdKind::kString) strings.emplace_back(ids_.text(slot));
        }
        const Ids ids = ids_.kind() == IdKind::kInt ? Ids(std::span<const std::int64_t>(integers))
                                                    : Ids(std::span<const std::string_view>(strings));
        fresh.add({rows.data(), live.size(), options_.type}, ids, options, false, views.empty() ? nullptr : &table);
    }
    fresh.store_.end_copy();
    // Its first place holds the row that was handed to it first: from there back to the place that this row had.
    std::vector<Slot> by_place(live.size());
    for (std::size_t i = 0; i < live.size(); ++i) by_place[places[i]] = fresh.order_.slot_at(i);
    fresh.order_.reserve(live.size());
    fresh.order_.truncate(0);
    fresh.order_.append(0, by_place);
    fresh.ids_.set_next_generated(ids_.next_generated());
    fresh.ids_.set_kind(ids_.kind());
    entry.write({.kind = ChangeKind::kCompact});
    const std::lock_guard lock(state_);
    swap_contents(fresh);
    entry.keep();
}

}  // namespace lanner
