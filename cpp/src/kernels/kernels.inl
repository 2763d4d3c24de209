// The kernel bodies, written once over the Lane that a level unit has included before.

// clang-format off: each builds on the one before.
#include "kernels/byte_space.inl"
#include "kernels/shapes.inl"
#include "kernels/spaces.inl"
#include "kernels/table.inl"
// clang-format on
