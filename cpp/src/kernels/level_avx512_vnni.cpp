// AVX-512 with VNNI, VPOPCNTDQ and VBMI.
#include "kernels/levels.hpp"

#include "kernels/lane_avx512_vnni.inl"

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kAvx512VnniKernels =
    make_table("avx512_vnni", kCpuSse4 | kCpuAvx2 | kCpuAvx512 | kCpuAvx512Vnni);

}  // namespace lanner
