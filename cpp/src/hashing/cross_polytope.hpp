// Cross-polytope hashing: a symbol is the corner of the cross-polytope, plus or minus a unit vector, that lies nearest to a
// vector after a random rotation (Andoni, Indyk, Laarhoven, Razenshteyn, Schmidt: Practical and Optimal LSH for Angular
// Distance, NeurIPS 2015). Rotations are signs and Hadamard transforms, as there.
// Threads: see HashFamily.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codecs/rotation.hpp"
#include "hashing/hash_family.hpp"

namespace lanner {

class CrossPolytope final : public HashFamily {
  public:
    // Throws Error(kInvalidArgument) where bits * dim is above kMost: each bit has a rotation of its own.
    static constexpr std::size_t kMost = std::size_t{1} << 27;
    CrossPolytope(std::size_t dim, std::size_t bits, std::uint64_t seed);

    std::string_view kind() const noexcept override { return "cross_polytope"; }
    HashInput input() const noexcept override { return HashInput::kVectors; }
    std::size_t dim() const noexcept override { return dim_; }
    bool has_symbols() const noexcept override { return true; }

    // The next corners, at the squared distance of their coordinates from the greatest (Andoni et al., section 5).
    void probes(const HashRows& rows, std::size_t row, std::size_t most, HashProbe* out) const override;

    void save(SectionWriter& writer) const override;
    static std::unique_ptr<CrossPolytope> load(const SectionReader& reader);

  protected:
    // Twice the place of the coordinate of greatest magnitude, the first of equals, plus 1 where it is negative.
    void symbol_rows(const HashRows& rows, std::size_t first, std::size_t count, std::uint32_t* out) const override;

  private:
    std::size_t dim_;
    std::uint64_t seed_;
    std::vector<Rotation> rotations_;
};

}  // namespace lanner
