// Which codes an index has: by name, by default, by a budget. See lanner/index.hpp for what is public of it.
#pragma once

#include "lanner/index.hpp"

namespace lanner {

// Throws Error(kInvalidArgument) for a metric that does not work on the element type, and for dimensions that cannot be.
void check_space(const IndexOptions& options);
// Chooses what is left to be chosen of the codec. Throws Error(kInvalidArgument) for one that cannot be.
void settle_codec(IndexOptions& options);

}  // namespace lanner
