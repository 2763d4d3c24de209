// A slot: the dense number under which an item's vector, edges and id are stored.
#pragma once

#include <cstdint>

namespace lanner {

using Slot = std::uint32_t;

inline constexpr Slot kNoSlot = 0xffffffffU;
// The top bit of a slot is free for marks inside searches.
inline constexpr Slot kMaxSlots = 0x7fffffffU;

}  // namespace lanner
