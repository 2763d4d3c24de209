#include "kernels/dispatch.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/levels.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kMostLevels = 5;

struct Available {
    const KernelTable* tables[kMostLevels];
    std::size_t count = 0;

    Available() noexcept : tables{} {
        const std::uint32_t features = cpu_features();
        const KernelTable* const best_first[] = {
#if defined(__x86_64__) || defined(_M_X64)
            &kAvx512VnniKernels,
            &kAvx512Kernels,
            &kAvx2Kernels,
            &kSse4Kernels,
#elif defined(__aarch64__) || defined(_M_ARM64)
            &kNeonKernels,
#endif
            &kScalarKernels,
        };
        for (const KernelTable* table : best_first) {
            if ((table->needs & features) == table->needs) tables[count++] = table;
        }
    }
};

struct Choice {
    const KernelTable* table = nullptr;
    std::string refusal;

    Choice() : table(available_kernels().first[0]) {
        const char* asked = std::getenv("LANNER_ISA");
        if (asked == nullptr || *asked == '\0') return;
        table = find_kernels(asked);
        if (table != nullptr) return;
        refusal = "LANNER_ISA is \"" + std::string(asked) + "\", which this machine does not have; it has";
        const KernelLevels levels = available_kernels();
        for (std::size_t i = 0; i < levels.count; ++i) {
            refusal += (i == 0 ? " " : ", ") + std::string(levels.first[i]->name);
        }
    }
};

}  // namespace

KernelLevels available_kernels() noexcept {
    static const Available available;
    return {available.tables, available.count};
}

const KernelTable& active_kernels() {
    static const Choice choice;
    if (choice.table == nullptr) throw Error(ErrorKind::kInvalidArgument, choice.refusal);
    return *choice.table;
}

const KernelTable* find_kernels(const char* name) noexcept {
    const KernelLevels levels = available_kernels();
    for (std::size_t i = 0; i < levels.count; ++i) {
        if (std::string_view(levels.first[i]->name) == name) return levels.first[i];
    }
    return nullptr;
}

}  // namespace lanner
