// Kernels that make and scan codes, at every level of this machine, against plain loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "kernel_cases.hpp"
#include "kernels/dispatch.hpp"

namespace {

using namespace kernel_cases;
using lanner::kColumnMultiple;
using lanner::kNibbleRows;
using lanner::kSketchRows;
using lanner::nibble_tables;
using lanner::NibbleFactors;
using lanner::NibbleQuery;
using lanner::sketch_query_bytes;
using lanner::sketch_stride;
using lanner::SketchFactors;

// Floats that end where memory ends.
struct FlushFloats {
    explicit FlushFloats(std::size_t count) : bytes(count * sizeof(float)) {}
    float* data() { return reinterpret_cast<float*>(bytes.data()); }
    Flush bytes;
};

void fill(std::mt19937& random, float* to, std::size_t count) {
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < count; ++i) to[i] = normal(random);
}

struct ColumnsCase {
    std::size_t rows, dim, columns;
};

void check_columns(const KernelTable& table, const ColumnsCase& c, std::mt19937& random) {
    INFO("level " << table.name << ", " << c.rows << " rows, dim " << c.dim << ", " << c.columns << " columns");
    FlushFloats rows(c.rows * c.dim);
    FlushFloats matrix(c.dim * c.columns);
    FlushFloats out(c.rows * c.columns);
    fill(random, rows.data(), c.rows * c.dim);
    fill(random, matrix.data(), c.dim * c.columns);
    for (const Op op : {Op::kL2, Op::kDot}) {
        std::fill(out.data(), out.data() + c.rows * c.columns, 0.5F);
        table.columns[static_cast<int>(op)](rows.data(), c.dim, c.rows, matrix.data(), c.columns, c.dim, c.columns,
                                            out.data(), c.columns);
        for (std::size_t i = 0; i < c.rows; ++i) {
            for (std::size_t k = 0; k < c.columns; ++k) {
                double expected = 0.5;
                double size = 0.5;
                for (std::size_t j = 0; j < c.dim; ++j) {
                    const auto x = static_cast<double>(rows.data()[i * c.dim + j]);
                    const auto y = static_cast<double>(matrix.data()[j * c.columns + k]);
                    expected += op == Op::kDot ? x * y : (x - y) * (x - y);
                    size += op == Op::kDot ? std::fabs(x * y) : (x - y) * (x - y);
                }
                const auto got = static_cast<double>(out.data()[i * c.columns + k]);
                CHECK(std::fabs(got - expected) <= static_cast<double>(c.dim + 4) * 0x1p-24 * size);
            }
        }
        // Alone, a row gives the same bits.
        std::vector<float> single(c.columns, 0.5F);
        const std::size_t last = c.rows - 1;
        table.columns[static_cast<int>(op)](rows.data() + last * c.dim, c.dim, 1, matrix.data(), c.columns, c.dim,
                                            c.columns, single.data(), c.columns);
        CHECK(std::memcmp(single.data(), out.data() + last * c.columns, c.columns * sizeof(float)) == 0);
    }
}

struct Scan {
    std::size_t rows, code_bytes;
    bool scales, offsets;
};

struct ScanResult {
    std::vector<float> values[3];
    std::vector<std::uint32_t> masks[3];
};

