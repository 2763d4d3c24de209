// One instruction set's kernels, as plain data: nothing here can emit a shared symbol.
// Threads: tables are constant; every kernel may run on any number of threads.
// Kernels check nothing: pointers, counts and dimensions are proven by the caller. They never read past a row's end,
// accept any alignment, and allocate nothing. Queries and rows that begin at multiples of 64 bytes are up to a third faster.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanner/types.hpp"

namespace lanner {

// The arithmetic a metric is made of. `x` is a row, `q` the query, both of `dim` features.
enum class Op : std::uint8_t {
    kL2 = 0,          // sum (q-x)^2
    kDot = 1,         // sum q*x
    kCenteredL2 = 2,  // sum ((q-mean q) - (x-mean x))^2, see "offsets" below
    kHamming = 3,     // bits: popcount(q ^ x)
    kJaccard = 4,     // bits: 1 - popcount(q & x) / popcount(q | x), 0 when both are empty
};
inline constexpr int kOpCount = 5;

// Largest dimension: integer sums of squares up to 65536 * 255^2 still fit 32 unsigned bits. Bits may have 16 times as many.
inline constexpr std::size_t kMaxDim = 65536;
inline constexpr std::size_t kMaxBits = 1048576;

// Queries. For float32, float16 and bfloat16 rows the query is float32; for int8, uint8 and bits it has the rows' type.
// Bits: ceil(dim / 8) bytes a row, unused bits of the last byte are zero.
//
// Offsets, used by kCenteredL2 alone (null or 0 otherwise). Float rows: the query comes already centred, query_offset is
// ignored, and row_offsets[i] is the mean of row i, so that the kernel sums ((x - mean x) - q)^2 without cancellation.
// Integer rows: query_offset and row_offsets[i] are the exact sums of the features (at most 2^24, exact in float32), and
// the kernel returns L2 - (sum x - sum q)^2 / dim, evaluated in double from the exact integer L2 and rounded once. Where
// `sums_rows`, the kernels for scattered rows add up integer rows by themselves: their row_offsets may be null, and are
// not read.
//
// Integer results are exact in 32 bits and rounded once, to nearest, to the float written.
//
// For one table, the value of a (query, row) pair is bitwise the same whichever shape computed it, at whatever place in
// the call and with whatever neighbours: every shape accumulates a pair in the same order.

// One query against `count` rows anywhere in memory. Prefetches rows ahead; also serves one single row.
using RowsKernel = void (*)(const void* query, float query_offset, const void* const* rows, const float* row_offsets,
                            std::size_t count, std::size_t dim, float* out) noexcept;

// One query against `count` consecutive rows, `stride` bytes apart.
using BlockKernel = void (*)(const void* query, float query_offset, const void* rows, std::size_t stride,
                             const float* row_offsets, std::size_t count, std::size_t dim, float* out) noexcept;

// Every query against every row: out[i * out_stride + j] for query i and row j. Strides of queries and rows in bytes,
// of out in floats.
using TileKernel = void (*)(const void* queries, std::size_t query_stride, const float* query_offsets,
                            std::size_t query_count, const void* rows, std::size_t row_stride, const float* row_offsets,
                            std::size_t row_count, std::size_t dim, float* out, std::size_t out_stride) noexcept;

// Scalar codes. A row holds an unsigned number c for each feature, of 8 bits in a byte of its own, or of 4 bits: then
// each block of 64 bytes holds 128 features, byte j the features j (low bits) and 64 + j (high bits) of the block, and what
// is left, r < 128 features, takes ceil(r / 2) bytes more, byte j the features j and ceil(r / 2) + j. The query holds a
// signed byte z for each feature, between -127 and 127; for 4 bits in blocks of 128, the z of low bits in the first 64
// bytes and those of high bits in the others, the rest zero. query_offset is the sum of all z. Row offsets are not used. The value is
//   8 bits: sum z (c - 128)        4 bits: sum z (2 c - 15)
// exact in 32 bits, rounded once to the float written.
enum class CodeBits : std::uint8_t { k8 = 0, k4 = 1 };
inline constexpr int kCodeBitsCount = 2;
inline constexpr std::size_t kCodeBlock = 64;

constexpr std::size_t code_bytes(CodeBits bits, std::size_t dim) noexcept {
    if (bits == CodeBits::k8) return dim;
    return dim / (2 * kCodeBlock) * kCodeBlock + (dim % (2 * kCodeBlock) + 1) / 2;
}
constexpr std::size_t code_query_bytes(CodeBits bits, std::size_t dim) noexcept {
    if (bits == CodeBits::k8) return dim;
    return (dim + 2 * kCodeBlock - 1) / (2 * kCodeBlock) * (2 * kCodeBlock);
}
// Rows against the columns of a matrix stored row by row, strides in floats:
//     kDot: out[i * out_stride + c] += sum over j < dim of rows[i * row_stride + j] * matrix[j * matrix_stride + c]
//     kL2:  the same with (rows[...] - matrix[...])^2
// In float32, each result one chain of dim additions, in the order of j.
using ColumnsKernel = void (*)(const float* rows, std::size_t row_stride, std::size_t row_count, const float* matrix,
                               std::size_t matrix_stride, std::size_t dim, std::size_t column_count, float* out,
                               std::size_t out_stride) noexcept;

// What a codebook's size has to be a multiple of, and may be at most, for nearest_column.
inline constexpr std::size_t kColumnMultiple = 16;
inline constexpr std::size_t kMostColumns = 256;

// Small numbers that stand for floats: those of a row from 0 to kMostSmall, `low` + `step` times one for each feature; those
// of a query from -kMostSmall to kMostSmall. `lost` is the sum of the squares of what a row's numbers leave out, as
// added up in float32; where a row's features are all the same or their range overflows, `step` is 0 and
// `lost` tells what that costs.
inline constexpr int kMostSmall = 63;
inline constexpr std::size_t kSmallStep = 16;
struct SmallRow {
    float low, step, lost;
};
struct SmallRowTerms {
    float step, low, lost, size, term;
};
// One a query.
struct SmallQueryTerms {
    const float* sum;
    const float* length;
    const float* loss;
    const float* unit;
    const float* below;
};

// Rows of 4-bit codes are scanned in blocks of 32. A table holds 16 bytes, one for each code; tables come in fours, and
// those beyond a row's codes are zero.
inline constexpr std::size_t kNibbleRows = 32;
constexpr std::size_t nibble_tables(std::size_t code_bytes) noexcept { return (2 * code_bytes + 3) / 4 * 4; }

// What comes of a row's sum s of table entries, which is at most 65535. Its value is s without scales; with them,
// (base + step * s) * scales[row] + offset_factor * offsets[row], each operation rounded to float32.
struct NibbleQuery {
    const std::uint8_t* tables;
    float base, step, offset_factor, limit;
    float* values;         // out: one a row, up to a whole block
    std::uint32_t* masks;  // out: for each block the rows whose value is at most `limit`, lowest bit first
};
// Readable up to a whole block; offsets may be null, or both.
struct NibbleFactors {
    const float* scales;
    const float* offsets;
};

// Sketches: a row holds a bit b for each feature, feature i in bit i % 8 of byte i / 8, and in the last bytes of its stride
// its factors; what lies between does not matter. A query holds a number z between -8 and 7 for each feature, in four
// planes of bits, the lowest first: -8 z_3 + 4 z_2 + 2 z_1 + z_0. Each 64 bytes of a row meet 256 bytes of the query, 64 of each
// plane; bits of no feature are zero. The value of a row is
//     ((base + scale * add) - (slope * p) * step) - margin * spread,   p = sum z (2 b - 1), exact in 32 bits,
// each operation rounded to float32.
inline constexpr std::size_t kSketchPlanes = 4;
inline constexpr std::size_t kSketchRows = 32;
struct SketchFactors {
    float step, add, spread;
    float size;  // nothing to the kernel
};
struct SketchQuery {
    const void* planes;
    std::int32_t sum;  // of all z
    float base, scale, slope, margin;
    float limit;
};
// Rows of one page, each as far behind its beginning as its slot's low bits tell. `following` slots behind the others belong
// to the page too: their rows are fetched.
struct SketchRows {
    const void* page;
    std::size_t stride;
    std::size_t slot_mask;
    const std::uint32_t* slots;
    std::size_t count, following;
};
// A multiple of 32, so that rows lie on as few cache lines as can be.
constexpr std::size_t sketch_stride(std::size_t dim) noexcept {
    const std::size_t bytes = (dim + 31) / 32 * 4 + sizeof(SketchFactors);
    return bytes > 64 ? (bytes + 63) / 64 * 64 : bytes > 32 ? 64 : 32;
}
constexpr std::size_t sketch_query_bytes(std::size_t dim) noexcept { return (dim + 511) / 512 * 64 * kSketchPlanes; }

struct KernelTable {
    const char* name;     // "scalar", "sse4", "avx2", "avx512", "avx512_vnni", "neon": also the spelling in LANNER_ISA
    std::uint32_t needs;  // CPU feature bits (cpu.hpp), all of which must be present
    bool sums_rows;       // scattered integer rows under kCenteredL2 come without offsets

