#include "search/code_recall.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "search/exact_scan.hpp"

namespace lanner {
namespace {

constexpr std::size_t kNearest = 10;

// Of each query, in the order of slots; without the row itself and what is nowhere.
std::vector<std::vector<Slot>> nearest_of(const AskedCodec& from, std::span<const Slot> asked, std::size_t rows,
                                          const Work& work) {
    const auto hits = scan_nearest({from.codec, rows, {}, BySlot::instance()}, {from.queries, 0, asked.size()},
                                   kNearest + 1, work.threads, work.poll);
    std::vector<std::vector<Slot>> nearest(asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
        for (const Candidate& each : hits[i]) {
            if (nearest[i].size() < kNearest && each.slot != asked[i] && std::isfinite(each.distance))
                nearest[i].push_back(each.slot);
        }
        std::sort(nearest[i].begin(), nearest[i].end());
    }
    return nearest;
}

}  // namespace

float code_recall(const AskedCodec& exact, const AskedCodec& codes, std::span<const Slot> asked, std::size_t rows,
                  const Work& work) {
    const std::vector<std::vector<Slot>> truth = nearest_of(exact, asked, rows, work);
    const std::vector<std::vector<Slot>> found = nearest_of(codes, asked, rows, work);
    std::size_t there = 0;
    std::size_t common = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        std::vector<Slot> both;
        std::ranges::set_intersection(truth[i], found[i], std::back_inserter(both));
        there += truth[i].size();
        common += both.size();
    }
    return there == 0 ? 1.0F : static_cast<float>(common) / static_cast<float>(there);
}

}  // namespace lanner
