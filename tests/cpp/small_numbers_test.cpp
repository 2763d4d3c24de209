// Rows and queries as small numbers, at every level of this machine, against plain loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernel_cases.hpp"
#include "kernels/dispatch.hpp"

namespace {

using namespace kernel_cases;
using lanner::kMostSmall;
using lanner::kSmallStep;
using lanner::SmallQueryTerms;
using lanner::SmallRow;
using lanner::SmallRowTerms;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// What the kernels are told to compute, each operation rounded.
float value_of(std::int32_t product, const SmallRowTerms& row, const SmallQueryTerms& queries, std::size_t query) {
    const float stretched = static_cast<float>(product) * row.step;
    const float low = row.low * queries.sum[query];
    const float lost = row.lost * queries.length[query];
    const float loss = row.size * queries.loss[query];
    const float term = row.term * queries.unit[query];
    const float about = stretched + low;
    const float margin = lost + loss;
    const float both = about + margin;
    return both + term;
}

void check_near(const KernelTable& table, std::size_t row_count, std::size_t dim, bool most, std::mt19937& random) {
    INFO("level " << table.name << ", " << row_count << " rows, dim " << dim);
    const std::size_t width = table.small_columns;
    // Rows and panels end where memory ends.
    Flush rows(row_count * dim);
    Flush panel(width * dim);
    for (std::size_t i = 0; i < row_count * dim; ++i)
        rows.data()[i] = static_cast<unsigned char>(most ? kMostSmall : static_cast<int>(random() % (kMostSmall + 1)));
    for (std::size_t i = 0; i < width * dim; ++i) {
        const int number = most ? (i % 2 == 0 ? kMostSmall : -kMostSmall) : static_cast<int>(random() % 127) - 63;
        reinterpret_cast<std::int8_t*>(panel.data())[i] =
            static_cast<std::int8_t>(most && dim % 32 == 0 ? kMostSmall : number);
    }
    std::normal_distribution<float> normal;
    std::vector<SmallRowTerms> row_terms(row_count);
    for (SmallRowTerms& each : row_terms)
        each = {std::fabs(normal(random)), normal(random), std::fabs(normal(random)), 1.5F, normal(random)};
    row_terms.back().term = std::numeric_limits<float>::infinity();
    std::vector<std::vector<float>> terms(5);
    for (std::vector<float>& each : terms) {
        each.resize(width);
        for (float& term : each) term = normal(random) * 100;
    }
    const SmallQueryTerms queries{terms[0].data(), terms[1].data(), terms[2].data(), terms[3].data(), terms[4].data()};

    std::vector<std::vector<float>> values(row_count, std::vector<float>(width));
    for (std::size_t i = 0; i < row_count; ++i) {
        for (std::size_t c = 0; c < width; ++c) {
            std::int32_t product = 0;
            for (std::size_t j = 0; j < dim; ++j) {
                const unsigned char number = panel.data()[j / 4 * (4 * width) + 4 * c + j % 4];
                product += int{rows.data()[i * dim + j]} * static_cast<signed char>(number);
            }
            values[i][c] = value_of(product, row_terms[i], queries, c);
        }
    }
    // The value of one row is what each query is compared with: it is far, and what is a little more is near.
    for (std::size_t c = 0; c < width; ++c) terms[4][c] = c % 7 == 6 ? kNan : values[c % row_count][c];
    std::vector<std::uint64_t> near(row_count + 1, 5);
    table.small_near(rows.data(), dim, row_terms.data(), row_count, reinterpret_cast<std::int8_t*>(panel.data()),
                     queries, dim, near.data());
    for (std::size_t i = 0; i < row_count; ++i) {
        std::uint64_t expected = 0;
        for (std::size_t c = 0; c < width; ++c) expected |= std::uint64_t{!(values[i][c] <= terms[4][c])} << c;
        CHECK(near[i] == expected);
    }
    CHECK(near[row_count] == 5);
}

// What a sieve relies on: of no row more is lost than it reckons with (codecs/product_sieve.cpp).
void check_losses(const KernelTable& table, std::size_t count, std::mt19937& random) {
    std::normal_distribution<float> normal;
    for (const float scale : {1e-22F, 1e-12F, 1.0F, 1e12F, 1e17F}) {
        for (const char* const kind : {"plain", "spike", "far", "alike", "sparse"}) {
            INFO("level " << table.name << ", dim " << count << ", " << kind << ", scale " << scale);
            const std::string name(kind);
            std::vector<float> values(count);
            for (float& each : values) {
                each = normal(random);
                if (name == "far") each = each * 1e-2F + 1000.0F;
                if (name == "alike") each = each * 1e-7F + 1.0F;
                if (name == "sparse" && random() % 8 != 0) each = 0;
            }
            if (name == "spike") values[random() % count] = -1e4F;
            double squares = 0;
            for (float& each : values) {
                each *= scale;
                squares += static_cast<double>(each) * static_cast<double>(each);
            }
            std::vector<std::uint8_t> numbers(count);
            const SmallRow row = table.to_small(values.data(), count, numbers.data());
            double lost = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const double left = static_cast<double>(values[i]) -
                                    (static_cast<double>(row.low) + static_cast<double>(row.step) * numbers[i]);
                lost += left * left;
            }
            const double slack = static_cast<double>(2 * count + 64) * 0x1p-24;
            CHECK(std::sqrt(lost) <=
                  std::sqrt(static_cast<double>(row.lost)) * (1 + slack) + slack * std::sqrt(squares) + 1e-16);
        }
    }
}

