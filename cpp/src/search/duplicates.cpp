#include "search/duplicates.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "search/hamming_codes.hpp"

namespace lanner {
namespace {

// Codes looked for in one call, between two looks at the clock; and what they may find together, as far as the calls before
// tell: it is kept until it has been looked at.
constexpr std::size_t kChunk = 4096;
constexpr std::size_t kMostFound = std::size_t{1} << 22;

// The different codes, in the order of their first rows, and who has them.
struct Distinct {
    std::vector<std::uint8_t> codes;
    std::vector<std::size_t> first;   // of each code where its rows begin, and the end
    std::vector<std::uint32_t> rows;  // ascending within a code
};

Distinct distinct(const std::uint8_t* given, std::size_t count, std::size_t bytes) {
    // A copy: the caller's may change meanwhile, and a sort must not see that.
    const std::vector<std::uint8_t> copied(given, given + count * bytes);
    const std::uint8_t* const codes = copied.data();
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    const auto compare = [&](std::uint32_t left, std::uint32_t right) {
        return std::memcmp(codes + left * bytes, codes + right * bytes, bytes);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
        const int way = compare(left, right);
        return way != 0 ? way < 0 : left < right;
    });
    // Runs of equal codes, by their first rows.
    std::vector<std::size_t> runs;
    for (std::size_t i = 0; i < count; ++i) {
        if (i == 0 || compare(order[i - 1], order[i]) != 0) runs.push_back(i);
    }
    std::vector<std::size_t> places(runs.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::sort(places.begin(), places.end(),
              [&](std::size_t left, std::size_t right) { return order[runs[left]] < order[runs[right]]; });
    Distinct found;
    found.codes.reserve(runs.size() * bytes);
    found.rows.reserve(count);
    for (const std::size_t place : places) {
        const std::size_t end = place + 1 < runs.size() ? runs[place + 1] : count;
        found.first.push_back(found.rows.size());
        for (std::size_t i = runs[place]; i < end; ++i) found.rows.push_back(order[i]);
        const std::uint8_t* const code = codes + order[runs[place]] * bytes;
        found.codes.insert(found.codes.end(), code, code + bytes);
    }
    found.first.push_back(found.rows.size());
    return found;
}

// Calls take(code, later code, distance) for every pair of different codes within the radius, in this thread and in order.
template <typename Take>
void join(const Distinct& all, std::size_t bytes, const DuplicateOptions& options, FitReport& report,
          const Take& take) {
    const std::size_t count = all.first.size() - 1;
    const Work work{options.threads, report.poller()};
    if (options.radius > 0) {
        const HammingCodes codes(all.codes.data(), count, bytes, CodeSearch::kAuto, work);
        std::size_t chunk = std::clamp<std::size_t>(kMostFound / std::max<std::size_t>(count, 1), 1, kChunk);
        for (std::size_t begin = 0; begin < count;) {
            const std::size_t now = std::min(chunk, count - begin);
            const auto hits = codes.within(all.codes.data() + begin * bytes, now, options.radius, work);
            std::size_t found = 0;
            for (std::size_t i = 0; i < now; ++i) {
                found += hits[i].size();
                for (const Candidate& each : hits[i]) {
                    if (each.slot > begin + i)
                        take(begin + i, std::size_t{each.slot}, static_cast<std::uint32_t>(each.distance));
                }
            }
            begin += now;
            report.add(now);
            const std::size_t fitting = kMostFound / std::max<std::size_t>(found / now, 1);
            chunk = std::clamp<std::size_t>(std::min(fitting, 2 * chunk), 1, kChunk);
        }
    }
    report.finish();
}

std::uint32_t root(std::vector<std::uint32_t>& parents, std::uint32_t of) {
    while (parents[of] != of) {
        parents[of] = parents[parents[of]];
        of = parents[of];
    }
    return of;
}

}  // namespace

std::vector<CodePair> duplicate_pairs(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes,
                                      const DuplicateOptions& options) {
    const Distinct all = distinct(codes, count, code_bytes);
    std::vector<CodePair> pairs;
    FitReport report(options.progress, all.first.size() - 1);
    for (std::size_t code = 0; code + 1 < all.first.size(); ++code) {
        for (std::size_t i = all.first[code]; i < all.first[code + 1]; ++i) {
            report.poll();
            for (std::size_t j = i + 1; j < all.first[code + 1]; ++j) pairs.push_back({all.rows[i], all.rows[j], 0});
        }
    }
    join(all, code_bytes, options, report, [&](std::size_t left, std::size_t right, std::uint32_t distance) {
        for (std::size_t i = all.first[left]; i < all.first[left + 1]; ++i) {
            for (std::size_t j = all.first[right]; j < all.first[right + 1]; ++j)
                pairs.push_back({std::min(all.rows[i], all.rows[j]), std::max(all.rows[i], all.rows[j]), distance});
        }
    });
    std::sort(pairs.begin(), pairs.end(), [](const CodePair& left, const CodePair& right) {
        return left.first != right.first ? left.first < right.first : left.second < right.second;
    });
    return pairs;
}

std::vector<std::uint32_t> duplicate_groups(const std::uint8_t* codes, std::size_t count, std::size_t code_bytes,
                                            const DuplicateOptions& options) {
    const Distinct all = distinct(codes, count, code_bytes);
    std::vector<std::uint32_t> parents(all.first.size() - 1);
    std::iota(parents.begin(), parents.end(), 0U);
    FitReport report(options.progress, parents.size());
    join(all, code_bytes, options, report, [&](std::size_t left, std::size_t right, std::uint32_t) {
        const std::uint32_t one = root(parents, static_cast<std::uint32_t>(left));
        const std::uint32_t other = root(parents, static_cast<std::uint32_t>(right));
        // The earlier one leads: distinct codes are in the order of their first rows.
        parents[std::max(one, other)] = std::min(one, other);
    });
    std::vector<std::uint32_t> groups(count);
    for (std::size_t code = 0; code < parents.size(); ++code) {
        const std::uint32_t leader = all.rows[all.first[root(parents, static_cast<std::uint32_t>(code))]];
        for (std::size_t i = all.first[code]; i < all.first[code + 1]; ++i) groups[all.rows[i]] = leader;
    }
    return groups;
}

}  // namespace lanner
