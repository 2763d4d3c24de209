// From the ids of a call to slots.
#include <unordered_set>

#include "index/impl.hpp"
#include "index/quoted.hpp"

namespace lanner {

void Index::Impl::refuse_repeats(const Ids& ids) {
    const auto refuse = [](const auto& given) {
        std::unordered_set<typename std::remove_cvref_t<decltype(given)>::value_type> seen;
        seen.reserve(given.size());
        for (const auto& id : given) {
            if (!seen.insert(id).second) {
                throw Error(ErrorKind::kInvalidArgument,
                            "ids must be unique within a call, " + quoted(id) + " stands twice");
            }
        }
    };
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&ids)) refuse(*integers);
    if (const auto* const strings = std::get_if<std::span<const std::string_view>>(&ids)) refuse(*strings);
}

std::vector<Slot> Index::Impl::find_all(const Ids& ids, std::string_view what) const {
    std::vector<Slot> slots;
    const bool texts = std::holds_alternative<std::span<const std::string_view>>(ids);
    const bool of_kind = ids_.kind() == IdKind::kNone || (ids_.kind() == IdKind::kString) == texts;
    const auto find = [&](const auto& given) {
        slots.reserve(given.size());
        for (const auto& id : given) {
            Slot slot = ids_.find(id);
            if (slot != kNoSlot && live_[slot] == 0) slot = kNoSlot;
            if (slot == kNoSlot) {
                throw Error(ErrorKind::kNotFound, std::string(what) + ": id " + quoted(id) + " is not in the index" +
                                                      (of_kind ? ""
                                                       : texts ? ", whose ids are integers"
                                                               : ", whose ids are strings"));
            }
            slots.push_back(slot);
        }
    };
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&ids)) {
        find(*integers);
    } else if (const auto* const strings = std::get_if<std::span<const std::string_view>>(&ids)) {
        find(*strings);
    } else {
        throw Error(ErrorKind::kInvalidArgument, "ids must be given");
    }
    return slots;
}

}  // namespace lanner
