// Filters over a table: made ready, estimated, worked out.
#include <algorithm>
#include <iterator>
#include <utility>

#include "attributes/attribute_table.hpp"
#include "attributes/column.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

using Kind = CompiledFilter::Kind;

constexpr std::size_t kMaxDepth = 200;
// Looking at one row costs about as much as this many of the steps through an operand's postings.
constexpr std::size_t kStepsPerRow = 8;

[[noreturn]] void refuse(const Filter& filter, const std::string& why) {
    throw Error(ErrorKind::kInvalidArgument, "the filter is malformed: '" + op_name(filter.op) + "' " + why);
}

// How many values a comparison takes: exactly so many, or any number.
constexpr std::size_t kAnyNumber = static_cast<std::size_t>(-1);
std::size_t values_of(FilterOp op) noexcept {
    switch (op) {
        case FilterOp::kIn:
        case FilterOp::kContainsAny:
        case FilterOp::kContainsAll:
            return kAnyNumber;
        case FilterOp::kBetween:
            return 2;
        case FilterOp::kAnd:
        case FilterOp::kOr:
        case FilterOp::kNot:
        case FilterOp::kIsNull:
        case FilterOp::kIdIn:
        case FilterOp::kMask:
            return 0;
        default:
            return 1;
    }
}

bool joins(FilterOp op) noexcept { return op == FilterOp::kAnd || op == FilterOp::kOr || op == FilterOp::kNot; }

