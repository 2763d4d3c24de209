// AVX-512 F, BW, DQ, VL.
#include "kernels/levels.hpp"

#include "kernels/lane_avx512.inl"

namespace lanner {
namespace {

using Lane = Avx512Lane;

}  // namespace
}  // namespace lanner

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kAvx512Kernels = make_table("avx512", kCpuSse4 | kCpuAvx2 | kCpuAvx512);

}  // namespace lanner
