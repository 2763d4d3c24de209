// Codes of several views of an item, one hash a view, fused in Hamming space: one behind another, to be searched as they are
// or with the weight of its view for each bit, or by a weighted vote for each bit.
// Threads: constant once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "hashing/hash_family.hpp"

namespace lanner {

// The values are part of the file format.
enum class Fusion : std::uint8_t { kWeighted = 0, kConcat = 1, kVote = 2 };
inline constexpr int kFusionCount = 3;

class MultiView {
  public:
    static constexpr std::size_t kMostViews = 1000;  // a section each, of the 1024 that a file can have

    // A finite weight a view, not below 0 and not all 0. Throws Error(kInvalidArgument) for others, for no views or more than
    // kMostViews, and for a vote of views of unlike bits.
    MultiView(std::vector<std::shared_ptr<const HashFamily>> views, Fusion fusion, std::vector<double> weights);

    std::span<const std::shared_ptr<const HashFamily>> views() const noexcept { return views_; }
    Fusion fusion() const noexcept { return fusion_; }
    std::span<const double> weights() const noexcept { return weights_; }  // they add up to 1
    std::size_t code_bytes() const noexcept;

    // codes[v] are those of view v, `count` of them; rows of code_bytes() bytes. In a vote that is even the view of greatest
    // weight decides, the first of several.
    void fuse(std::span<const std::uint8_t* const> codes, std::size_t count, std::uint8_t* out, const Work& work) const;

    void save(SectionWriter& writer) const;
    // Checks every checksum first. Throws Error(kFileFormat).
    static std::unique_ptr<MultiView> load(const SectionReader& reader);

  private:
    void vote(std::span<const std::uint8_t* const> codes, std::size_t row, std::uint8_t* out) const;

    std::vector<std::shared_ptr<const HashFamily>> views_;
    Fusion fusion_;
    std::vector<double> weights_;
};

}  // namespace lanner