// Three queries: a pair and one that is left.
ScanResult run_scan(const KernelTable& table, const Scan& scan, unsigned seed) {
    std::mt19937 random(seed);
    const std::size_t tables = nibble_tables(scan.code_bytes);
    const std::size_t blocks = (scan.rows + kNibbleRows - 1) / kNibbleRows;
    const std::size_t padded = blocks * kNibbleRows;
    Flush codes(scan.rows * scan.code_bytes);
    for (std::size_t i = 0; i < scan.rows * scan.code_bytes; ++i)
        codes.data()[i] = static_cast<unsigned char>(random());
    Flush packed(blocks * tables * 16);
    table.pack_nibbles(codes.data(), scan.code_bytes, scan.rows, scan.code_bytes, packed.data());
    FlushFloats scales(padded);
    FlushFloats offsets(padded);
    fill(random, scales.data(), padded);
    fill(random, offsets.data(), padded);
    Flush entries(3 * tables * 16);
    // So many that their sum stays within 65535, and the greatest reach it.
    const auto most = static_cast<unsigned>(std::min<std::size_t>(255, 65535 / tables));
    NibbleQuery queries[3];
    ScanResult result;
    for (std::size_t q = 0; q < 3; ++q) {
        unsigned char* const to = entries.data() + q * tables * 16;
        for (std::size_t i = 0; i < tables * 16; ++i)
            to[i] = static_cast<unsigned char>(q == 2 ? most : random() % (most + 1));
        result.values[q].resize(padded);
        result.masks[q].resize(blocks);
        queries[q] = {to, 3.25F, 0.75F, -1.5F, 0, result.values[q].data(), result.masks[q].data()};
    }
    const NibbleFactors factors{scan.scales ? scales.data() : nullptr, scan.offsets ? offsets.data() : nullptr};
    for (NibbleQuery& query : queries) query.limit = scan.scales ? 10.0F : static_cast<float>(most * tables) * 0.5F;
    table.nibble_values(queries, 3, tables, packed.data(), blocks, factors);
    for (std::size_t q = 0; q < 3; ++q) {
        for (std::size_t row = 0; row < scan.rows; ++row) {
            const unsigned char* const code = codes.data() + row * scan.code_bytes;
            unsigned sum = 0;
            for (std::size_t t = 0; t < 2 * scan.code_bytes; ++t)
                sum += queries[q].tables[t * 16 + ((code[t / 2] >> (t % 2 * 4)) & 15)];
            for (std::size_t t = 2 * scan.code_bytes; t < tables; ++t) sum += queries[q].tables[t * 16];
            auto expected = static_cast<float>(sum);
            if (scan.scales) {
                const float scaled = 0.75F * expected;
                expected = (3.25F + scaled) * scales.data()[row];
            }
            if (scan.offsets) {
                const float shift = -1.5F * offsets.data()[row];
                expected += shift;
            }
            const bool within = (result.masks[q][row / 32] >> (row % 32) & 1U) != 0;
            if (result.values[q][row] == expected && within == (expected <= queries[q].limit)) continue;
            FAIL_CHECK("query " << q << ", row " << row << ": got " << result.values[q][row] << ", expected "
                                << expected);
        }
    }
    return result;
}

}  // namespace

TEST_CASE("rows against columns agree with plain loops, and no kernel reads past the end") {
    std::mt19937 random(1);
    for (const KernelTable* table : levels()) {
        for (std::size_t columns = 1; columns <= 70; ++columns)
            check_columns(*table, {1 + columns % 6, 1 + columns % 9, columns}, random);
        check_columns(*table, {9, 300, 256}, random);
    }
}

TEST_CASE("the nearest column is the first of the least distances") {
    std::mt19937 random(2);
    for (const KernelTable* table : levels()) {
        for (const std::size_t columns : {16U, 32U, 48U, 80U, 256U}) {
            for (std::size_t dim = 1; dim <= 9; ++dim) {
                INFO("level " << table->name << ", dim " << dim << ", " << columns << " columns");
                const std::size_t rows = 1 + dim;
                FlushFloats points(rows * dim);
                FlushFloats matrix(dim * columns);
                // Few different numbers, so that ties are common.
                for (std::size_t i = 0; i < rows * dim; ++i) points.data()[i] = static_cast<float>(random() % 3);
                for (std::size_t i = 0; i < dim * columns; ++i) matrix.data()[i] = static_cast<float>(random() % 3);
                std::vector<std::uint32_t> nearest(rows);
                std::vector<float> distances(rows);
                table->nearest_column(points.data(), dim, rows, matrix.data(), columns, dim, columns, nearest.data(),
                                      distances.data());
                for (std::size_t i = 0; i < rows; ++i) {
                    std::vector<float> all(columns, 0.0F);
                    for (std::size_t k = 0; k < columns; ++k) {
                        for (std::size_t j = 0; j < dim; ++j) {
                            const float difference = points.data()[i * dim + j] - matrix.data()[j * columns + k];
                            all[k] += difference * difference;
                        }
                    }
                    const auto least = std::min_element(all.begin(), all.end());
                    CHECK(nearest[i] == static_cast<std::uint32_t>(least - all.begin()));
                    CHECK(distances[i] == *least);
                }
            }
        }
    }
}

