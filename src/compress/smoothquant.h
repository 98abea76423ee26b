// SmoothQuant (Xiao et al., 2022, equations 3 and 4): what is multiplied with has some columns that
// go far, which 8 bits for all columns cannot hold beside the others; weights have none. So part of
// the range moves from one to the other.
#pragma once

#include "compress/folding.h"

namespace linnet {

// Factors for the columns behind each norm: max |x|^strength / max |w|^(1 - strength). `strength`
// is 0 … 1; a half shares the range evenly.
Folding smooth(const Checkpoint& checkpoint, const ActivationRanges& ranges, double strength);

}  // namespace linnet
