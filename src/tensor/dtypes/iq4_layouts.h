// What a block of IQ4_NL and IQ4_XS holds, and the levels that its codes choose from.
#pragma once

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct IQ4_NL {
    static constexpr size_t values = 32;
    Half scale;
    uint8_t nibbles[16];
};
struct IQ4_XS {  // 8 sub-blocks of 32, each with a scale of 6 bits less 32
    static constexpr size_t values = 256;
    Half scale;
    uint8_t scales_high[2];  // 2 bits each
    uint8_t scales_low[4];   // 4 bits each
    uint8_t nibbles[128];
};
static_assert(sizeof(IQ4_NL) == 18 && sizeof(IQ4_XS) == 136);

inline constexpr float iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};

}  // namespace linnet::codec
