// Hashes whose bits are the sides of hyperplanes: bit i of x is the sign of <x - mean, column i> + offset i. Families differ
// in where the planes come from.
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hashing/hash_family.hpp"

namespace lanner {

struct LinearPlanes {
    std::vector<float> mean;     // dim
    std::vector<float> columns;  // dim rows of bits
    std::vector<float> offsets;  // bits
};

class LinearHash final : public HashFamily {
  public:
    // `kind` is one of kLinearKinds, which live as long as the program.
    LinearHash(std::string_view kind, LinearPlanes planes);

    std::string_view kind() const noexcept override { return kind_; }
    HashInput input() const noexcept override { return HashInput::kVectors; }
    std::size_t dim() const noexcept override { return planes_.mean.size(); }
    bool has_values() const noexcept override { return true; }
    const LinearPlanes& planes() const noexcept { return planes_; }

    void save(SectionWriter& writer) const override;
    // Null where the file holds no hash of these kinds.
    static std::unique_ptr<LinearHash> load(const SectionReader& reader);

  protected:
    void value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const override;

  private:
    std::string_view kind_;
    LinearPlanes planes_;
};

// The order is part of the file format; append.
inline constexpr std::string_view kLinearKinds[] = {"hyperplanes", "pca", "itq", "sdh", "snr"};

// Normals drawn from the normal distribution, planes through zero: bits of x and y differ with probability angle / pi
// (Charikar: Similarity Estimation Techniques from Rounding Algorithms, STOC 2002, section 3).
std::unique_ptr<LinearHash> random_hyperplanes(std::size_t dim, std::size_t bits, std::uint64_t seed);

}  // namespace lanner
