// A sieve for metrics that follow from the inner product of floats: inner products of all pairs at once, each query in a
// place of a register of its own, with bounds on what rounding may have done to them.
//
// With e = 2^-24, inner products of `dim` features come out within dim e |q| |x| of the exact ones, whatever the order in
// which products are added up; so do those that a scorer adds up, its squared differences within dim e (|q| + |x|)^2. What a
// row is compared with makes room for both, twice over.
// Threads: one at a time; rows may not change beside it.
#pragma once

#include "base/paged_rows.hpp"
#include "codecs/codec.hpp"
#include "codecs/sieve.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/metric.hpp"
#include "lanner/types.hpp"

namespace lanner {

class ProductSieve final : public Sieve {
  public:
    // The features of so many rows stay in the second cache; they are a multiple of what the kernels take at once.
    static constexpr SieveShape kShape{16, 128, 96, 8};

    static bool serves(ElementType type, Metric metric) noexcept;

    // Rows of floats, for cosine the reciprocals of their lengths, and what scores them.
    ProductSieve(ElementType type, Metric metric, std::size_t dim, const KernelTable& kernels, const PagedRows& rows,
                 const PagedRows& scales, std::unique_ptr<Scorer> scorer);

    void bind(const QueryBlock& queries, std::size_t first, std::size_t count) override;
    void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) override;
    void score(std::size_t query, const Slot* slots, std::size_t count, float* out) override;

  private:
    static constexpr std::size_t kRows = kShape.rows;

    void sift_part(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out);
    const float* features_of(Slot first, std::size_t count, std::size_t& stride);
    double threshold(std::size_t query, float bound, double longest) const noexcept;

    ElementType type_;
    Metric metric_;
    std::size_t dim_;
    const KernelTable& kernels_;
    const PagedRows& rows_;
    const PagedRows& scales_;
    double slack_;
    std::unique_ptr<Scorer> scorer_;

    const QueryBlock* queries_ = nullptr;
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::vector<float> panels_;    // for each kernels_.columns_at_once queries, a matrix with a column a query
    std::vector<double> squares_;  // of the queries' lengths
    std::vector<float> scales_of_queries_;

    std::vector<float> features_;  // of rows that are not float32
    std::vector<float> products_;
    std::vector<float> row_scales_, row_terms_;
    std::vector<float> least_;
};

}  // namespace lanner
