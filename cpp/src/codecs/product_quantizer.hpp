// Product quantization: a vector is cut into m parts, and each part is replaced by the nearest of 2^bits centroids
// (Jegou, Douze, Schmid: Product Quantization for Nearest Neighbor Search, PAMI 2011); optimized: rotated first, by a
// rotation learned together with the centroids (Ge, He, Ke, Sun: Optimized Product Quantization, PAMI 2014).
#pragma once

#include <algorithm>
#include <cstddef>

#include "codecs/quantizer.hpp"
#include "kernels/kernel_table.hpp"

namespace lanner {

class ProductQuantizer final : public Quantizer {
  public:
    struct Shape {
        std::size_t dim = 0;
        std::size_t parts = 0;  // divides dim
        unsigned bits = 8;      // or 4
        bool rotated = false;

        bool operator==(const Shape&) const = default;
    };
    // Rows that are learnt from: more gain nothing.
    static constexpr std::size_t most_rows(unsigned bits) noexcept {
        constexpr std::size_t kMost = 65536;
        constexpr std::size_t kMostACentroid = 1024;
        return std::min(kMost, kMostACentroid << bits);
    }

    // Throws Error(kInvalidArgument) for a shape that cannot be.
    static void check(const Shape& shape);
    // Throws Error(kInvalidArgument) for a shape that cannot be, for fewer than 2^bits rows, and for NaN.
    static std::unique_ptr<ProductQuantizer> fit(const float* rows, std::size_t count, const Shape& shape,
                                                 const FitOptions& options);
    static std::unique_ptr<ProductQuantizer> load(const SectionReader& reader);

    std::string_view kind() const noexcept override { return shape_.rotated ? "opq" : "pq"; }
    std::size_t dim() const noexcept override { return shape_.dim; }
    const Shape& shape() const noexcept { return shape_; }
    std::size_t code_bytes() const noexcept override { return (shape_.parts * shape_.bits + 7) / 8; }
    CodeForm form() const noexcept override { return shape_.bits == 4 ? CodeForm::kNibbles : CodeForm::kBytes; }

    void encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const override;
    void decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const override;
    CodeQuery query(const float* query, Match match) const override;
    CodeQuery query_of(const std::uint8_t* code) const override;
    void norms(const std::uint8_t* codes, std::size_t count, float* out, const Work& work) const override;
    void save(SectionWriter& writer) const override;

  private:
    explicit ProductQuantizer(const Shape& shape) : shape_(shape) {}

    std::size_t clusters() const noexcept { return std::size_t{1} << shape_.bits; }
    std::size_t part_dim() const noexcept { return shape_.dim / shape_.parts; }
    const float* codebook(std::size_t part) const noexcept {
        return codebooks_.data() + part * part_dim() * clusters();
    }
    unsigned number(const std::uint8_t* code, std::size_t part) const noexcept {
        return shape_.bits == 8 ? code[part] : (code[part / 2] >> (part % 2 * 4)) & 15U;
    }
    void set_rotation(std::vector<float> rotation);
    void encode_group(const float* rows, std::size_t count, std::uint8_t* codes) const;
    // Tables for features that are rotated already.
    CodeQuery tables(const float* features, Op op) const;
    // Before any rotation is undone.
    void centroids(const std::uint8_t* code, float* row) const noexcept;
    void decode_group(const std::uint8_t* codes, std::size_t count, float* rows) const;

    Shape shape_;
    std::vector<float> codebooks_;  // by part; feature j of centroid c at [j * clusters + c]
    std::vector<float> rotation_;   // dim x dim, applied as row * rotation; empty where not rotated
    std::vector<float> inverse_;    // its transpose
};

}  // namespace lanner
