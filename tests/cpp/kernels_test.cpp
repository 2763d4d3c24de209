// Every instruction set that this machine has, every shape, type and operation, against plain loops in double.
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernel_cases.hpp"
#include "kernels/cpu.hpp"
#include "kernels/dispatch.hpp"

namespace {

using namespace kernel_cases;
using lanner::CodeBits;

struct Answers {
    std::vector<float> rows, block, tile;
};

Answers run(const KernelTable& table, const Case& c) {
    const int type = static_cast<int>(c.type);
    const int op = static_cast<int>(c.op);
    const float* const row_offsets = c.row_offsets.empty() ? nullptr : c.row_offsets.data();
    const float* const query_offsets = c.query_offsets.empty() ? nullptr : c.query_offsets.data();
    const std::size_t pairs = c.query_count * c.row_count;
    const float untouched = -12345.0F;
    Answers answers{std::vector<float>(pairs), std::vector<float>(pairs), {}};

    // Scattered rows come backwards, so that neither neighbours nor places agree with the other shapes.
    std::vector<const void*> scattered;
    std::vector<float> scattered_offsets;
    for (std::size_t j = c.row_count; j-- > 0;) {
        scattered.push_back(c.row(j));
        if (row_offsets != nullptr) scattered_offsets.push_back(row_offsets[j]);
    }
    std::vector<float> values(c.row_count);
    for (std::size_t i = 0; i < c.query_count; ++i) {
        const float offset = query_offsets == nullptr ? 0.0F : query_offsets[i];
        table.rows[type][op](c.query(i), offset, scattered.data(),
                             row_offsets == nullptr ? nullptr : scattered_offsets.data(), c.row_count, c.dim,
                             values.data());
        for (std::size_t j = 0; j < c.row_count; ++j) answers.rows[i * c.row_count + j] = values[c.row_count - 1 - j];
        table.block[type][op](c.query(i), offset, c.row(0), c.row_stride, row_offsets, c.row_count, c.dim,
                              answers.block.data() + i * c.row_count);
    }

    const std::size_t out_stride = c.row_count + 3;
    std::vector<float> wide(c.query_count * out_stride, untouched);
    table.tile[type][op](c.query(0), c.query_stride, query_offsets, c.query_count, c.row(0), c.row_stride, row_offsets,
                         c.row_count, c.dim, wide.data(), out_stride);
    for (std::size_t i = 0; i < c.query_count; ++i) {
        for (std::size_t j = 0; j < out_stride; ++j) {
            if (j < c.row_count)
                answers.tile.push_back(wide[i * out_stride + j]);
            else
                CHECK(wide[i * out_stride + j] == untouched);
        }
    }
    return answers;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

void check_level(const KernelTable& table, const Case& c, const std::vector<Expected>& expected) {
    INFO("level " << table.name << ", type " << static_cast<int>(c.type) << ", op " << static_cast<int>(c.op)
                  << ", dim " << c.dim << ", " << c.query_count << " queries, " << c.row_count << " rows");
    const Answers answers = run(table, c);
    CHECK(same_bits(answers.rows, answers.block));
    CHECK(same_bits(answers.rows, answers.tile));
    for (std::size_t i = 0; i < c.query_count; ++i) {
        for (std::size_t j = 0; j < c.row_count; ++j) {
            const Expected& one = expected[i * c.row_count + j];
            const double got = static_cast<double>(answers.rows[i * c.row_count + j]);
            if (std::fabs(got - one.value) <= one.error) continue;
            FAIL_CHECK("query " << i << ", row " << j << ": got " << got << ", expected " << one.value << " +- "
                                << one.error);
        }
    }
}

void check(const Case& c) {
    const std::vector<Expected> expected = expectations(c);
    for (const KernelTable* table : levels()) check_level(*table, c, expected);
}

std::vector<std::size_t> dimensions() {
    std::vector<std::size_t> dims;
    for (std::size_t dim = 1; dim <= 130; ++dim) dims.push_back(dim);
    dims.insert(dims.end(), {255, 256, 257, 384, 511, 513, 784, 1000, 1024, 1535, 2047, 2048, 2049});
    return dims;
}

std::string text_of(const KernelTable* table) { return table == nullptr ? "none" : table->name; }

}  // namespace

TEST_CASE("every level agrees with plain loops in every shape, and no kernel reads past a row's end") {
    std::mt19937 random(1);
    for (const ElementType type : kTypes) {
        for (const Op op : ops_of(type)) {
            for (const std::size_t dim : dimensions()) {
                const std::size_t padding = dim % 3 == 0 ? 1 : 0;
                const Case c = make_case(random, type, op, dim, 4, 7, padding, Fill::kOrdinary);
                check(c);
            }
        }
    }
}

TEST_CASE("every number of rows and queries, around the groups that kernels take at once") {
    std::mt19937 random(2);
    for (const ElementType type : kTypes) {
        for (const Op op : ops_of(type)) {
            for (std::size_t rows = 1; rows <= 21; ++rows) {
                const Case c = make_case(random, type, op, 67, 1 + rows % 8, rows, rows % 5, Fill::kOrdinary);
                check(c);
            }
            const Case many = make_case(random, type, op, 19, 101, 5, 0, Fill::kOrdinary);
            check(many);
        }
    }
}

TEST_CASE("codes so short that a register holds several") {
    std::mt19937 random(3);
    for (const Op op : kBitOps) {
        for (const std::size_t dim : std::vector<std::size_t>{57, 64, 121, 128, 249, 256, 505, 512, 1017, 1024}) {
            for (std::size_t rows = 1; rows <= 35; ++rows) {
                const Case side_by_side = make_case(random, ElementType::kBits, op, dim, 3, rows, 0, Fill::kOrdinary);
                const Case apart = make_case(random, ElementType::kBits, op, dim, 3, rows, 1, Fill::kOrdinary);
                check(side_by_side);
                check(apart);
            }
        }
    }
}

TEST_CASE("extremes and denormals") {
    std::mt19937 random(3);
    for (const ElementType type : kTypes) {
        for (const Op op : ops_of(type)) {
            for (const Fill fill : {Fill::kExtreme, Fill::kTiny}) {
                for (const std::size_t dim : std::vector<std::size_t>{1, 15, 64, 129, 1000}) {
                    const Case c = make_case(random, type, op, dim, 3, 6, 1, fill);
                    check(c);
                }
            }
        }
    }
}

TEST_CASE("integer sums do not overflow at the largest dimension") {
    const std::size_t dim = lanner::kMaxDim;
    std::mt19937 random(4);
    for (const ElementType type : {ElementType::kInt8, ElementType::kUInt8}) {
        for (const Op op : kNumberOps) {
            Case c = make_case(random, type, op, dim, 2, 5, 0, Fill::kExtreme);
            // Row 0 is everywhere as far from query 0 as can be, row 1 equals it: the largest square and product.
            const bool is_signed = type == ElementType::kInt8;
            std::memset(c.queries->data(), is_signed ? 0x80 : 0xff, dim);
            std::memset(c.rows->data(), is_signed ? 0x7f : 0x00, dim);
            std::memset(c.rows->data() + c.row_stride, is_signed ? 0x80 : 0xff, dim);
            if (op == Op::kCenteredL2) {
                c.query_offsets[0] = sum_of(type, c.query(0), dim);
                c.row_offsets[0] = sum_of(type, c.row(0), dim);
                c.row_offsets[1] = sum_of(type, c.row(1), dim);
            }
            check(c);
        }
    }
    for (const Op op : kBitOps) {
        Case c = make_case(random, ElementType::kBits, op, lanner::kMaxBits, 1, 3, 0, Fill::kOrdinary);
        std::memset(c.queries->data(), 0xff, c.query_stride);
        std::memset(c.rows->data(), 0x00, c.row_stride);
        check(c);
    }
}

TEST_CASE("two empty sets are at Jaccard distance 0") {
    const std::vector<unsigned char> empty(40, 0);
    for (const KernelTable* table : levels()) {
        float out = 1;
        table->block[static_cast<int>(ElementType::kBits)][static_cast<int>(Op::kJaccard)](
            empty.data(), 0, empty.data(), 40, nullptr, 1, 320, &out);
        CHECK(out == 0.0F);
    }
}

namespace {

// Codes and queries of one case, written from the description of the layout in kernel_table.hpp.
struct CodeCase {
    CodeBits bits;
    std::size_t dim, query_count, row_count, query_stride, row_stride;
    std::unique_ptr<Flush> queries, rows;
    std::vector<float> query_sums;

