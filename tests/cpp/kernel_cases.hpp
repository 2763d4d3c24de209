// What the kernels' tests compare with: vectors of every type, and each operation as a plain loop in double.
// Vectors lie flush against an unreadable page where the system has one: a kernel that reads past a row's end dies.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "kernels/dispatch.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define LANNER_HAS_GUARD_PAGES 1
#endif

namespace kernel_cases {

using lanner::ElementType;
using lanner::KernelTable;
using lanner::Op;

inline constexpr ElementType kTypes[] = {ElementType::kFloat32, ElementType::kFloat16, ElementType::kBFloat16,
                                         ElementType::kInt8,    ElementType::kUInt8,   ElementType::kBits};
inline constexpr Op kNumberOps[] = {Op::kL2, Op::kDot, Op::kCenteredL2};
inline constexpr Op kBitOps[] = {Op::kHamming, Op::kJaccard};

inline std::vector<const KernelTable*> levels() {
    const lanner::KernelLevels found = lanner::available_kernels();
    std::vector<const KernelTable*> tables;
    for (std::size_t i = 0; i < found.count; ++i) tables.push_back(found.first[i]);
    return tables;
}

inline std::vector<Op> ops_of(ElementType type) {
    if (type == ElementType::kBits) return {std::begin(kBitOps), std::end(kBitOps)};
    return {std::begin(kNumberOps), std::end(kNumberOps)};
}

inline bool is_float(ElementType type) { return static_cast<int>(type) <= static_cast<int>(ElementType::kBFloat16); }

inline std::size_t bytes_of(ElementType type, std::size_t dim) {
    switch (type) {
        case ElementType::kFloat32:
            return 4 * dim;
        case ElementType::kFloat16:
        case ElementType::kBFloat16:
            return 2 * dim;
        case ElementType::kInt8:
        case ElementType::kUInt8:
            return dim;
        case ElementType::kBits:
            return (dim + 7) / 8;
    }
    return 0;
}

// Bytes whose end is the end of the memory that may be read.
class Flush {
  public:
    explicit Flush(std::size_t size) : size_(size) {
#ifdef LANNER_HAS_GUARD_PAGES
        const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        mapped_ = (size + page - 1) / page * page + page;
        void* const start = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(start != MAP_FAILED);
        start_ = static_cast<unsigned char*>(start);
        // An emulator that reads all of a masked load has to do without (tests/emulated_levels.sh).
        if (std::getenv("LANNER_NO_GUARD_PAGES") == nullptr) {
            REQUIRE(mprotect(start_ + mapped_ - page, page, PROT_NONE) == 0);
        }
        data_ = start_ + mapped_ - page - size;
#else
        heap_ = std::make_unique<unsigned char[]>(size);
        data_ = heap_.get();
#endif
    }
    Flush(const Flush&) = delete;
    Flush& operator=(const Flush&) = delete;
    ~Flush() {
#ifdef LANNER_HAS_GUARD_PAGES
        munmap(start_, mapped_);
#endif
    }

    unsigned char* data() { return data_; }
    std::size_t size() const { return size_; }

