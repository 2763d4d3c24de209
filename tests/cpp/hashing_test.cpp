// Hash families and searches over codes, below what Python can reach.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "hashing/cross_polytope.hpp"
#include "hashing/linear_hash.hpp"
#include "hashing/normal.hpp"
#include "hashing/positive_system.hpp"
#include "hashing/principal_hash.hpp"
#include "hashing/signed_bits.hpp"
#include "lanner/error.hpp"
#include "search/duplicates.hpp"
#include "search/hamming_codes.hpp"
#include "search/multi_index.hpp"

namespace lanner {
namespace {

std::vector<std::uint8_t> drawn(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> bytes(count);
    for (std::uint8_t& each : bytes) each = static_cast<std::uint8_t>(random() >> 8);
    return bytes;
}

std::size_t hamming(const std::uint8_t* left, const std::uint8_t* right, std::size_t bytes) {
    std::size_t ones = 0;
    for (std::size_t i = 0; i < bytes; ++i)
        ones += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(left[i] ^ right[i])));
    return ones;
}

TEST_CASE("normal numbers have the mean, the variance and the tails of the normal distribution") {
    constexpr std::size_t kCount = 200000;
    double sum = 0;
    double squares = 0;
    std::size_t beyond = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
        const double each = normal_at(7, i);
        REQUIRE(std::isfinite(each));
        sum += each;
        squares += each * each;
        beyond += std::fabs(each) > 1.959964 ? 1 : 0;
    }
    CHECK(std::fabs(sum / kCount) < 5 / std::sqrt(double{kCount}));
    CHECK(std::fabs(squares / kCount - 1) < 5 * std::sqrt(2.0 / kCount));
    CHECK(std::fabs(static_cast<double>(beyond) / kCount - 0.05) < 5 * std::sqrt(0.05 * 0.95 / kCount));
}

TEST_CASE("a positive definite system is solved, and one that is not gets a ridge") {
    constexpr std::size_t kDim = 30;
    std::vector<double> root(kDim * kDim);
    for (std::size_t i = 0; i < root.size(); ++i) root[i] = normal_at(1, i);
    std::vector<double> matrix(kDim * kDim, 0.0);
    for (std::size_t i = 0; i < kDim; ++i) {
        for (std::size_t j = 0; j < kDim; ++j) {
            for (std::size_t k = 0; k < kDim; ++k) matrix[i * kDim + j] += root[i * kDim + k] * root[j * kDim + k];
        }
    }
    std::vector<double> wanted(kDim * 2);
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = normal_at(2, i);
    std::vector<double> right(kDim * 2, 0.0);
    for (std::size_t i = 0; i < kDim; ++i) {
        for (std::size_t k = 0; k < kDim; ++k) {
            const double with_ridge = matrix[i * kDim + k] + (i == k ? 0.5 : 0.0);
            for (std::size_t c = 0; c < 2; ++c) right[i * 2 + c] += with_ridge * wanted[k * 2 + c];
        }
    }
    const std::vector<double> found = solve_positive(matrix, kDim, 0.5, right, 2, nullptr);
    for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(found[i] == doctest::Approx(wanted[i]).epsilon(1e-6));

    const std::vector<double> zero(kDim * kDim, 0.0);
    for (const double each : solve_positive(zero, kDim, 0, right, 2, nullptr)) CHECK(std::isfinite(each));
    std::vector<double> infinite(zero);
    infinite[0] = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS(solve_positive(infinite, kDim, 0, right, 2, nullptr), Error);
}

TEST_CASE("the first planes of a seed are the same for any number of bits") {
    const auto few = random_hyperplanes(10, 8, 3);
    const auto many = random_hyperplanes(10, 64, 3);
    for (std::size_t j = 0; j < 10; ++j) {
        for (std::size_t bit = 0; bit < 8; ++bit)
            CHECK(few->planes().columns[j * 8 + bit] == many->planes().columns[j * 64 + bit]);
    }
}

