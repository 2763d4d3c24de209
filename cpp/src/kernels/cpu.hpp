// What the processor and the operating system together let this process execute.
// Each bit stands for everything that one level's compiler flags allow, never for less.
// Threads: any.
#pragma once

#include <cstdint>

namespace lanner {

inline constexpr std::uint32_t kCpuSse4 = 1U << 0;        // x86-64-v2: SSE3, SSSE3, SSE4.1, SSE4.2, POPCNT, CX16, LAHF
inline constexpr std::uint32_t kCpuAvx2 = 1U << 1;        // AVX, AVX2, FMA, F16C; the system keeps ymm registers
inline constexpr std::uint32_t kCpuAvx512 = 1U << 2;      // AVX-512 F, BW, DQ, VL; the system keeps zmm registers
inline constexpr std::uint32_t kCpuAvx512Vnni = 1U << 3;  // AVX-512 VNNI, VPOPCNTDQ, VBMI
inline constexpr std::uint32_t kCpuNeon = 1U << 4;        // every 64-bit ARM

std::uint32_t cpu_features() noexcept;

}  // namespace lanner