  private:
    std::size_t size_;
    unsigned char* data_ = nullptr;
#ifdef LANNER_HAS_GUARD_PAGES
    unsigned char* start_ = nullptr;
    std::size_t mapped_ = 0;
#else
    std::unique_ptr<unsigned char[]> heap_;
#endif
};

// The conversions, written from the definition of the formats rather than from their bits.
inline double half_value(std::uint16_t half, int exponent_bits) {
    const int fraction_bits = 15 - exponent_bits;
    const int exponent = (half >> fraction_bits) & ((1 << exponent_bits) - 1);
    const double fraction = half & ((1 << fraction_bits) - 1);
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
    if (exponent == (1 << exponent_bits) - 1) {
        if (fraction != 0) return std::numeric_limits<double>::quiet_NaN();
        return sign * std::numeric_limits<double>::infinity();
    }
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
    return sign * std::ldexp(fraction + std::ldexp(1.0, fraction_bits), exponent - bias - fraction_bits);
}

inline double feature(ElementType type, const unsigned char* vector, std::size_t place) {
    if (type == ElementType::kFloat32) {
        float value;
        std::memcpy(&value, vector + 4 * place, 4);
        return value;
    }
    if (type == ElementType::kFloat16 || type == ElementType::kBFloat16) {
        std::uint16_t half;
        std::memcpy(&half, vector + 2 * place, 2);
        return half_value(half, type == ElementType::kFloat16 ? 5 : 8);
    }
    if (type == ElementType::kInt8) return static_cast<signed char>(vector[place]);
    if (type == ElementType::kUInt8) return vector[place];
    return (vector[place / 8] >> (place % 8)) & 1;
}

enum class Fill { kOrdinary, kExtreme, kTiny };

// Queries and rows of one case, with the offsets that their operation wants.
struct Case {
    ElementType type;
    ElementType query_type;
    Op op;
    std::size_t dim, query_count, row_count, query_stride, row_stride;
    std::unique_ptr<Flush> queries, rows;
    std::vector<float> query_offsets, row_offsets;

