// A sieve for metrics that follow from the inner product of floats: inner products of all pairs at once, of rows and queries
// rounded to small numbers (kernels/kernel_table.hpp), with bounds on what rounding may have done to them.
//
// With x' the row and q' the query as they are rounded, <q, x> differs from <q', x'> by at most
//     |q| |x - x'| + |q - q'| |x'|
// (Cauchy and Schwarz, twice). Lengths of what rounding left out are known, so nothing that is near is lost; of text embeddings,
// images and descriptors some 20 to 40 rows of 50,000 get through to the ten nearest.
//
// With e = 2^-24, what a scorer adds up of `dim` features comes out within dim e |q| |x| of the exact inner product, whatever
// the order in which products are added up, or, of squared differences, within dim e (|q| + |x|)^2; sums of squares likewise.
// What a row is compared with makes room for all of it, and for the roundings of the comparison itself.
// Threads: one at a time; rows may not change beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/paged_rows.hpp"
#include "codecs/codec.hpp"
#include "codecs/sieve.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/metric.hpp"
#include "lanner/types.hpp"

namespace lanner {

class ProductSieve final : public Sieve {
  public:
    // Rows are rounded anew for each so many queries; 96 are a whole number of what kernels take at once.
    static constexpr SieveShape kShape{16, 512, 96, 8};

    static bool serves(ElementType type, Metric metric) noexcept;

    // Rows of floats, for cosine the reciprocals of their lengths, and what scores them.
    ProductSieve(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, const PagedRows& rows,
                 const PagedRows& scales, std::unique_ptr<Scorer> scorer);

    void bind(const QueryBlock& queries, std::size_t first, std::size_t count) override;
    void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) override;
    void score(std::size_t query, const Slot* slots, std::size_t count, float* out) override;

  private:
    static constexpr std::size_t kRows = kShape.rows;

    struct QueryTerms {
        double squares;  // of its length
        double step;     // 0: every row may be near
        float scale;     // as the codec has it
    };

    void sift_part(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out);
    double make_rows(Slot first, std::size_t count);
    std::int8_t* panel_of(std::size_t query) noexcept;
    double threshold(const QueryTerms& query, float bound, double longest) const noexcept;

    ElementType type_;
    Metric metric_;
    std::size_t dim_;
    std::size_t padded_;  // a multiple of kSmallStep
    const KernelTable& kernels_;
    const PagedRows& rows_;
    const PagedRows& scales_;
    double slack_;
    std::unique_ptr<Scorer> scorer_;

    const QueryBlock* queries_ = nullptr;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    // For each kernels_.small_columns queries, as many lines as padded_ features of them take; the kernels want whole lines.
    struct alignas(64) Line {
        std::int8_t bytes[64];
    };
    std::vector<Line> panels_;
    std::vector<QueryTerms> terms_;
    std::vector<float> sums_, lengths_, losses_,
        units_;  // of the queries, in units of their steps; see SmallQueryTerms

    std::vector<float> features_;  // a row that is not float32
    std::vector<std::uint8_t> codes_;
    std::vector<SmallRowTerms> row_terms_;
    std::vector<float> below_;
    std::vector<std::uint64_t> near_;
};

}  // namespace lanner
