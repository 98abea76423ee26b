// What the blocks of IQ1, IQ2 and IQ3 hold.
#pragma once

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct IQ2_XXS {  // 8 groups of 32 values: 4 indices of 8 bits, then 4 times 7 signs and a scale
    static constexpr size_t values = 256;
    Half scale;
    uint8_t groups[8][8];
};
struct IQ2_XS {  // 32 times 9 bits of index and 7 signs; a scale of 4 bits for 16 values
    static constexpr size_t values = 256;
    Half scale;
    uint8_t points[32][2];
    uint8_t scales[8];
};
struct IQ2_S {  // 32 times 10 bits of index and 8 signs; a scale of 4 bits for 16 values
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[32];
    uint8_t signs[32];
    uint8_t high[8];  // the upper 2 bits of 4 indices
    uint8_t scales[8];
};
struct IQ3_XXS {  // 64 indices of 8 bits, then for each 32 values 4 times 7 signs and a scale
    static constexpr size_t values = 256;
    Half scale;
    uint8_t points[64];
    uint8_t signs[8][4];
};
struct IQ3_S {  // 64 indices of 9 bits, 8 signs for 8 values, a scale of 4 bits for 32
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[64];
    uint8_t high[8];  // the ninth bit of 8 indices
    uint8_t signs[32];
    uint8_t scales[4];
};
struct IQ1_S {  // for 32 values: 4 indices of 11 bits, a scale of 3 bits, the sign of the shift
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[32];
    uint8_t high[8][2];
};
struct IQ1_M {  // for 16 values: 2 indices of 11 bits, each with the sign of its shift, and a scale
    static constexpr size_t values = 256;
    uint8_t low[32];
    uint8_t high[16];
    uint8_t scales[4][2];  // 4 times 3 bits; the upper 4 bits of all are the float scale
};
static_assert(sizeof(IQ2_XXS) == 66 && sizeof(IQ2_XS) == 74 && sizeof(IQ2_S) == 82);
static_assert(sizeof(IQ3_XXS) == 98 && sizeof(IQ3_S) == 110);
static_assert(sizeof(IQ1_S) == 50 && sizeof(IQ1_M) == 56);

}  // namespace linnet::codec
