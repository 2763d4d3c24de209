// The Hadamard transform.

namespace lanner {
namespace {

// All stages within a register.
template <std::size_t kDistance>
LANNER_INLINE typename Lane::Floats within(typename Lane::Floats a) {
    if constexpr (kDistance < Lane::kFloats) return within<2 * kDistance>(Lane::template butterfly<kDistance>(a));
    return a;
}

// Two stages at once, for half the traffic.
LANNER_INLINE void two_stages(float* values, std::size_t distance) {
    for (std::size_t i = 0; i < distance; i += Lane::kFloats) {
        Byte* const at = reinterpret_cast<Byte*>(values + i);
        const std::size_t bytes = distance * sizeof(float);
        const auto a = Lane::load_f32(at);
        const auto b = Lane::load_f32(at + bytes);
        const auto c = Lane::load_f32(at + 2 * bytes);
        const auto d = Lane::load_f32(at + 3 * bytes);
        const auto sum_ab = Lane::add(a, b);
        const auto sum_cd = Lane::add(c, d);
        const auto less_ab = Lane::sub(a, b);
        const auto less_cd = Lane::sub(c, d);
        Lane::store_f32(Lane::add(sum_ab, sum_cd), at);
        Lane::store_f32(Lane::add(less_ab, less_cd), at + bytes);
        Lane::store_f32(Lane::sub(sum_ab, sum_cd), at + 2 * bytes);
        Lane::store_f32(Lane::sub(less_ab, less_cd), at + 3 * bytes);
    }
}

LANNER_INLINE void one_stage(float* low, float* high, std::size_t distance, std::size_t step) {
    for (std::size_t i = 0; i < distance; i += step) {
        Byte* const at_low = reinterpret_cast<Byte*>(low + i);
        Byte* const at_high = reinterpret_cast<Byte*>(high + i);
        const auto a = Lane::load_f32(at_low);
        const auto b = Lane::load_f32(at_high);
        Lane::store_f32(Lane::add(a, b), at_low);
        Lane::store_f32(Lane::sub(a, b), at_high);
    }
}

void hadamard(float* values, std::size_t count) noexcept {
    if (count < Lane::kFloats) {
        for (std::size_t distance = 1; distance < count; distance *= 2) {
            for (std::size_t i = 0; i < count; ++i) {
                if ((i & distance) != 0) continue;
                const float sum = values[i] + values[i + distance];
                values[i + distance] = values[i] - values[i + distance];
                values[i] = sum;
            }
        }
        return;
    }
    for (std::size_t i = 0; i < count; i += Lane::kFloats) {
        Byte* const at = reinterpret_cast<Byte*>(values + i);
        Lane::store_f32(within<1>(Lane::load_f32(at)), at);
    }
    std::size_t distance = Lane::kFloats;
    for (; 2 * distance < count; distance *= 4) {
        for (std::size_t first = 0; first < count; first += 4 * distance) two_stages(values + first, distance);
    }
    if (distance < count) one_stage(values, values + distance, distance, Lane::kFloats);
}

}  // namespace
}  // namespace lanner
