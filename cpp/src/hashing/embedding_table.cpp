#include "hashing/embedding_table.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/thread_pool.hpp"

namespace lanner {
namespace {

constexpr std::size_t kGroup = 64;

}  // namespace

std::size_t EmbeddingTable::numbers() const noexcept {
    return shape_.kind == EmbeddingKind::kBlocks ? shape_.rows : shape_.rows * shape_.dim;
}

std::size_t EmbeddingTable::slices() const noexcept {
    switch (shape_.kind) {
        case EmbeddingKind::kMultiplex:
            return shape_.lookups;
        case EmbeddingKind::kQuotientRemainder:
            return 2;
        case EmbeddingKind::kBlocks:
            break;
    }
    return shape_.dim / shape_.block;
}

std::size_t EmbeddingTable::slice_size() const noexcept {
    return shape_.kind == EmbeddingKind::kBlocks ? shape_.block : shape_.dim;
}

std::size_t EmbeddingTable::width() const noexcept {
    return shape_.kind != EmbeddingKind::kBlocks && shape_.concat ? slices() * shape_.dim : shape_.dim;
}

std::size_t EmbeddingTable::place(std::size_t feature, std::int64_t value, std::size_t at) const noexcept {
    const auto bits = static_cast<std::uint64_t>(value);
    if (shape_.kind == EmbeddingKind::kQuotientRemainder) {
        const std::size_t quotients = shape_.rows - shape_.remainders;
        const std::uint64_t row = at == 0 ? bits / shape_.remainders % quotients : quotients + bits % shape_.remainders;
        return static_cast<std::size_t>(row) * shape_.dim;
    }
    const std::uint64_t own = random_at(shape_.seed, feature * 65536 + at);
    const auto row = static_cast<std::size_t>(random_at(own, bits) % shape_.rows);
    return shape_.kind == EmbeddingKind::kBlocks ? row : row * shape_.dim;
}

void EmbeddingTable::gather(const float* memory, const std::int64_t* values, std::size_t count, float* out,
                            const Work& work) const {
    const std::size_t all = numbers();
    const std::size_t size = slice_size();
    const bool summed = shape_.kind != EmbeddingKind::kBlocks && !shape_.concat;
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin * shape_.features; i < end * shape_.features; ++i) {
                float* const to = out + i * width();
                if (summed) std::fill_n(to, width(), 0.0F);
                for (std::size_t at = 0; at < slices(); ++at) {
                    const std::size_t from = place(i % shape_.features, values[i], at);
                    if (summed) {
                        for (std::size_t j = 0; j < size; ++j) to[j] += memory[from + j];
                    } else {
                        for (std::size_t j = 0; j < size; ++j) {
                            const std::size_t wrapped = from + j < all ? from + j : (from + j) % all;
                            to[at * size + j] = memory[wrapped];
                        }
                    }
                }
            }
        },
        work.poll);
}

void EmbeddingTable::scatter_add(float* memory, const std::int64_t* values, std::size_t count,
                                 const float* gradients) const {
    const std::size_t all = numbers();
    const std::size_t size = slice_size();
    const bool summed = shape_.kind != EmbeddingKind::kBlocks && !shape_.concat;
    for (std::size_t i = 0; i < count * shape_.features; ++i) {
        const float* const from = gradients + i * width();
        for (std::size_t at = 0; at < slices(); ++at) {
            const std::size_t to = place(i % shape_.features, values[i], at);
            for (std::size_t j = 0; j < size; ++j) {
                const std::size_t wrapped = to + j < all ? to + j : (to + j) % all;
                memory[wrapped] += summed ? from[j] : from[at * size + j];
            }
        }
    }
}

}  // namespace lanner
