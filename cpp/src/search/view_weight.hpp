// How much a view of an item is to count among several: the product of how well its codes rank and of how stable its
// neighbourhoods are (python/lanner/hashing/views.py says why).
// Threads: spread over threads themselves; results do not depend on how many.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codecs/matrix.hpp"

namespace lanner {

// Codes of one view, `bytes` apart, each with the number of its label.
struct LabelledCodes {
    const std::uint8_t* codes = nullptr;
    const std::uint32_t* labels = nullptr;
    std::size_t count = 0;
    std::size_t bytes = 0;
};

// Over all queries, of the rows ranked by Hamming distance, ties by place, those of the query's label being relevant; 0 for a
// query that has none.
double mean_average_precision(const LabelledCodes& rows, const LabelledCodes& queries, const Work& work);

// The share of the k nearest by even bits that are also among the k nearest by odd bits (split halves: Spearman 1910).
double neighbour_stability(const LabelledCodes& rows, const LabelledCodes& queries, std::size_t k, const Work& work);

}  // namespace lanner
