// Which table of kernels runs on an instruction set.
#pragma once

#include <span>

#include "kernels/cpu.h"
#include "kernels/kernels.h"

namespace linnet {

// The sets that this program has kernels for and this processor can run, Scalar first, the best
// last. Tests run once for each.
std::span<const Isa> kernel_isas();

// The kernels for a set: its own, or those of the best lower set that has some. REQUIRES: the
// processor runs it.
const Kernels& kernels_of(Isa isa);

}  // namespace linnet
