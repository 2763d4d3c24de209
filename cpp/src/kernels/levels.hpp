// The table of every instruction set that this build compiles; each is defined in its own level_*.cpp.
// To be read only after the processor was asked (cpu.hpp): the functions behind a table execute its instructions.
#pragma once

#include "kernels/cpu.hpp"
#include "kernels/kernel_table.hpp"

namespace lanner {

extern const KernelTable kScalarKernels;
#if defined(__x86_64__) || defined(_M_X64)
extern const KernelTable kSse4Kernels;
extern const KernelTable kAvx2Kernels;
extern const KernelTable kAvx512Kernels;
extern const KernelTable kAvx512VnniKernels;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const KernelTable kNeonKernels;
#endif

}  // namespace lanner
