// Bit sampling: bits of a code are bits of the vector at random places, with repetition, so that a bit of two vectors
// differs with probability hamming / dim (Indyk and Motwani: Approximate Nearest Neighbors, STOC 1998).
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hashing/hash_family.hpp"

namespace lanner {

class BitSampling final : public HashFamily {
  public:
    BitSampling(std::size_t dim, std::size_t bits, std::uint64_t seed);

    std::string_view kind() const noexcept override { return "bit_sampling"; }
    HashInput input() const noexcept override { return HashInput::kBits; }
    std::size_t dim() const noexcept override { return dim_; }
    const std::vector<std::uint32_t>& places() const noexcept { return places_; }

    void encode(const HashRows& rows, std::uint8_t* codes, const Work& work) const override;
    void save(SectionWriter& writer) const override;
    static std::unique_ptr<BitSampling> load(const SectionReader& reader);

  private:
    std::size_t dim_;
    std::uint64_t seed_;
    std::vector<std::uint32_t> places_;
};

}  // namespace lanner