    // Indexed by ElementType and Op; null where the pair has no meaning (kHamming on float32, kDot on bits, ...).
    RowsKernel rows[kElementTypeCount][kOpCount];
    BlockKernel block[kElementTypeCount][kOpCount];
    TileKernel tile[kElementTypeCount][kOpCount];

    // kCenteredL2 over the row's own sum of squares about its mean, both without offsets; infinity for a constant row.
    // Indexed by ElementType; null but for integers where sums_rows.
    RowsKernel item_rows[kElementTypeCount];

    // Indexed by CodeBits.
    RowsKernel code_rows[kCodeBitsCount];
    BlockKernel code_block[kCodeBitsCount];
    TileKernel code_tile[kCodeBitsCount];
    // Indexed by Op: kL2 and kDot alone.
    ColumnsKernel columns[2];
    // The column nearest to each row by kL2, the first of equals, and its distance. All values are finite, and
    // distances are too.
    void (*nearest_column)(const float* rows, std::size_t row_stride, std::size_t row_count, const float* matrix,
                           std::size_t matrix_stride, std::size_t dim, std::size_t column_count, std::uint32_t* nearest,
                           float* distances) noexcept;

    // Rows of small numbers against small_columns queries, of which `dim` numbers are given, a multiple of kSmallStep: bit c
    // of near[i] says that row i and query c may be near, which is that not
    //     ((p * step + low * sum) + (lost * length + size * loss)) + term * unit <= below
    // with p their inner product, exact, and the terms of the row and the query in turn, each operation rounded to float32;
    // so what is not a number is near. The panel holds for each four features those of every query in turn, and is quickest
    // where it begins at a multiple of 64 bytes.
    void (*small_near)(const std::uint8_t* rows, std::size_t row_stride, const SmallRowTerms* row_terms,
                       std::size_t row_count, const std::int8_t* panel, const SmallQueryTerms& query_terms,
                       std::size_t dim, std::uint64_t* near) noexcept;
    std::size_t small_columns;

