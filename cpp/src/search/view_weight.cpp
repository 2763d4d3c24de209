#include "search/view_weight.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/thread_pool.hpp"
#include "kernels/dispatch.hpp"
#include "search/hamming_codes.hpp"

namespace lanner {
namespace {

constexpr std::uint8_t kEvenBits = 0x55;
constexpr std::uint8_t kOddBits = 0xaa;
constexpr std::size_t kScanned = 256;

// A place in the ranking for each row of one distance: those that come before, and the relevant ones among them.
struct Rank {
    std::uint64_t rows = 0;
    std::uint64_t relevant = 0;
};

double average_precision(const LabelledCodes& rows, const std::uint8_t* query, std::uint32_t label,
                         std::vector<float>& distances) {
    const BlockKernel scan =
        active_kernels().block[static_cast<int>(ElementType::kBits)][static_cast<int>(Op::kHamming)];
    const std::size_t bits = 8 * rows.bytes;
    for (std::size_t first = 0; first < rows.count; first += kScanned) {
        const std::size_t now = std::min(kScanned, rows.count - first);
        scan(query, 0, rows.codes + first * rows.bytes, rows.bytes, nullptr, now, bits, distances.data() + first);
    }
    std::vector<Rank> ranks(bits + 2);
    for (std::size_t i = 0; i < rows.count; ++i) {
        Rank& next = ranks[static_cast<std::size_t>(distances[i]) + 1];
        ++next.rows;
        next.relevant += rows.labels[i] == label ? 1 : 0;
    }
    for (std::size_t distance = 1; distance < ranks.size(); ++distance) {
        ranks[distance].rows += ranks[distance - 1].rows;
        ranks[distance].relevant += ranks[distance - 1].relevant;
    }
    const std::uint64_t all = ranks.back().relevant;
    double sum = 0;
    for (std::size_t i = 0; i < rows.count; ++i) {
        Rank& rank = ranks[static_cast<std::size_t>(distances[i])];
        ++rank.rows;
        if (rows.labels[i] != label) continue;
        ++rank.relevant;
        sum += static_cast<double>(rank.relevant) / static_cast<double>(rank.rows);
    }
    return all == 0 ? 0.0 : sum / static_cast<double>(all);
}

std::vector<std::vector<Candidate>> nearest_by(std::uint8_t mask, const LabelledCodes& rows,
                                               const LabelledCodes& queries, std::size_t k, const Work& work) {
    const auto masked = [mask](const LabelledCodes& from) {
        std::vector<std::uint8_t> codes(from.codes, from.codes + from.count * from.bytes);
        for (std::uint8_t& byte : codes) byte = static_cast<std::uint8_t>(byte & mask);
        return codes;
    };
    const HammingCodes codes(masked(rows).data(), rows.count, rows.bytes, CodeSearch::kScan, work);
    return codes.nearest(masked(queries).data(), queries.count, k, work);
}

}  // namespace

double mean_average_precision(const LabelledCodes& rows, const LabelledCodes& queries, const Work& work) {
    std::vector<double> precisions(queries.count);
    parallel_for(
        queries.count, 1, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> distances(rows.count);
            for (std::size_t i = begin; i < end; ++i)
                precisions[i] =
                    average_precision(rows, queries.codes + i * queries.bytes, queries.labels[i], distances);
        },
        work.poll);
    return queries.count == 0
               ? 0.0
               : std::accumulate(precisions.begin(), precisions.end(), 0.0) / static_cast<double>(queries.count);
}

double neighbour_stability(const LabelledCodes& rows, const LabelledCodes& queries, std::size_t k, const Work& work) {
    k = std::min(k, rows.count);
    if (k == 0 || queries.count == 0) return 0;
    auto even = nearest_by(kEvenBits, rows, queries, k, work);
    auto odd = nearest_by(kOddBits, rows, queries, k, work);
    const auto by_place = [](const Candidate& left, const Candidate& right) { return left.slot < right.slot; };
    std::size_t shared = 0;
    for (std::size_t i = 0; i < queries.count; ++i) {
        std::sort(even[i].begin(), even[i].end(), by_place);
        std::sort(odd[i].begin(), odd[i].end(), by_place);
        for (const Candidate& each : even[i])
            shared += std::binary_search(odd[i].begin(), odd[i].end(), each, by_place) ? 1 : 0;
    }
    return static_cast<double>(shared) / static_cast<double>(k * queries.count);
}

}  // namespace lanner
