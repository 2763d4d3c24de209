// What codes find by themselves: measured on rows of their own, each looked for as if it were not there.
// Threads: the measurement spreads over threads itself; nothing may change beside it.
#pragma once

#include <cstddef>
#include <span>

#include "codecs/codec.hpp"
#include "codecs/matrix.hpp"

namespace lanner {

// A codec that holds the rows, and the rows asked about as its queries.
struct AskedCodec {
    const Codec& codec;
    const QueryBlock& queries;
};

// The share of the 10 nearest by `exact` that are among the 10 nearest by `codes`, of the first `rows` slots; `asked` are those
// of the queries. 1 where nothing is near anything.
float code_recall(const AskedCodec& exact, const AskedCodec& codes, std::span<const Slot> asked, std::size_t rows,
                  const Work& work);

}  // namespace lanner
