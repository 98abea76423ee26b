// What a block of Q2_0 holds.
#pragma once

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct Q2_0 {  // (q - 1) * scale, four values a byte in order
    static constexpr size_t values = 64;
    Half scale;
    uint8_t q[16];
};
static_assert(sizeof(Q2_0) == 18);

}  // namespace linnet::codec
