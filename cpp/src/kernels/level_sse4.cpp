// x86-64-v2.
#include "kernels/levels.hpp"

#include "kernels/lane_sse4.inl"

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kSse4Kernels = make_table("sse4", kCpuSse4);

}  // namespace lanner
