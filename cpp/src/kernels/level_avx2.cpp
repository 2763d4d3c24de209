// AVX2 with FMA and F16C.
#include "kernels/levels.hpp"

#include "kernels/lane_avx2.inl"

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kAvx2Kernels = make_table("avx2", kCpuSse4 | kCpuAvx2);

}  // namespace lanner