TEST_CASE("4-bit codes: every level gives the values of plain sums, bit for bit") {
    unsigned seed = 3;
    for (const std::size_t code_bytes : {1U, 2U, 3U, 5U, 8U, 16U, 48U, 127U, 128U, 129U, 300U}) {
        for (const std::size_t rows : {1U, 15U, 31U, 32U, 33U, 64U, 130U, 300U}) {
            for (const int kind : {0, 1, 2}) {
                const Scan scan{rows, code_bytes, kind >= 1, kind == 2};
                ++seed;
                for (const KernelTable* table : levels()) {
                    INFO("level " << table->name << ", " << rows << " rows of " << code_bytes << " bytes, kind "
                                  << kind);
                    run_scan(*table, scan, seed);
                }
            }
        }
    }
}

TEST_CASE("sketches: every level gives the values of plain sums, bit for bit, and what lies within the limit") {
    std::mt19937 random(1);
    for (const std::size_t dim :
         {1U, 7U, 8U, 31U, 64U, 100U, 128U, 129U, 255U, 384U, 400U, 512U, 513U, 784U, 1024U, 2049U}) {
        for (const std::size_t count : {1U, 3U, 4U, 9U, 32U, 33U, 70U}) {
            const std::size_t stride = sketch_stride(dim);
            const std::size_t page_rows = 128;
            Flush rows(page_rows * stride);
            Flush planes(sketch_query_bytes(dim));
            std::vector<int> codes(dim);
            std::fill(planes.data(), planes.data() + planes.size(), static_cast<unsigned char>(0));
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < dim; ++i) {
                codes[i] = static_cast<int>(random() % 16) - 8;
                sum += codes[i];
                for (std::size_t p = 0; p < 4; ++p) {
                    unsigned char& byte = planes.data()[i / 512 * 256 + p * 64 + i % 512 / 8];
                    byte = static_cast<unsigned char>(byte | (static_cast<unsigned>(codes[i]) >> p & 1U) << (i % 8));
                }
            }
            // What lies between the bits and the factors may be anything.
            for (std::size_t i = 0; i < rows.size(); ++i) rows.data()[i] = static_cast<unsigned char>(random());
            const float limit = 3.0F;
            std::vector<std::uint32_t> slots;
            std::vector<float> expected;
            for (std::size_t r = 0; r < count; ++r) {
                // The last row of the page is among them: a kernel that reads past its end reads past the memory.
                slots.push_back(static_cast<std::uint32_t>(5 * page_rows + page_rows - count + r));
                unsigned char* const row = rows.data() + slots[r] % page_rows * stride;
                const SketchFactors factors{0.25F * static_cast<float>(r % 7 + 1), -1.5F, 0.75F, 0};
                std::memcpy(row + stride - sizeof factors, &factors, sizeof factors);
                std::int32_t product = 0;
                for (std::size_t i = 0; i < dim; ++i)
                    product += (row[i / 8] >> (i % 8) & 1) != 0 ? codes[i] : -codes[i];
                const float slope = 0.375F * static_cast<float>(product);
                const float part = slope * factors.step;
                const float margin = 0.3F * factors.spread;
                const float estimate = (3.3F + 1.7F * factors.add) - part;
                expected.push_back(estimate - margin);
            }
            for (const KernelTable* table : levels()) {
                for (const std::size_t following : {std::size_t{0}, count / 2}) {
                    INFO("level " << table->name << ", dim " << dim << ", " << count << " rows");
                    const std::size_t wanted = count - following;
                    std::vector<float> got((wanted + kSketchRows - 1) / kSketchRows * kSketchRows);
                    std::vector<std::uint32_t> masks(got.size() / kSketchRows);
                    table->sketch_values({planes.data(), sum, 3.3F, 1.7F, 0.375F, 0.3F, limit},
                                         {rows.data(), stride, page_rows - 1, slots.data(), wanted, following}, dim,
                                         got.data(), masks.data());
                    for (std::size_t r = 0; r < wanted; ++r) CHECK(got[r] == expected[r]);
                    for (std::size_t r = 0; r < masks.size() * kSketchRows; ++r) {
                        const bool within = (masks[r / kSketchRows] >> (r % kSketchRows) & 1) != 0;
                        CHECK(within == (r < wanted && expected[r] <= limit));
                    }
                }
            }
        }
    }
}