    // Features in the low bits of a block's bytes; the rest are in the high bits.
    std::size_t low_features(std::size_t k) const { return k / 128 == dim / 128 ? (dim % 128 + 1) / 2 : 64; }
    bool is_high(std::size_t k) const { return k % 128 >= low_features(k); }
    std::size_t byte_of(std::size_t k) const { return k / 128 * 64 + (k % 128) % low_features(k); }
    std::size_t query_place(std::size_t k) const {
        if (bits == CodeBits::k8) return k;
        return k / 128 * 128 + (k % 128) % low_features(k) + (is_high(k) ? 64 : 0);
    }
    std::int64_t z(std::size_t i, std::size_t k) const {
        return static_cast<signed char>(queries->data()[i * query_stride + query_place(k)]);
    }
    std::int64_t c(std::size_t j, std::size_t k) const {
        const unsigned char* const row = rows->data() + j * row_stride;
        if (bits == CodeBits::k8) return row[k];
        return is_high(k) ? row[byte_of(k)] >> 4 : row[byte_of(k)] & 15;
    }
    float expected(std::size_t i, std::size_t j) const {
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < dim; ++k)
            sum += z(i, k) * (bits == CodeBits::k8 ? c(j, k) - 128 : 2 * c(j, k) - 15);
        return static_cast<float>(sum);
    }
};

CodeCase make_code_case(std::mt19937& random, CodeBits bits, std::size_t dim, std::size_t query_count,
                        std::size_t row_count, std::size_t padding, bool extreme) {
    const std::size_t row_bytes = bits == CodeBits::k8 ? dim : dim / 128 * 64 + (dim % 128 + 1) / 2;
    const std::size_t query_bytes = bits == CodeBits::k8 ? dim : (dim + 127) / 128 * 128;
    CHECK(lanner::code_bytes(bits, dim) == row_bytes);
    CHECK(lanner::code_query_bytes(bits, dim) == query_bytes);
    CodeCase made{bits, dim, query_count, row_count, query_bytes + padding, row_bytes + padding, nullptr, nullptr, {}};
    made.queries = std::make_unique<Flush>((query_count - 1) * made.query_stride + query_bytes);
    made.rows = std::make_unique<Flush>((row_count - 1) * made.row_stride + row_bytes);
    for (std::size_t i = 0; i < query_count; ++i) {
        unsigned char* const query = made.queries->data() + i * made.query_stride;
        std::memset(query, 0, query_bytes);
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < dim; ++k) {
            const int value = extreme ? (i % 2 == 0 ? 127 : -127) : static_cast<int>(random() % 255) - 127;
            query[made.query_place(k)] = static_cast<unsigned char>(value);
            sum += value;
        }
        made.query_sums.push_back(static_cast<float>(sum));
    }
    for (std::size_t j = 0; j < row_count; ++j) {
        for (std::size_t k = 0; k < dim; ++k) {
            unsigned char* const row = made.rows->data() + j * made.row_stride;
            const unsigned most = bits == CodeBits::k8 ? 255 : 15;
            const unsigned value = extreme ? (j % 2 == 0 ? most : 0U) : static_cast<unsigned>(random()) % (most + 1);
            if (bits == CodeBits::k8) {
                row[k] = static_cast<unsigned char>(value);
            } else {
                unsigned char& byte = row[made.byte_of(k)];
                byte = static_cast<unsigned char>(made.is_high(k) ? byte | value << 4 : value);
            }
        }
    }
    return made;
}