TEST_CASE("a walk sees every code within the steps it took, and none but those in its buckets") {
    constexpr std::size_t kCount = 3000;
    for (const std::size_t bytes : {1U, 2U, 5U, 8U, 16U}) {
        const std::vector<std::uint8_t> codes = drawn(kCount * bytes, static_cast<unsigned>(bytes));
        const CodeRows rows{codes.data(), kCount, bytes, bytes};
        for (const std::size_t tables : {MultiIndex::tables_for(kCount, 8 * bytes), bytes, bytes + 1}) {
            INFO("bytes " << bytes << ", tables " << tables);
            const MultiIndex index(rows, tables, {2, nullptr});
            const std::vector<std::uint8_t> query = drawn(bytes, 99);
            std::vector<std::uint8_t> seen(kCount, 0);
            MultiIndex::Walk walk(index);
            walk.restart(query.data());
            double lookups = 0;
            for (std::size_t step = 0; step <= 8 * bytes && lookups < 50000; ++step) {
                walk.step(step, [&](Slot row, float distance) {
                    seen[row] = 1;
                    CHECK(distance == static_cast<float>(hamming(query.data(), rows.row(row), bytes)));
                });
                lookups += index.lookups(step);
                for (std::size_t row = 0; row < kCount; ++row) {
                    if (hamming(query.data(), rows.row(row), bytes) <= step) CHECK(seen[row] == 1);
                }
            }
            CHECK(walk.seen() > 0);
        }
    }
}

TEST_CASE("look-ups of a step are the ways to choose the bits that differ") {
    const std::vector<std::uint8_t> codes = drawn(100 * 4, 1);
    const MultiIndex index({codes.data(), 100, 4, 4}, 2, {1, nullptr});
    CHECK(index.lookups(0) == 1);
    CHECK(index.lookups(2) == 16);
    CHECK(index.lookups(5) == 120);
    CHECK(index.lookups(32) == 1);
    CHECK(index.lookups(34) == 0);
}

TEST_CASE("a walk that finds too much gives up to a scan, which finds the same") {
    // Nine codes in ten have equal first halves: their bucket holds more than a walk may see.
    constexpr std::size_t kCount = 20000;
    std::vector<std::uint8_t> codes = drawn(kCount * 4, 5);
    for (std::size_t i = 0; i < kCount; ++i) {
        if (i % 10 != 0) codes[i * 4] = codes[i * 4 + 1] = 0;
    }
    const HammingCodes guessing(codes.data(), kCount, 4, CodeSearch::kAuto, {1, nullptr});
    const HammingCodes scanning(codes.data(), kCount, 4, CodeSearch::kScan, {1, nullptr});
    CHECK(guessing.tables() > 0);
    const std::vector<std::uint8_t> queries{0, 0, 1, 2, 0, 0, 77, 3, 255, 255, 1, 1};
    const auto left = guessing.within(queries.data(), 3, 3, {2, nullptr});
    const auto right = scanning.within(queries.data(), 3, 3, {1, nullptr});
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(left[i].size() == right[i].size());
        for (std::size_t j = 0; j < left[i].size(); ++j) {
            CHECK(left[i][j].slot == right[i][j].slot);
            CHECK(left[i][j].distance == right[i][j].distance);
        }
    }
}