// Rows without a range, and those whose range is beyond all numbers.
void check_without_numbers(const KernelTable& table) {
    CAPTURE(table.name);
    std::vector<std::uint8_t> numbers(40, 99);
    const std::vector<float> same(40, -2.5F);
    const SmallRow alike = table.to_small(same.data(), same.size(), numbers.data());
    CHECK((alike.low == -2.5F && alike.step == 0 && alike.lost == 0));
    CHECK(std::count(numbers.begin(), numbers.end(), 0) == 40);
    std::vector<float> wide(40, 3e38F);
    wide[7] = -3e38F;
    const SmallRow beyond = table.to_small(wide.data(), wide.size(), numbers.data());
    CHECK(beyond.step == 0);
    CHECK(!(beyond.lost <= std::numeric_limits<float>::max()));
}

}  // namespace

TEST_CASE("of rows of small numbers those that may be near are told, bit for bit on every level") {
    std::mt19937 random(3);
    for (const KernelTable* table : levels()) {
        for (const std::size_t rows : {1U, 2U, 3U, 4U, 5U, 7U, 12U, 96U}) check_near(*table, rows, 48, false, random);
        for (std::size_t dim = kSmallStep; dim <= 10 * kSmallStep; dim += kSmallStep)
            check_near(*table, 7, dim, false, random);
        // Sums of products as large as can be, either way.
        for (const std::size_t dim : {16U, 32U, 784U, 2048U}) check_near(*table, 9, dim, true, random);
        check_without_numbers(*table);
        for (const std::size_t dim : {1U, 2U, 17U, 100U, 784U, 65536U}) check_losses(*table, dim, random);
    }
}

TEST_CASE("a row becomes small numbers, and what is lost is known") {
    std::mt19937 random(4);
    std::normal_distribution<float> normal;
    for (std::size_t count = 1; count <= 300; count += count < 140 ? 1 : 23) {
        Flush given(count * sizeof(float));
        auto* const values = reinterpret_cast<float*>(given.data());
        const float away = count % 3 == 0 ? 100.0F : 0.0F;
        for (std::size_t i = 0; i < count; ++i) values[i] = normal(random) + away;
        const auto [least, most] = std::minmax_element(values, values + count);
        std::vector<std::uint8_t> first;
        for (const KernelTable* table : levels()) {
            CAPTURE(table->name);
            CAPTURE(count);
            Flush written(count);
            const SmallRow row = table->to_small(values, count, written.data());
            const std::vector<std::uint8_t> numbers(written.data(), written.data() + count);
            CHECK(row.low == *least);
            CHECK(row.step == (count == 1 ? 0.0F : (*most - *least) / static_cast<float>(kMostSmall)));
            double lost = 0;
            for (std::size_t i = 0; i < count; ++i) {
                CHECK(int{numbers[i]} <= kMostSmall);
                const double left = static_cast<double>(values[i]) -
                                    (static_cast<double>(row.low) + static_cast<double>(row.step) * numbers[i]);
                CHECK(std::fabs(left) <= static_cast<double>(row.step) * 0.501 + 1e-5);
                lost += left * left;
            }
            CHECK(std::fabs(static_cast<double>(row.lost) - lost) <=
                  1e-3 * lost + 1e-5 * static_cast<double>(away) + 1e-12);
            if (first.empty()) first = numbers;
            CHECK(numbers == first);
        }
    }
}
