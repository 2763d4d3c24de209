// Spectral hashing: bits are the signs of the smoothest functions on a box along the principal axes, cos(j pi t) of the
// place t in [0, 1] within an axis' range (Weiss, Torralba, Fergus: Spectral Hashing, NeurIPS 2008, section 3).
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hashing/hash_family.hpp"
#include "hashing/principal_hash.hpp"

namespace lanner {

// A bit: how often its sign changes along which axis.
struct SpectralMode {
    std::uint32_t axis;
    std::uint32_t frequency;  // at least 1
};

class SpectralHash final : public HashFamily {
  public:
    // Of all modes the bits() of least j^2 / range^2, those of earlier axes first among equals.
    static std::unique_ptr<SpectralHash> fit(const LearningRows& rows, std::size_t bits, const FitOptions& options);

    std::string_view kind() const noexcept override { return "spectral"; }
    HashInput input() const noexcept override { return HashInput::kVectors; }
    std::size_t dim() const noexcept override { return mean_.size(); }
    bool has_values() const noexcept override { return true; }

    void save(SectionWriter& writer) const override;
    static std::unique_ptr<SpectralHash> load(const SectionReader& reader);

  protected:
    void value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const override;

  private:
    explicit SpectralHash(std::size_t bits) : HashFamily(bits) {}

    std::vector<float> mean_;
    std::vector<float> columns_;  // dim rows of one an axis
    std::vector<float> least_;    // an axis each: where its range begins
    std::vector<float> ranges_;   // above 0
    std::vector<SpectralMode> modes_;
};

}  // namespace lanner
