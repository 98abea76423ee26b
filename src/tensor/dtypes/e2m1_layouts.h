// What a block of MXFP4 holds, and the levels that its codes choose from.
#pragma once

#include <bit>

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct MXFP4 {  // OCP microscaling: an exponent shared by 32 floats of 4 bits (E2M1)
    static constexpr size_t values = 32;
    uint8_t exponent;  // 2^(exponent - 127)
    uint8_t nibbles[16];
};
static_assert(sizeof(MXFP4) == 17);

// E2M1 times two, which makes them integers; the scales are halved for it. The lower half of the
// code is positive; minus zero is read as zero.
inline constexpr float e2m1_levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The scale is halved. The lowest two are below the normal floats.
inline float mxfp4_scale(uint8_t exponent) {
    uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (exponent - 1u) << 23;
    return std::bit_cast<float>(bits);
}

}  // namespace linnet::codec