void check_codes(const KernelTable& table, const CodeCase& c) {
    INFO("level " << table.name << ", bits " << static_cast<int>(c.bits) << ", dim " << c.dim << ", " << c.row_count
                  << " rows");
    const int bits = static_cast<int>(c.bits);
    std::vector<const void*> scattered;
    for (std::size_t j = c.row_count; j-- > 0;) scattered.push_back(c.rows->data() + j * c.row_stride);
    std::vector<float> rows(c.row_count);
    std::vector<float> block(c.row_count);
    std::vector<float> tile(c.query_count * c.row_count);
    table.code_tile[bits](c.queries->data(), c.query_stride, c.query_sums.data(), c.query_count, c.rows->data(),
                          c.row_stride, nullptr, c.row_count, c.dim, tile.data(), c.row_count);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < c.query_count; ++i) {
        const unsigned char* const query = c.queries->data() + i * c.query_stride;
        table.code_rows[bits](query, c.query_sums[i], scattered.data(), nullptr, c.row_count, c.dim, rows.data());
        table.code_block[bits](query, c.query_sums[i], c.rows->data(), c.row_stride, nullptr, c.row_count, c.dim,
                               block.data());
        for (std::size_t j = 0; j < c.row_count; ++j) {
            const float expected = c.expected(i, j);
            wrong += rows[c.row_count - 1 - j] == expected ? 0 : 1;
            wrong += block[j] == expected ? 0 : 1;
            wrong += tile[i * c.row_count + j] == expected ? 0 : 1;
        }
    }
    CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("products of codes are exact on every level, in every shape, and no kernel reads past an end") {
    std::mt19937 random(6);
    for (const CodeBits bits : {CodeBits::k8, CodeBits::k4}) {
        for (const std::size_t dim : dimensions()) {
            const CodeCase c = make_code_case(random, bits, dim, 4, 7, dim % 3 == 0 ? 13 : 0, false);
            for (const KernelTable* table : levels()) check_codes(*table, c);
        }
        for (std::size_t rows = 1; rows <= 41; ++rows) {
            const CodeCase c = make_code_case(random, bits, 67, 1 + rows % 8, rows, rows % 5, false);
            for (const KernelTable* table : levels()) check_codes(*table, c);
        }
        for (const std::size_t dim : {std::size_t{1}, std::size_t{129}, lanner::kMaxDim}) {
            const CodeCase c = make_code_case(random, bits, dim, 2, 5, 0, true);
            for (const KernelTable* table : levels()) check_codes(*table, c);
        }
    }
}

