#include "codecs/code_sums.hpp"

#include <algorithm>
#include <cmath>

namespace lanner {

RoundedTables::RoundedTables(const std::vector<float>& table, std::size_t tables) {
    const std::size_t count = table.size() / 16;
    std::vector<float> least(count);
    float widest = 0;
    for (std::size_t t = 0; t < count; ++t) {
        float low[8];
        float high[8];
        const float* const from = table.data() + 16 * t;
        for (std::size_t i = 0; i < 8; ++i) {
            low[i] = from[i] < from[i + 8] ? from[i] : from[i + 8];
            high[i] = from[i] > from[i + 8] ? from[i] : from[i + 8];
        }
        for (std::size_t half = 4; half > 0; half /= 2) {
            for (std::size_t i = 0; i < half; ++i) {
                low[i] = low[i] < low[i + half] ? low[i] : low[i + half];
                high[i] = high[i] > high[i + half] ? high[i] : high[i + half];
            }
        }
        least[t] = low[0];
        widest = std::max(widest, high[0] - low[0]);
        base += static_cast<double>(low[0]);
        magnitude += static_cast<double>(std::max(std::fabs(low[0]), std::fabs(high[0])));
    }
    bytes.assign(16 * tables, 0);
    const std::size_t most = std::min<std::size_t>(255, 65535 / tables);
    bounded = std::isfinite(magnitude) && std::isfinite(widest);
    if (!bounded || !(widest > 0) || most == 0) return;
    step = static_cast<double>(widest) / static_cast<double>(most);
    const auto inverse = static_cast<float>(1 / step);
    if (!std::isfinite(inverse)) return;
    const auto limit = static_cast<float>(most);
    for (std::size_t t = 0; t < count; ++t) {
        const float* const from = table.data() + 16 * t;
        std::uint8_t* const to = bytes.data() + 16 * t;
        const float low = least[t];
        for (std::size_t i = 0; i < 16; ++i) {
            const float value = (from[i] - low) * inverse;
            to[i] = static_cast<std::uint8_t>(static_cast<int>(value < limit ? value : limit));
        }
    }
}

}  // namespace lanner
