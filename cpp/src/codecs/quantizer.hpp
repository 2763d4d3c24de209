// Codes that stand alone: vectors in, bytes out, and what a scan needs to score the bytes against a query. The index's
// own storage is codec.hpp's matter.
// Threads: constant once fitted; every call may run beside every other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "codecs/fit_report.hpp"
#include "codecs/matrix.hpp"
#include "storage/sections.hpp"

namespace lanner {

struct FitOptions {
    std::uint64_t seed = 0;
    std::size_t threads = 1;
    FitProgress progress = nullptr;
};

// How the scored part of a code is read: as numbers of 4 bits (the low half of a byte first), of 8 bits, or as float32.
enum class CodeForm : std::uint8_t { kNibbles, kBytes, kFloats };

// What a query is held against: the squared distance to the decoded vector, or its negated inner product with it.
enum class Match : std::uint8_t { kL2, kDot };

// The value of a code for a query is
//     constant + (sum * scale + offset),
// where scale and offset are the code's own (1 and 0 where a quantizer has none) and sum is
//     kNibbles, kBytes: the sum of the table entries that its numbers name: table t of 16 or 256 begins at t * that;
//     kFloats:          the squared distance or the inner product with `table`.
struct CodeQuery {
    std::vector<float> table;
    float constant = 0;
};

class Quantizer {
  public:
    virtual ~Quantizer() = default;
    virtual std::string_view kind() const noexcept = 0;  // "pq", "opq", "binary", "reduce"
    virtual std::size_t dim() const noexcept = 0;
    virtual std::size_t code_bytes() const noexcept = 0;
    virtual CodeForm form() const noexcept = 0;
    // The bytes at the front of a code that are scored.
    virtual std::size_t scored_bytes() const noexcept { return code_bytes(); }

    // Rows of dim() finite floats to rows of code_bytes() bytes, and back. Any bytes can be decoded.
    virtual void encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const = 0;
    virtual void decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const = 0;

    // The vector whose inner product with a query is the scored sum of that query under kDot, negated: for codes without scales
    // and constants the decoded one. Of the scored part of a code.
    virtual void reproduce(const std::uint8_t* code, float* row) const { decode(code, 1, row, {}); }

    virtual CodeQuery query(const float* query, Match match) const = 0;
    // The query under kDot that reproduce() of a code makes; rotations need not be undone for it.
    virtual CodeQuery query_of(const std::uint8_t* code) const;
    // Whether codes have scales, and offsets under `match`; and those of a code, 1 and 0 where not.
    virtual bool has_scales() const noexcept { return false; }
    virtual bool has_offsets(Match) const noexcept { return false; }
    struct Factors {
        float scale = 1;
        float offset = 0;
    };
    virtual Factors factors(const std::uint8_t* code, Match match) const;
    // The lengths of the vectors that codes stand for.
    virtual void norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const;

    virtual void save(SectionWriter& writer) const = 0;
};

// Throws Error(kInvalidArgument) naming the first row with NaN or infinity.
void require_finite(const float* rows, std::size_t count, std::size_t dim, std::string_view argument);
// The same, and the first that is too long for distances in float32.
void require_norms(const float* rows, std::size_t count, std::size_t dim, std::string_view argument);

// At most `most` of the rows, drawn without repetition and in their order.
std::vector<float> sample_rows(const float* rows, std::size_t count, std::size_t dim, std::size_t most,
                               std::uint64_t seed);

// A section of `count` floats, all of them finite.
std::vector<float> read_floats(const SectionReader& reader, std::string_view name, std::size_t count);

}  // namespace lanner
