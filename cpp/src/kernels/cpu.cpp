#include "kernels/cpu.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#define LANNER_X86 1
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace lanner {

#ifdef LANNER_X86

namespace {

struct Registers {
    std::uint32_t eax, ebx, ecx, edx;
};

Registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
    int values[4];
    __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
    return {static_cast<std::uint32_t>(values[0]), static_cast<std::uint32_t>(values[1]),
            static_cast<std::uint32_t>(values[2]), static_cast<std::uint32_t>(values[3])};
#else
    Registers values{};
    __cpuid_count(leaf, subleaf, values.eax, values.ebx, values.ecx, values.edx);
    return values;
#endif
}

// The register states that the operating system saves on a switch. Only to be asked when OSXSAVE is set.
std::uint32_t saved_states() noexcept {
#if defined(_MSC_VER) && !defined(__clang__)
    return static_cast<std::uint32_t>(_xgetbv(0));
#else
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#endif
}

constexpr std::uint32_t bit(int place) { return std::uint32_t{1} << place; }

constexpr bool all(std::uint32_t value, std::uint32_t wanted) { return (value & wanted) == wanted; }

}  // namespace

std::uint32_t cpu_features() noexcept {
    const std::uint32_t last_leaf = cpuid(0, 0).eax;
    const Registers basic = cpuid(1, 0);
    const Registers extended = last_leaf >= 7 ? cpuid(7, 0) : Registers{};
    const Registers amd = cpuid(0x80000000U, 0).eax >= 0x80000001U ? cpuid(0x80000001U, 0) : Registers{};

    constexpr std::uint32_t kSse4Ecx = bit(0) | bit(9) | bit(13) | bit(19) | bit(20) | bit(23);
    if (!all(basic.ecx, kSse4Ecx) || !all(amd.ecx, bit(0))) return 0;
    std::uint32_t found = kCpuSse4;

    constexpr std::uint32_t kAvxEcx = bit(12) | bit(27) | bit(28) | bit(29);  // FMA, OSXSAVE, AVX, F16C
    constexpr std::uint32_t kYmmStates = bit(1) | bit(2);
    if (!all(basic.ecx, kAvxEcx) || !all(saved_states(), kYmmStates) || !all(extended.ebx, bit(5))) return found;
    found |= kCpuAvx2;

    constexpr std::uint32_t kAvx512Ebx = bit(16) | bit(17) | bit(30) | bit(31);  // F, DQ, BW, VL
    constexpr std::uint32_t kZmmStates = bit(5) | bit(6) | bit(7);
    if (!all(extended.ebx, kAvx512Ebx) || !all(saved_states(), kZmmStates)) return found;
    found |= kCpuAvx512;

    constexpr std::uint32_t kVnniEcx = bit(1) | bit(11) | bit(14);  // VBMI, VNNI, VPOPCNTDQ
    if (all(extended.ecx, kVnniEcx)) found |= kCpuAvx512Vnni;
    return found;
}

#elif defined(__aarch64__) || defined(_M_ARM64)

std::uint32_t cpu_features() noexcept { return kCpuNeon; }

#else

std::uint32_t cpu_features() noexcept { return 0; }

#endif

}  // namespace lanner
