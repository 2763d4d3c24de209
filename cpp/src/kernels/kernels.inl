// The kernel bodies, written once over the Lane that a level unit has included before.
#include "kernels/spaces.inl"
#include "kernels/byte_space.inl"
#include "kernels/shapes.inl"
#include "kernels/table.inl"
