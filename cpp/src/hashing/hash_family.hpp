// Functions from items to codes of bits that differ in few places where items are alike.
//
// A family is made of one of two things. Values: a real number for each bit, whose sign the bit is; they also serve a real
// query against codes. Or symbols: a number for each bit, which two items share with a probability that grows with their
// likeness; the bit is then one of a random function of the symbol, so that bits of items whose symbols collide with
// probability p are equal with probability (1 + p) / 2 (b-bit minwise hashing: Li and Koenig, WWW 2010, at b = 1).
//
// Threads: constant once made; every call may run beside every other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codecs/matrix.hpp"
#include "storage/sections.hpp"

namespace lanner {

// What is hashed: rows of dim() floats; rows of dim() bits, packed; sets; or sets of weighted features.
enum class HashInput : std::uint8_t { kVectors, kBits, kSets, kWeightedSets };

// Rows of one of these kinds. Vectors and weights are finite, unused bits of the last byte of a row are zero, offsets begin
// at 0 and do not fall: callers have checked.
struct HashRows {
    std::size_t count = 0;
    const float* vectors = nullptr;
    const std::uint8_t* bits = nullptr;
    const std::int64_t* offsets = nullptr;  // the items of row i are at offsets[i] to offsets[i + 1]
    const std::uint64_t* items = nullptr;
    const double* weights = nullptr;  // one an item
};

inline constexpr std::size_t kMaxHashBits = 65536;

// A symbol that a query could have had, and how unlikely that is: 0 for its own, infinity where there is no other.
struct HashProbe {
    std::uint32_t symbol;
    float cost;
};

class HashFamily {
  public:
    virtual ~HashFamily() = default;
    virtual std::string_view kind() const noexcept = 0;  // names its sections as well
    virtual HashInput input() const noexcept = 0;
    virtual std::size_t dim() const noexcept { return 0; }  // 0 for sets
    std::size_t bits() const noexcept { return bits_; }
    std::size_t code_bytes() const noexcept { return bits_ / 8; }

    // Bit i of a code is bit i % 8 of byte i / 8.
    virtual void encode(const HashRows& rows, std::uint8_t* codes, const Work& work) const;
    virtual bool has_values() const noexcept { return false; }
    virtual bool has_symbols() const noexcept { return false; }
    // bits() of them a row. Throw Error(kWrongType) where a family has none.
    void values(const HashRows& rows, float* out, const Work& work) const;
    void symbols(const HashRows& rows, std::uint32_t* out, const Work& work) const;

    // Of one row, on the thread that calls.
    void symbols_of(const HashRows& rows, std::size_t row, std::uint32_t* out) const { symbol_rows(rows, row, 1, out); }

    // What to look for in turn when tables of symbols are probed for a row: for each of bits() places `most` symbols, its own
    // first, those of least cost next. Costs add up over places. A family without an idea of the next has its own alone.
    virtual void probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const;

    virtual void save(SectionWriter& writer) const = 0;

  protected:
    // Throws Error(kInvalidArgument) unless there are 8 to kMaxHashBits bits, a multiple of 8.
    explicit HashFamily(std::size_t bits);
    // Values or symbols of some of the rows, on the thread that calls.
    virtual void value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const;
    virtual void symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const;

  private:
    std::size_t bits_;
};

// What most families keep in a section of their own, `<kind>.config`; what a family has no use for is zero.
struct HashConfig {
    std::uint64_t dim;
    std::uint64_t bits;
    std::uint64_t seed;
    double width;
};
static_assert(sizeof(HashConfig) == 32);
void write_config(SectionWriter& writer, std::string_view name, const HashConfig& config);
// Throws Error(kFileFormat) unless the numbers suit a family whose input has 1 to most_dim features (0: none).
HashConfig read_config(const SectionReader& reader, std::string_view name, std::size_t most_dim);

}  // namespace lanner