    const unsigned char* query(std::size_t i) const { return queries->data() + i * query_stride; }
    const unsigned char* row(std::size_t j) const { return rows->data() + j * row_stride; }
};

inline void fill_vector(std::mt19937& random, ElementType type, std::size_t dim, Fill fill, unsigned char* to) {
    if (type == ElementType::kBits) {
        for (std::size_t i = 0; i < (dim + 7) / 8; ++i) {
            to[i] = fill == Fill::kExtreme ? static_cast<unsigned char>(random() % 2 * 255)
                                           : static_cast<unsigned char>(random());
        }
        if (dim % 8 != 0) to[dim / 8] = static_cast<unsigned char>(to[dim / 8] & ((1U << (dim % 8)) - 1));
        return;
    }
    std::normal_distribution<float> normal;
    for (std::size_t i = 0; i < dim; ++i) {
        if (type == ElementType::kInt8 || type == ElementType::kUInt8) {
            const unsigned low = type == ElementType::kInt8 ? 0x80 : 0;
            const unsigned high = type == ElementType::kInt8 ? 0x7f : 0xff;
            to[i] = static_cast<unsigned char>(fill == Fill::kExtreme ? (random() % 2 != 0 ? low : high) : random());
            continue;
        }
        float value = normal(random);
        if (fill == Fill::kExtreme) value *= type == ElementType::kFloat16 ? 6000.0F : 1e15F;
        if (fill == Fill::kTiny) value *= type == ElementType::kFloat16 ? 0x1p-20F : 0x1p-130F;
        if (type == ElementType::kFloat32) {
            std::memcpy(to + 4 * i, &value, 4);
        } else {
            const KernelTable& plain = *lanner::find_kernels("scalar");
            std::uint16_t half;
            (type == ElementType::kFloat16 ? plain.f32_to_f16 : plain.f32_to_bf16)(&value, &half, 1);
            std::memcpy(to + 2 * i, &half, 2);
        }
    }
}

inline float sum_of(ElementType type, const unsigned char* vector, std::size_t dim) {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += feature(type, vector, i);
    return static_cast<float>(sum);
}

// `padding` bytes between vectors put all but the first few at odd addresses.
inline Case make_case(std::mt19937& random, ElementType type, Op op, std::size_t dim, std::size_t query_count,
                      std::size_t row_count, std::size_t padding, Fill fill) {
    Case made{};
    made.type = type;
    made.query_type = is_float(type) ? ElementType::kFloat32 : type;
    made.op = op;
    made.dim = dim;
    made.query_count = query_count;
    made.row_count = row_count;
    const std::size_t query_bytes = bytes_of(made.query_type, dim);
    const std::size_t row_bytes = bytes_of(type, dim);
    made.query_stride = query_bytes + padding;
    made.row_stride = row_bytes + padding;
    made.queries = std::make_unique<Flush>((query_count - 1) * made.query_stride + query_bytes);
    made.rows = std::make_unique<Flush>((row_count - 1) * made.row_stride + row_bytes);
    for (std::size_t i = 0; i < query_count; ++i) {
        fill_vector(random, made.query_type, dim, fill, made.queries->data() + i * made.query_stride);
    }
    for (std::size_t j = 0; j < row_count; ++j) {
        fill_vector(random, type, dim, fill, made.rows->data() + j * made.row_stride);
    }
    if (op == Op::kCenteredL2) {
        for (std::size_t i = 0; i < query_count; ++i) {
            made.query_offsets.push_back(is_float(type) ? 0.0F : sum_of(type, made.query(i), dim));
        }
        for (std::size_t j = 0; j < row_count; ++j) {
            const float sum = sum_of(type, made.row(j), dim);
            made.row_offsets.push_back(is_float(type) ? sum / static_cast<float>(dim) : sum);
        }
    }
    return made;
}

struct Expected {
    double value;
    double error;  // how far a kernel may be from it; 0: not at all
};

// The bounds of spaces.inl.
inline Expected expect(const Case& c, std::size_t i, std::size_t j, const std::vector<double>& q,
                       const std::vector<double>& x) {
    const double mean = c.op == Op::kCenteredL2 && is_float(c.type) ? static_cast<double>(c.row_offsets[j]) : 0.0;
    double value = 0;
    double magnitude = 0;
    double shifted = 0;
    double common = 0;
    for (std::size_t k = 0; k < c.dim; ++k) {
        const double y = q[k];
        const double z = x[k];
        const double difference = (z - mean) - y;
        switch (c.op) {
            case Op::kL2:
                value += difference * difference;
                break;
            case Op::kCenteredL2:
                value += difference * difference;
                shifted += std::fabs((z - mean) * difference);
                break;
            case Op::kDot:
                value += y * z;
                magnitude += std::fabs(y * z);
                break;
            case Op::kHamming:
                value += std::fabs(difference);
                break;
            case Op::kJaccard:
                value += std::fabs(difference);
                common += y * z;
                break;
        }
    }
    if (c.op != Op::kDot) magnitude = value;
    if (c.op == Op::kJaccard) value = value + common > 0 ? value / (value + common) : 0;
    if (!is_float(c.type)) {
        if (c.op == Op::kCenteredL2) {
            const double apart = static_cast<double>(c.row_offsets[j]) - static_cast<double>(c.query_offsets[i]);
            value -= apart * apart / static_cast<double>(c.dim);
        }
        return {static_cast<double>(static_cast<float>(value)), 0};
    }
    const double epsilon = 0x1p-24;
    const double terms = static_cast<double>(c.dim) / 8 + 8;
    return {value, (terms * magnitude + 2 * shifted) * epsilon + static_cast<double>(c.dim + 1) * 0x1p-149};
}

// For each query and row; every vector is read once, for emulators and sanitizers make that slow.
inline std::vector<Expected> expectations(const Case& c) {
    const auto read = [&c](ElementType type, const unsigned char* vector) {
        std::vector<double> values(c.dim);
        for (std::size_t k = 0; k < c.dim; ++k) values[k] = feature(type, vector, k);
        return values;
    };
    std::vector<std::vector<double>> rows;
    for (std::size_t j = 0; j < c.row_count; ++j) rows.push_back(read(c.type, c.row(j)));
    std::vector<Expected> all;
    for (std::size_t i = 0; i < c.query_count; ++i) {
        const std::vector<double> query = read(c.query_type, c.query(i));
        for (std::size_t j = 0; j < c.row_count; ++j) all.push_back(expect(c, i, j, query, rows[j]));
    }
    return all;
}

}  // namespace kernel_cases