TEST_CASE("no rows or no queries: nothing is written") {
    for (const KernelTable* table : levels()) {
        const std::vector<float> vector(8, 1.0F);
        float out = 7;
        table->rows[0][0](vector.data(), 0, nullptr, nullptr, 0, 8, &out);
        table->block[0][0](vector.data(), 0, vector.data(), 32, nullptr, 0, 8, &out);
        table->tile[0][0](vector.data(), 32, nullptr, 0, vector.data(), 32, nullptr, 1, 8, &out, 1);
        table->tile[0][0](vector.data(), 32, nullptr, 1, vector.data(), 32, nullptr, 0, 8, &out, 1);
        CHECK(out == 7.0F);
    }
}

TEST_CASE("pairs without a meaning have no kernel, all others have") {
    for (const KernelTable* table : levels()) {
        for (const ElementType type : kTypes) {
            for (int op = 0; op < lanner::kOpCount; ++op) {
                const std::vector<Op> wanted = ops_of(type);
                const bool has = std::find(wanted.begin(), wanted.end(), static_cast<Op>(op)) != wanted.end();
                CHECK((table->rows[static_cast<int>(type)][op] != nullptr) == has);
                CHECK((table->block[static_cast<int>(type)][op] != nullptr) == has);
                CHECK((table->tile[static_cast<int>(type)][op] != nullptr) == has);
            }
        }
    }
}

TEST_CASE("levels are named once, need what the machine has, and end with scalar") {
    const std::vector<const KernelTable*> found = levels();
    REQUIRE(!found.empty());
    CHECK(text_of(found.back()) == "scalar");
    CHECK(found.back()->needs == 0);
    for (const KernelTable* table : found) {
        CHECK(lanner::find_kernels(table->name) == table);
        CHECK((table->needs & lanner::cpu_features()) == table->needs);
    }
    CHECK(lanner::find_kernels("mmx") == nullptr);
}