void check_shape(const Filter& filter, std::size_t depth) {
    if (static_cast<std::size_t>(filter.op) > static_cast<std::size_t>(FilterOp::kMask))
        throw Error(ErrorKind::kInvalidArgument, "the filter is malformed: its operation is unknown");
    if (depth > kMaxDepth) {
        throw Error(ErrorKind::kInvalidArgument,
                    "the filter is nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    const std::size_t wanted = values_of(filter.op);
    if (wanted != kAnyNumber && filter.values.size() != wanted)
        refuse(filter, "takes " + std::to_string(wanted) + " values, got " + std::to_string(filter.values.size()));
    if (filter.op == FilterOp::kNot && filter.operands.size() != 1)
        refuse(filter, "takes one operand, got " + std::to_string(filter.operands.size()));
    if (!joins(filter.op) && !filter.operands.empty()) refuse(filter, "takes no operands");
    const bool has_column = !joins(filter.op) && filter.op != FilterOp::kIdIn && filter.op != FilterOp::kMask;
    if (filter.op == FilterOp::kMask && filter.mask.words.size() != SlotSet::word_count(filter.mask.items))
        refuse(filter, "has a mask of " + std::to_string(filter.mask.words.size()) + " words for " +
                           std::to_string(filter.mask.items) + " items");
    if (filter.op == FilterOp::kMask && filter.mask.items % 64 != 0 &&
        filter.mask.words.back() >> (filter.mask.items % 64) != 0)
        refuse(filter, "has a bit set behind its " + std::to_string(filter.mask.items) + " items");
    if (!has_column && !filter.column.empty()) refuse(filter, "takes no column, got " + quoted(filter.column));
    if (has_column && filter.column.empty()) refuse(filter, "needs a column");
}

void find_ids(const Filter& filter, const IdLookup* ids, CompiledFilter& compiled) {
    std::visit(
        [&](const auto& wanted) {
            if (ids == nullptr) {
                compiled.unresolved = wanted.size();
                return;
            }
            for (const auto& id : wanted) {
                if (const Slot slot = ids->find(id); slot != kNoSlot) compiled.slots.push_back(slot);
            }
        },
        filter.ids);
    std::sort(compiled.slots.begin(), compiled.slots.end());
    compiled.slots.erase(std::unique(compiled.slots.begin(), compiled.slots.end()), compiled.slots.end());
}

void find_marked(const ItemMask& mask, const IdLookup* ids, CompiledFilter& compiled) {
    if (ids != nullptr) compiled.words = ids->slots_of(mask);
    std::size_t marked = 0;
    for (const std::uint64_t word : ids != nullptr ? compiled.words : mask.words) marked += count_bits(word);
    (ids != nullptr ? compiled.marked : compiled.unresolved) = marked;
}

bool on_numbers(const CompiledFilter& filter) {
    if (filter.kind != Kind::kCondition || filter.condition.others) return false;
    const ColumnType type = filter.column->spec().type;
    return type == ColumnType::kInt64 || type == ColumnType::kFloat64 || type == ColumnType::kTimestamp;
}

template <typename T>
std::vector<Interval<T>> common(const std::vector<Interval<T>>& left, const std::vector<Interval<T>>& right) {
    std::vector<Interval<T>> both;
    for (auto a = left.begin(), b = right.begin(); a != left.end() && b != right.end();) {
        const Interval<T> part{std::max(a->low, b->low), std::min(a->high, b->high)};
        if (part.low <= part.high) both.push_back(part);
        (a->high < b->high ? a : b)++;
    }
    return both;
}

// Bounds of one column from both sides are one range; and what is joined within is joined here.
void simplify_all(CompiledFilter& all) {
    std::vector<CompiledFilter> operands;
    for (CompiledFilter& operand : all.operands) {
        if (operand.kind == Kind::kAnd) {
            std::move(operand.operands.begin(), operand.operands.end(), std::back_inserter(operands));
        } else {
            operands.push_back(std::move(operand));
        }
    }
    all.operands.clear();
    std::vector<std::size_t> ranges;  // those on numbers, one a column
    for (CompiledFilter& operand : operands) {
        if (on_numbers(operand)) {
            const auto same = std::find_if(ranges.begin(), ranges.end(),
                                           [&](std::size_t at) { return all.operands[at].column == operand.column; });
            if (same != ranges.end()) {
                Condition& condition = all.operands[*same].condition;
                condition.integers = common(condition.integers, operand.condition.integers);
                condition.reals = common(condition.reals, operand.condition.reals);
                continue;
            }
            ranges.push_back(all.operands.size());
        }
        all.operands.push_back(std::move(operand));
    }
    if (all.operands.size() == 1) {
        CompiledFilter only = std::move(all.operands.front());
        all = std::move(only);
    }
}

Bounds complement(Bounds bounds, std::size_t of) noexcept {
    return {of - std::min(of, bounds.most), of - std::min(of, bounds.least)};
}

Bounds estimate_node(const CompiledFilter& filter, std::size_t live);

Bounds estimate_any(const CompiledFilter& filter, std::size_t live) {
    Bounds any;
    for (const CompiledFilter& operand : filter.operands) {
        const Bounds bounds = estimate_node(operand, live);
        any = {std::max(any.least, bounds.least), any.most + bounds.most};
    }
    return any;
}

Bounds estimate_all(const CompiledFilter& filter, std::size_t live) {
    Bounds all{live, live};
    for (const CompiledFilter& operand : filter.operands) {
        const Bounds bounds = estimate_node(operand, live);
        const std::size_t lacking = live - bounds.least;
        all = {all.least - std::min(all.least, lacking), std::min(all.most, bounds.most)};
    }
    return all;
}

Bounds estimate_node(const CompiledFilter& filter, std::size_t live) {
    Bounds bounds;
    switch (filter.kind) {
        case Kind::kAnd:
            bounds = estimate_all(filter, live);
            break;
        case Kind::kOr:
            bounds = estimate_any(filter, live);
            break;
        case Kind::kNot:
            bounds = complement(estimate_node(filter.operands[0], live), live);
            break;
        case Kind::kCondition:
            bounds = filter.column->estimate(filter.condition);
            if (filter.condition.others) bounds = complement(bounds, filter.column->present().count());
            break;
        case Kind::kNull: {
            const std::size_t count = filter.column->present().count();
            bounds = complement({count, count}, live);
            break;
        }
        case Kind::kSlots:
            bounds = {filter.slots.size(), filter.slots.size() + filter.unresolved};
            break;
        case Kind::kWords:
            bounds = {filter.marked, filter.marked + filter.unresolved};
            break;
    }
    return {std::min(bounds.least, live), std::min(bounds.most, live)};
}

bool matches_node(const CompiledFilter& filter, Slot slot) noexcept {
    const auto holds = [slot](const CompiledFilter& operand) { return matches_node(operand, slot); };
    switch (filter.kind) {
        case Kind::kAnd:
            return std::all_of(filter.operands.begin(), filter.operands.end(), holds);
        case Kind::kOr:
            return std::any_of(filter.operands.begin(), filter.operands.end(), holds);
        case Kind::kNot:
            return !holds(filter.operands[0]);
        case Kind::kCondition:
            return filter.column->present().test(slot) &&
                   filter.column->matches(filter.condition, slot) != filter.condition.others;
        case Kind::kNull:
            return !filter.column->present().test(slot);
        case Kind::kSlots:
            return std::binary_search(filter.slots.begin(), filter.slots.end(), slot);
        case Kind::kWords:
            return slot / 64 < filter.words.size() && (filter.words[slot / 64] >> (slot % 64) & 1U) != 0;
    }
    return false;
}

Selection select_node(const CompiledFilter& filter, const Live& live);

// The rarest operand first; then each other one narrows it down, row by row where only few rows are left.
Selection select_all(const CompiledFilter& filter, const Live& live) {
    std::vector<std::pair<std::size_t, const CompiledFilter*>> operands;
    for (const CompiledFilter& operand : filter.operands)
        operands.emplace_back(estimate_node(operand, live.count).most, &operand);
    if (operands.empty()) return Selection::of_words(live.words, live.slots);
    std::sort(operands.begin(), operands.end());
    Selection selection = select_node(*operands.front().second, live);
    for (const auto& [most, operand] : std::span(operands).subspan(1)) {
        if (selection.is_list() && selection.list().size() * kStepsPerRow < most) {
            selection.keep_if([each = operand](Slot slot) { return matches_node(*each, slot); });
        } else if (operand->kind == Kind::kNot) {
            selection.subtract(select_node(operand->operands[0], live));
        } else {
            selection.intersect(select_node(*operand, live));
        }
    }
    return selection;
}

Selection select_node(const CompiledFilter& filter, const Live& live) {
    switch (filter.kind) {
        case Kind::kAnd:
            return select_all(filter, live);
        case Kind::kOr: {
            Selection any(live.slots, 0);
            for (const CompiledFilter& operand : filter.operands) any.unite(select_node(operand, live));
            return any;
        }
        case Kind::kNot: {
            Selection selection = select_node(filter.operands[0], live);
            selection.complement(live.words);
            return selection;
        }
        case Kind::kCondition: {
            Selection selection = filter.column->select(filter.condition, live.slots);
            if (filter.condition.others) selection.complement(filter.column->present().words());
            return selection;
        }
        case Kind::kNull: {
            Selection selection = Selection::of_words(filter.column->present().words(), live.slots);
            selection.complement(live.words);
            return selection;
        }
        case Kind::kSlots: {
            Selection selection(live.slots, filter.slots.size());
            for (const Slot slot : filter.slots) selection.add(slot);
            return selection;
        }
        case Kind::kWords:
            return Selection::of_words(filter.words, live.slots);
    }
    return Selection(live.slots, 0);
}

}  // namespace

CompiledFilter AttributeTable::compile(const Filter& filter, const IdLookup* ids) const {
    struct Compile {
        const AttributeTable& table;
        const IdLookup* ids;

        CompiledFilter operator()(const Filter& filter, std::size_t depth) const {
            check_shape(filter, depth);
            CompiledFilter compiled;
            if (joins(filter.op)) {
                compiled.kind = filter.op == FilterOp::kAnd  ? Kind::kAnd
                                : filter.op == FilterOp::kOr ? Kind::kOr
                                                             : Kind::kNot;
                for (const Filter& operand : filter.operands) compiled.operands.push_back((*this)(operand, depth + 1));
                if (compiled.kind == Kind::kAnd) simplify_all(compiled);
            } else if (filter.op == FilterOp::kIdIn) {
                compiled.kind = Kind::kSlots;
                find_ids(filter, ids, compiled);
            } else if (filter.op == FilterOp::kMask) {
                compiled.kind = Kind::kWords;
                find_marked(filter.mask, ids, compiled);
            } else {
                compiled.column = &table.column(filter.column);
                compiled.kind = filter.op == FilterOp::kIsNull ? Kind::kNull : Kind::kCondition;
                if (compiled.kind == Kind::kCondition) compiled.condition = compiled.column->compile(filter);
            }
            return compiled;
        }
    };
    return Compile{*this, ids}(filter, 1);
}

Bounds AttributeTable::estimate(const CompiledFilter& filter, std::size_t live_count) const {
    return estimate_node(filter, live_count);
}

SlotSet AttributeTable::evaluate(const CompiledFilter& filter, const Live& live) const {
    // Rows may be stored beyond the slots that the caller looks at.
    Live all = live;
    all.slots = std::max(live.slots, slots_);
    Selection selection = select_node(filter, all);
    selection.intersect(live.words);
    return std::move(selection).take(live.slots);
}

bool AttributeTable::matches(const CompiledFilter& filter, Slot slot) const noexcept {
    return matches_node(filter, slot);
}

}  // namespace lanner
