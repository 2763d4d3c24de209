// Scans of a QuantizedCodec's rows: tables of the queries bound are made once, and 4-bit codes are looked at 32 rows at a time
// through tables rounded down to bytes, which gives distances a bound from below.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codecs/sieve.hpp"

namespace lanner {

class QuantizedCodec;

class QuantizedSieve final : public Sieve {
  public:
    // The codes of so many rows stay in the second cache while the queries take turns.
    static constexpr SieveShape kShape{1, 128, 1024, 0};
    // Tables of 8-bit codes are sixteen times as large.
    static constexpr SieveShape kShapeOfBytes{1, 16, kShape.rows, 0};

    explicit QuantizedSieve(const QuantizedCodec& codec);
    ~QuantizedSieve() override;

    void bind(const QueryBlock& queries, std::size_t first, std::size_t count) override;
    void sift(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out) override;
    void score(std::size_t query, const Slot* slots, std::size_t count, float* out) override;

  private:
    struct Query;

    void take_all(std::size_t query, Slot first, std::size_t count, std::vector<Sifted>& out);
    void sift_plain(std::size_t query, Slot first, std::size_t count, float bound, std::vector<Sifted>& out);
    void sift_nibbles(Slot first, std::size_t count, const float* bounds, std::vector<Sifted>& out);

    const QuantizedCodec& codec_;
    std::vector<Query> queries_;
    std::vector<float> products_;
    std::vector<std::uint8_t> packed_;
    std::vector<float> steps_, adds_;  // of the rows packed
    std::vector<float> values_;
    std::vector<std::uint32_t> masks_;
};

}  // namespace lanner
