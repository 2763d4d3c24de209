// Loops over features one by one, plain so that compilers turn them into the registers of the level. No operation is
// fused with another, so every level gives the same bits.

namespace lanner {
namespace {

void multiply(float* values, const float* factors, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) values[i] *= factors[i];
}

void add_and_subtract(float* low, float* high, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const float sum = low[i] + high[i];
        high[i] = low[i] - high[i];
        low[i] = sum;
    }
}

float largest(const float* values, std::size_t count) noexcept {
    constexpr std::size_t kSide = 16;  // maxima side by side: of a single one compilers would keep the order
    float most[kSide] = {};
    std::size_t i = 0;
    for (; i + kSide <= count; i += kSide) {
        for (std::size_t j = 0; j < kSide; ++j) {
            const float size = values[i + j] < 0 ? -values[i + j] : values[i + j];
            most[j] = most[j] < size ? size : most[j];
        }
    }
    for (; i < count; ++i) {
        const float size = values[i] < 0 ? -values[i] : values[i];
        most[i % kSide] = most[i % kSide] < size ? size : most[i % kSide];
    }
    float result = 0;
    for (std::size_t j = 0; j < kSide; ++j) result = result < most[j] ? most[j] : result;
    return result;
}

std::int32_t to_signed_bytes(const float* values, float scale, std::size_t count, std::int8_t* out) noexcept {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::int32_t rounded = static_cast<std::int32_t>(values[i] * scale + 128.5F) - 128;
        out[i] = static_cast<std::int8_t>(rounded);
        sum += rounded;
    }
    return sum;
}

}  // namespace
}  // namespace lanner