    // Lays out rows of `code_bytes` bytes, each two 4-bit codes (the low half first), as blocks of
    // nibble_tables(code_bytes) * 16 bytes for this very level; rows that fill up the last block have codes of 0.
    void (*pack_nibbles)(const std::uint8_t* codes, std::size_t stride, std::size_t count, std::size_t code_bytes,
                         std::uint8_t* blocks) noexcept;
    // The values of rows for each query. Bit for bit the same at every level. Two queries at a time cost less than twice
    // what one does.
    void (*nibble_values)(const NibbleQuery* queries, std::size_t query_count, std::size_t table_count,
                          const std::uint8_t* blocks, std::size_t block_count, const NibbleFactors& factors) noexcept;

    // The values of rows, with room for a whole number of kSketchRows, and for each kSketchRows of them those whose value
    // is at most the limit, lowest bit first. Bit for bit the same at every level.
    void (*sketch_values)(const SketchQuery& query, const SketchRows& rows, std::size_t dim, float* values,
                          std::uint32_t* masks) noexcept;

    // Conversions round to nearest even, keep denormals, infinities and NaN.
    void (*f32_to_f16)(const float* from, std::uint16_t* to, std::size_t count) noexcept;
    void (*f16_to_f32)(const std::uint16_t* from, float* to, std::size_t count) noexcept;
    void (*f32_to_bf16)(const float* from, std::uint16_t* to, std::size_t count) noexcept;
    void (*bf16_to_f32)(const std::uint16_t* from, float* to, std::size_t count) noexcept;

    // The Hadamard transform of a power of two of floats, in place and not scaled. The same bits on every level: each of
    // its stages, from neighbours to halves, adds and subtracts.
    void (*hadamard)(float* values, std::size_t count) noexcept;

    // Feature by feature, the same bits on every level: products in place; sums into `low` and differences into `high`; the
    // largest magnitude (0 of none); bytes trunc(value * scale + 128.5) - 128, and their sum, where |value * scale| is at
    // most 127.
    void (*multiply)(float* values, const float* factors, std::size_t count) noexcept;
    void (*add_and_subtract)(float* low, float* high, std::size_t count) noexcept;
    float (*largest)(const float* values, std::size_t count) noexcept;
    std::int32_t (*to_signed_bytes)(const float* values, float scale, std::size_t count, std::int8_t* out) noexcept;
    // A row of at least one finite float as small numbers; `lost` may be rounded otherwise on another level.
    SmallRow (*to_small)(const float* values, std::size_t count, std::uint8_t* out) noexcept;

    // Reads every byte once and returns their exclusive-or by 8-byte words (a tail is zero-extended): the yardstick
    // for memory bandwidth.
    std::uint64_t (*read_all)(const void* bytes, std::size_t size) noexcept;
};

}  // namespace lanner
