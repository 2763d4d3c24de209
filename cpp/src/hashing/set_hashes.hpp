// Hashes of sets of items that are known by a number of 64 bits.
// MinHash: a symbol is the least of the items' random ranks, so symbols of two sets are equal with a probability that is
// their Jaccard similarity (Broder: On the Resemblance and Containment of Documents, 1997). Empty sets share a symbol.
// SimHash: a value is the sum of the items' weights, each with a random sign of the item's own; bits of two sets differ
// with probability angle / pi of their weights as vectors, in the limit of many items (Charikar, STOC 2002).
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "hashing/hash_family.hpp"

namespace lanner {

// The numbers of items: of a token by its bytes, of an integer by its value. The same everywhere.
std::uint64_t token_item(std::string_view token) noexcept;
std::uint64_t integer_item(std::int64_t value) noexcept;

class MinHash final : public HashFamily {
  public:
    MinHash(std::size_t bits, std::uint64_t seed) : HashFamily(bits), seed_(seed) {}

    std::string_view kind() const noexcept override { return "minhash"; }
    HashInput input() const noexcept override { return HashInput::kSets; }
    bool has_symbols() const noexcept override { return true; }
    void save(SectionWriter& writer) const override;
    static std::unique_ptr<MinHash> load(const SectionReader& reader);

  protected:
    void symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const override;

  private:
    std::uint64_t seed_;
};

class SimHash final : public HashFamily {
  public:
    SimHash(std::size_t bits, std::uint64_t seed) : HashFamily(bits), seed_(seed) {}

    std::string_view kind() const noexcept override { return "simhash"; }
    HashInput input() const noexcept override { return HashInput::kWeightedSets; }
    bool has_values() const noexcept override { return true; }
    void save(SectionWriter& writer) const override;
    static std::unique_ptr<SimHash> load(const SectionReader& reader);

  protected:
    void value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const override;

  private:
    std::uint64_t seed_;
};

}  // namespace lanner