// A run under an emulated processor says what must be found there (tests/emulated_levels.sh).
TEST_CASE("the levels are those that the caller of this program expects") {
    const char* const expected = std::getenv("LANNER_EXPECT_LEVELS");
    if (expected == nullptr) return;
    std::string found;
    for (const KernelTable* table : levels()) found += (found.empty() ? "" : " ") + std::string(table->name);
    CHECK(found == expected);
}

TEST_CASE("the best level is in use unless LANNER_ISA names another") {
    const char* const asked = std::getenv("LANNER_ISA");
    const KernelTable* const wanted = asked == nullptr ? levels().front() : lanner::find_kernels(asked);
    REQUIRE(wanted != nullptr);
    CHECK(&lanner::active_kernels() == wanted);
}

TEST_CASE("halves widen exactly: every one of the 65536") {
    std::vector<std::uint16_t> halves(65536);
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
    for (const KernelTable* table : levels()) {
        for (const int exponent_bits : {5, 8}) {
            std::vector<float> wide(halves.size());
            (exponent_bits == 5 ? table->f16_to_f32 : table->bf16_to_f32)(halves.data(), wide.data(), halves.size());
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < halves.size(); ++i) {
                const double expected = half_value(halves[i], exponent_bits);
                const double got = static_cast<double>(wide[i]);
                const bool right = std::isnan(expected)
                                       ? std::isnan(got)
                                       : got == expected && std::signbit(got) == std::signbit(expected);
                wrong += right ? 0 : 1;
            }
            CHECK_MESSAGE(wrong == 0, table->name << ", exponent of " << exponent_bits << " bits");
        }
    }
}

// Between every two neighbouring halves: the middle, a float on either side of it, and the halves themselves.
TEST_CASE("floats narrow to the nearest half, ties to even") {
    for (const int exponent_bits : {5, 8}) {
        const std::uint16_t infinity = exponent_bits == 5 ? 0x7c00 : 0x7f80;
        std::vector<float> wide;
        std::vector<std::uint16_t> expected;
        const auto put = [&](double value, unsigned half) {
            for (const unsigned sign : {0U, 0x8000U}) {
                wide.push_back(static_cast<float>(sign != 0 ? -value : value));
                expected.push_back(static_cast<std::uint16_t>(half | sign));
            }
        };
        for (unsigned half = 0; half < infinity; ++half) {
            const double low = half_value(static_cast<std::uint16_t>(half), exponent_bits);
            // Past the largest half comes the number that would follow it if the exponents went on.
            const double high = half + 1U < infinity ? half_value(static_cast<std::uint16_t>(half + 1), exponent_bits)
                                                     : std::ldexp(1.0, exponent_bits == 5 ? 16 : 128);
            const float middle = static_cast<float>((low + high) / 2);
            put(low, half);
            put(static_cast<double>(middle), half + half % 2);
            put(static_cast<double>(std::nextafter(middle, 0.0F)), half);
            put(static_cast<double>(std::nextafter(middle, std::numeric_limits<float>::infinity())), half + 1);
        }
        put(std::numeric_limits<double>::infinity(), infinity);
        for (const KernelTable* table : levels()) {
            std::vector<std::uint16_t> got(wide.size());
            (exponent_bits == 5 ? table->f32_to_f16 : table->f32_to_bf16)(wide.data(), got.data(), wide.size());
            const auto [at, unused] = std::mismatch(got.begin(), got.end(), expected.begin());
            const std::size_t place = static_cast<std::size_t>(at - got.begin());
            CHECK_MESSAGE(at == got.end(), table->name << ", exponent of " << exponent_bits << " bits: number " << place
                                                       << " narrows wrongly");
        }
    }
}

