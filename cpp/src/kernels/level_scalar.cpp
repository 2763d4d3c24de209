// Plain C++: every machine, and the model that the other levels are held against.
#include "kernels/levels.hpp"

#include "kernels/lane_scalar.inl"

#include "kernels/kernels.inl"

namespace lanner {

constinit const KernelTable kScalarKernels = make_table("scalar", 0);

}  // namespace lanner
