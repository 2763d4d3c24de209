// Principal component analysis as a stage before codes: vectors are centred and projected onto the axes of greatest
// variance (Pearson 1901, Hotelling 1933); what remains is coded by another quantizer, or kept as float32.
#pragma once

#include <functional>

#include "codecs/quantizer.hpp"

namespace lanner {

class Reduction final : public Quantizer {
  public:
    // What learns to code the projected vectors; empty: they are kept as they are.
    using InnerFit = std::function<std::shared_ptr<Quantizer>(const float* rows, std::size_t count, std::size_t dim,
                                                              const FitOptions& options)>;

    // Throws Error(kInvalidArgument) where `reduced` is not in 1 to dim, for fewer than 2 rows, for NaN, and what
    // `inner` throws.
    static std::unique_ptr<Reduction> fit(const float* rows, std::size_t count, std::size_t dim, std::size_t reduced,
                                          const InnerFit& inner, const FitOptions& options);
    // `inner`, null where there is none, was loaded from the same reader.
    static std::unique_ptr<Reduction> load(const SectionReader& reader, std::shared_ptr<Quantizer> inner);

    std::string_view kind() const noexcept override { return "reduce"; }
    std::size_t dim() const noexcept override { return mean_.size(); }
    std::size_t reduced() const noexcept { return reduced_; }
    const std::shared_ptr<Quantizer>& inner() const noexcept { return inner_; }
    std::size_t code_bytes() const noexcept override {
        return inner_ ? inner_->code_bytes() : reduced_ * sizeof(float);
    }
    CodeForm form() const noexcept override { return inner_ ? inner_->form() : CodeForm::kFloats; }
    std::size_t scored_bytes() const noexcept override { return inner_ ? inner_->scored_bytes() : code_bytes(); }

    void encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const override;
    void decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const override;
    CodeQuery query(const float* query, Match match) const override;
    bool has_scales() const noexcept override { return inner_ && inner_->has_scales(); }
    bool has_offsets(Match match) const noexcept override { return inner_ && inner_->has_offsets(match); }
    Factors factors(const std::uint8_t* code, Match match) const override;
    void save(SectionWriter& writer) const override;

    // Rows less their mean along the axes: count x reduced().
    void project(const float* rows, std::size_t count, float* out, const Work& work) const;

  private:
    Reduction(std::vector<float> mean, std::vector<float> axes, std::size_t reduced);

    std::size_t reduced_;
    std::vector<float> mean_;
    std::vector<float> axes_;     // a row each, of greatest variance first
    std::vector<float> columns_;  // the same, a column each
    std::shared_ptr<Quantizer> inner_;
};

}  // namespace lanner
