// 64-bit ARM.
#include "kernels/levels.hpp"

#include "kernels/lane_neon.inl"

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kNeonKernels = make_table("neon", kCpuNeon);

}  // namespace lanner
