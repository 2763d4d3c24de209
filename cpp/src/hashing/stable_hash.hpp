// E2LSH: a symbol is the cell of width w that a vector falls into along a random direction with a random start,
// floor((<a, x> + b) / w) (Datar, Immorlica, Indyk, Mirrokni: Locality-Sensitive Hashing Scheme Based on p-Stable
// Distributions, SoCG 2004, section 3.2; directions of normal numbers, for Euclidean distance).
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hashing/hash_family.hpp"

namespace lanner {

class StableHash final : public HashFamily {
  public:
    StableHash(std::size_t dim, std::size_t bits, double width, std::uint64_t seed);

    std::string_view kind() const noexcept override { return "e2lsh"; }
    HashInput input() const noexcept override { return HashInput::kVectors; }
    std::size_t dim() const noexcept override { return dim_; }
    bool has_symbols() const noexcept override { return true; }
    double width() const noexcept { return width_; }

    // (<a, x> + b) / w: how near a vector lies to the borders of its cell says which cell to look at next (multi-probe).
    void positions(const HashRows& rows, float* out, const Work& work) const;

    // The cells on both sides, at the squared distance from the border between (Lv, Josephson, Wang, Charikar, Li: Multi-Probe
    // LSH, VLDB 2007, section 4.3).
    void probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const override;

    void save(SectionWriter& writer) const override;
    static std::unique_ptr<StableHash> load(const SectionReader& reader);

  protected:
    // The cell as a number of 32 bits with a sign, read without one; cells beyond are the outermost.
    void symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const override;

  private:
    void position_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const;

    std::size_t dim_;
    double width_;
    std::uint64_t seed_;
    std::vector<float> columns_;  // dim rows of bits: directions divided by the width
    std::vector<float> starts_;   // bits: in [0, 1)
};

}  // namespace lanner
