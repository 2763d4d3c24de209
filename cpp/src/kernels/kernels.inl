// The kernel bodies, written once over the Lane that a level unit has included before. Each part builds on the one
// before: blank lines keep them in order.
#include "kernels/spaces.inl"

#include "kernels/byte_space.inl"

#include "kernels/short_codes.inl"

#include "kernels/code_space.inl"

#include "kernels/shapes.inl"

#include "kernels/hadamard.inl"

#include "kernels/elementwise.inl"

#include "kernels/columns.inl"

#include "kernels/small_numbers.inl"

#include "kernels/nibble_scan.inl"

#include "kernels/sketch_values.inl"

#include "kernels/table.inl"