TEST_CASE("NaN stays NaN, and conversions write no more than they are asked") {
    std::vector<float> wide(40, std::numeric_limits<float>::quiet_NaN());
    wide[1] = std::bit_cast<float>(0x7f800001U);  // signalling, all of whose payload would be cut off
    wide[2] = std::bit_cast<float>(0xffffffffU);
    for (const KernelTable* table : levels()) {
        for (std::size_t count = 0; count < 40; ++count) {
            for (const int exponent_bits : {5, 8}) {
                std::vector<std::uint16_t> halves(41, 0x1234);
                (exponent_bits == 5 ? table->f32_to_f16 : table->f32_to_bf16)(wide.data(), halves.data(), count);
                std::vector<float> back(41, 5.0F);
                (exponent_bits == 5 ? table->f16_to_f32 : table->bf16_to_f32)(halves.data(), back.data(), count);
                for (std::size_t i = 0; i < count; ++i) {
                    CHECK(std::isnan(half_value(halves[i], exponent_bits)));
                    CHECK(std::isnan(back[i]));
                }
                CHECK(halves[count] == 0x1234);
                CHECK(back[count] == 5.0F);
            }
        }
    }
}

TEST_CASE("the Hadamard transform adds and subtracts, by the same stages on every level") {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (std::size_t count = 1; count <= 4096; count *= 2) {
        std::vector<float> given(count);
        for (float& each : given) each = normal(random);
        std::vector<float> expected = given;
        for (std::size_t distance = 1; distance < count; distance *= 2) {
            const std::vector<float> from = expected;
            for (std::size_t i = 0; i < count; ++i) {
                const bool second = (i & distance) != 0;
                expected[i] = second ? from[i - distance] - from[i] : from[i] + from[i + distance];
            }
        }
        for (const KernelTable* table : levels()) {
            Flush values(count * sizeof(float));
            std::memcpy(values.data(), given.data(), values.size());
            table->hadamard(reinterpret_cast<float*>(values.data()), count);
            CHECK_MESSAGE(std::memcmp(values.data(), expected.data(), values.size()) == 0,
                          table->name << ", " << count);
        }
    }
}

TEST_CASE("loops over single features give the same bits on every level, and touch nothing behind the last") {
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (std::size_t count = 0; count <= 200; ++count) {
        std::vector<float> left(count);
        std::vector<float> right(count);
        for (float& each : left) each = normal(random);
        for (float& each : right) each = normal(random);
        float most = 0;
        for (const float each : left) most = std::max(most, std::fabs(each));
        const float scale = count == 0 ? 1.0F : 127.0F / most;
        std::int32_t sum = 0;
        std::vector<int> rounded;
        for (const float each : left) {
            rounded.push_back(static_cast<int>(each * scale + 128.5F) - 128);
            sum += rounded.back();
        }
        for (const KernelTable* table : levels()) {
            CAPTURE(table->name);
            CAPTURE(count);
            CHECK(table->largest(left.data(), count) == most);
            std::vector<std::int8_t> bytes(count + 1, 99);
            CHECK(table->to_signed_bytes(left.data(), scale, count, bytes.data()) == sum);
            CHECK(std::equal(rounded.begin(), rounded.end(), bytes.begin()));
            CHECK(bytes[count] == 99);
            Flush product(count * sizeof(float));
            if (count > 0) std::memcpy(product.data(), left.data(), product.size());
            table->multiply(reinterpret_cast<float*>(product.data()), right.data(), count);
            std::vector<float> low = left;
            std::vector<float> high = right;
            low.push_back(5);
            high.push_back(6);
            table->add_and_subtract(low.data(), high.data(), count);
            for (std::size_t i = 0; i < count; ++i) {
                CHECK(reinterpret_cast<const float*>(product.data())[i] == left[i] * right[i]);
                CHECK(low[i] == left[i] + right[i]);
                CHECK(high[i] == left[i] - right[i]);
            }
            CHECK((low[count] == 5 && high[count] == 6));
        }
    }
}

TEST_CASE("read_all is the exclusive-or of all words, and reads no byte more") {
    std::mt19937 random(5);
    for (std::size_t size = 0; size < 1300; size += size < 300 ? 1 : 37) {
        Flush bytes(size);
        std::uint64_t expected = 0;
        for (std::size_t i = 0; i < size; ++i) {
            bytes.data()[i] = static_cast<unsigned char>(random());
            expected ^= std::uint64_t{bytes.data()[i]} << (8 * (i % 8));
        }
        for (const KernelTable* table : levels()) CHECK(table->read_all(bytes.data(), size) == expected);
    }
}
