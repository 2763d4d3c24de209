// Attributes of items: changed and read without a look at vectors or graph.
#include <shared_mutex>

#include "index/write_guard.hpp"

namespace lanner {

void Index::Impl::update_attributes(const Ids& ids, const TableView& table) {
    change([&](ChangeEntry& entry) { update_attributes(ids, table, entry); });
}

void Index::Impl::update_attributes(const Ids& ids, const TableView& table, ChangeEntry& entry) {
    refuse_repeats(ids);
    const std::vector<Slot> slots = find_all(ids, "update_attributes");
    const AttributeTable::Batch batch = attributes_.read(table, slots.size());
    const std::size_t columns_before = attributes_.schema().size();
    // The first attributes of an index that has rows already.
    std::unique_ptr<ScanAids> aids;
    if (!aids_ && ScanAids::serve(options_) && ids_.size() >= ScanAids::kLeastRows && slots.size() > 0)
        aids = made_aids({nullptr, 0, options_.type}, thread_count(0), nullptr);
    entry.write({.kind = ChangeKind::kUpdateAttributes, .rows = slots.size(), .ids = ids, .attributes = &table});
    const std::lock_guard lock(state_);
    ++version_;
    try {
        attributes_.extend(batch);
        attributes_.update(slots, batch);
        if (aids) swap_aids(aids);
        entry.keep();
    } catch (...) {
        attributes_.drop_columns(columns_before);
        throw;
    }
}

Schema Index::Impl::schema() const {
    const std::shared_lock lock(state_);
    return attributes_.schema();
}

bool Index::Impl::schema_given() const {
    const std::shared_lock lock(state_);
    return attributes_.is_fixed();
}

std::vector<OwnedColumn> Index::Impl::attributes(const Ids& ids, std::span<const std::string> names) const {
    const std::shared_lock lock(state_);
    return attributes_.get(find_all(ids, "attributes"), names);
}

}  // namespace lanner
