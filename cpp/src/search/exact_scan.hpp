// Search by looking at every row: tile by tile, queries by rows, so that both stay in the caches.
// Threads: the scan spreads over threads itself; nothing may change beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/top_k.hpp"
#include "codecs/codec.hpp"

namespace lanner {

struct ScanRows {
    const Codec& codec;
    std::size_t slots;
    std::span<const std::uint8_t> live;  // a byte a slot; empty: every slot is live
    const TieBreak& ties;
};

// Queries of a block that a call answers.
struct ScanQueries {
    const QueryBlock& block;
    std::size_t first;
    std::size_t count;
};

// The k nearest live rows of every query, nearest first. `poll` as in parallel_for().
std::vector<std::vector<Candidate>> scan_nearest(const ScanRows& rows, const ScanQueries& queries, std::size_t k,
                                                 std::size_t threads, const std::function<void()>& poll = nullptr);

// All live rows within `radius`, inclusive, nearest first.
std::vector<std::vector<Candidate>> scan_radius(const ScanRows& rows, const ScanQueries& queries, float radius,
                                                std::size_t threads, const std::function<void()>& poll = nullptr);

}  // namespace lanner
