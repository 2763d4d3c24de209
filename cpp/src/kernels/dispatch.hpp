// Chooses the kernels that this machine runs, once.
// Threads: any. The choice is made on the first call and never changes.
#pragma once

#include <cstddef>

#include "kernels/kernel_table.hpp"

namespace lanner {

// The tables compiled into this library that this machine can run, best first; never empty (scalar is always there).
struct KernelLevels {
    const KernelTable* const* first;
    std::size_t count;
};
KernelLevels available_kernels() noexcept;

// The table in use: the best available, or the one that the environment variable LANNER_ISA names.
// Throws Error(kInvalidArgument) when LANNER_ISA names a level that is unknown or that this machine lacks; the message
// says which it has. (Throws again on every call until the process ends: the variable is read once.)
const KernelTable& active_kernels();

// The available table of this name, or null.
const KernelTable* find_kernels(const char* name) noexcept;

}  // namespace lanner
