#include "codecs/features.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace lanner {
namespace {

// As many as keep a compiler from taking the loop over them apart, which it then turns into vectors.
constexpr std::size_t kSums = 32;

template <typename Term>
double add_up(std::size_t dim, const Term& term) noexcept {
    double sums[kSums] = {};
    std::size_t i = 0;
    for (; i + kSums <= dim; i += kSums) {
        for (std::size_t j = 0; j < kSums; ++j) sums[j] += term(i + j);
    }
    for (; i < dim; ++i) sums[i % kSums] += term(i);
    for (std::size_t half = kSums / 2; half > 0; half /= 2) {
        for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
    }
    return sums[0];
}

template <typename T>
void widen_integers(const void* row, std::size_t dim, float* out) noexcept {
    const T* const from = static_cast<const T*>(row);
    for (std::size_t i = 0; i < dim; ++i) out[i] = static_cast<float>(from[i]);
}

template <typename T>
void narrow_integers(const float* row, std::size_t dim, float low, float high, void* out) noexcept {
    T* const to = static_cast<T*>(out);
    for (std::size_t i = 0; i < dim; ++i) to[i] = static_cast<T>(std::nearbyint(std::clamp(row[i], low, high)));
}

}  // namespace

void widen_row(const void* row, ElementType type, std::size_t dim, const KernelTable& kernels, float* out) noexcept {
    switch (type) {
        case ElementType::kFloat16:
            kernels.f16_to_f32(static_cast<const std::uint16_t*>(row), out, dim);
            return;
        case ElementType::kBFloat16:
            kernels.bf16_to_f32(static_cast<const std::uint16_t*>(row), out, dim);
            return;
        case ElementType::kInt8:
            widen_integers<std::int8_t>(row, dim, out);
            return;
        case ElementType::kUInt8:
            widen_integers<std::uint8_t>(row, dim, out);
            return;
        default:
            std::memcpy(out, row, dim * sizeof(float));
            return;
    }
}

void narrow_row(const float* row, ElementType type, std::size_t dim, const KernelTable& kernels, void* out) noexcept {
    switch (type) {
        case ElementType::kFloat16:
            kernels.f32_to_f16(row, static_cast<std::uint16_t*>(out), dim);
            return;
        case ElementType::kBFloat16:
            kernels.f32_to_bf16(row, static_cast<std::uint16_t*>(out), dim);
            return;
        case ElementType::kInt8:
            narrow_integers<std::int8_t>(row, dim, -128.0F, 127.0F, out);
            return;
        case ElementType::kUInt8:
            narrow_integers<std::uint8_t>(row, dim, 0.0F, 255.0F, out);
            return;
        default:
            std::memcpy(out, row, dim * sizeof(float));
            return;
    }
}

double sum_of(const float* features, std::size_t dim) noexcept {
    return add_up(dim, [&](std::size_t i) { return static_cast<double>(features[i]); });
}

double dot_of(const float* left, const float* right, std::size_t dim) noexcept {
    return add_up(dim, [&](std::size_t i) { return static_cast<double>(left[i]) * static_cast<double>(right[i]); });
}

}  // namespace lanner