TEST_CASE("rows of a set are found, and no others, whether it is a list or a bitmap") {
    constexpr std::size_t kCount = 20000;
    constexpr std::size_t kQueries = 4;
    std::vector<std::uint8_t> codes = drawn(kCount * 3, 9);
    for (std::uint8_t& byte : codes) byte &= 0x1f;
    const auto distance = [&](std::size_t query, std::size_t row) {
        int ones = 0;
        for (std::size_t i = 0; i < 3; ++i)
            ones += std::popcount(static_cast<unsigned>(codes[query * 3 + i] ^ codes[row * 3 + i]));
        return static_cast<float>(ones);
    };
    // None, a few, one row in three, and all but one.
    std::vector<std::uint64_t> third(SlotSet::word_count(kCount), 0);
    std::vector<std::uint64_t> most(SlotSet::word_count(kCount), 0);
    for (std::size_t row = 0; row < kCount; ++row) {
        if (row % 3 == 1) third[row / 64] |= std::uint64_t{1} << (row % 64);
        if (row != 7) most[row / 64] |= std::uint64_t{1} << (row % 64);
    }
    const RowSets sets({SlotSet(kCount), SlotSet(std::vector<Slot>{3, 500, 501, 19999}, kCount), SlotSet(third, kCount),
                        SlotSet(most, kCount)});
    for (const CodeSearch how : {CodeSearch::kAuto, CodeSearch::kScan, CodeSearch::kMultiIndex}) {
        const HammingCodes index(codes.data(), kCount, 3, how, {1, nullptr});
        const auto nearest = index.nearest(codes.data(), kQueries, 10, {2, nullptr}, sets);
        const auto within = index.within(codes.data(), kQueries, 2, {2, nullptr}, sets);
        for (std::size_t query = 0; query < kQueries; ++query) {
            std::vector<Candidate> model;
            sets.of(query)->for_each([&](Slot row) { model.push_back({distance(query, row), row}); });
            std::sort(model.begin(), model.end(), [](const Candidate& left, const Candidate& right) {
                return left.distance != right.distance ? left.distance < right.distance : left.slot < right.slot;
            });
            REQUIRE(nearest[query].size() == std::min<std::size_t>(10, model.size()));
            for (std::size_t i = 0; i < nearest[query].size(); ++i) {
                CHECK(nearest[query][i].slot == model[i].slot);
                CHECK(nearest[query][i].distance == model[i].distance);
            }
            std::erase_if(model, [](const Candidate& each) { return each.distance > 2; });
            REQUIRE(within[query].size() == model.size());
            for (std::size_t i = 0; i < model.size(); ++i) CHECK(within[query][i].slot == model[i].slot);
        }
    }
}

TEST_CASE("what a poll throws stops a search and the search for duplicates") {
    const std::vector<std::uint8_t> codes = drawn(20000 * 8, 6);
    const HammingCodes index(codes.data(), 20000, 8, CodeSearch::kScan, {1, nullptr});
    const Work work{1, [] { throw std::runtime_error("enough"); }};
    CHECK_THROWS_AS(index.nearest(codes.data(), 300, 3, work), std::runtime_error);
    CHECK_THROWS_AS(index.within(codes.data(), 300, 3, work), std::runtime_error);
    CHECK_THROWS_AS(HammingCodes(codes.data(), 20000, 8, CodeSearch::kAuto, work), std::runtime_error);
    const DuplicateOptions stopping{30, 2, [](std::size_t, std::size_t) { throw std::runtime_error("enough"); }};
    CHECK_THROWS_AS(duplicate_pairs(codes.data(), 20000, 8, stopping), std::runtime_error);
}

TEST_CASE("signed bits decode to signs and encode them again") {
    const SignedBits bits(5);
    const std::vector<std::uint8_t> codes = drawn(50, 8);
    std::vector<float> signs(400);
    bits.decode(codes.data(), 10, signs.data(), {});
    std::vector<std::uint8_t> again(50);
    bits.encode(signs.data(), 10, again.data(), {});
    CHECK(again == codes);
}

TEST_CASE("families refuse numbers of bits that make no whole bytes, and cross-polytopes too many rotations") {
    CHECK_THROWS_AS(random_hyperplanes(4, 0, 0), Error);
    CHECK_THROWS_AS(random_hyperplanes(4, 9, 0), Error);
    CHECK_THROWS_AS(random_hyperplanes(4, kMaxHashBits + 8, 0), Error);
    CHECK_THROWS_AS(CrossPolytope(4096, 65536, 0), Error);
    const std::vector<float> rows(8, 1.0F);
    CHECK_THROWS_AS(fit_pca_hash({rows.data(), 1, 8}, 8, {}), Error);
}

}  // namespace
}  // namespace lanner
