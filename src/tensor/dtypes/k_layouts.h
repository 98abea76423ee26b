// What a block of Q2_K … Q8_K holds; k_blocks.cc tells how values lie in it.
#pragma once

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct Q2_K {  // q * scale - offset; 16 sub-blocks: scale in the low nibble, offset in the high one
    static constexpr size_t values = 256;
    uint8_t scales[16];
    uint8_t q[64];
    Half scale, offset;
};
struct Q3_K {  // (q - 4) * scale; 16 sub-blocks
    static constexpr size_t values = 256;
    uint8_t third[32];  // the highest bits: bit s of byte i is for value 32 * s + i
    uint8_t q[64];
    uint8_t scales[12];  // 6 bits each, see unpack_scales
    Half scale;
};
struct Q4_K {  // q * scale - offset; 8 sub-blocks
    static constexpr size_t values = 256;
    Half scale, offset;
    uint8_t scales[12];  // 6 bits each, see unpack_scales_offsets
    uint8_t nibbles[128];
};
struct Q5_K {  // q * scale - offset; 8 sub-blocks
    static constexpr size_t values = 256;
    Half scale, offset;
    uint8_t scales[12];
    uint8_t fifth[32];  // the highest bits, as in Q3_K
    uint8_t nibbles[128];
};
struct Q6_K {  // (q - 32) * scale; 16 sub-blocks
    static constexpr size_t values = 256;
    uint8_t nibbles[128];
    uint8_t high[64];  // the upper two bits
    int8_t scales[16];
    Half scale;
};
struct Q8_K {  // q * scale; `sums` are of 16 values each, kept for products
    static constexpr size_t values = 256;
    uint8_t scale[4];  // float32
    int8_t q[256];
    uint8_t sums[32];  // int16
};
static_assert(sizeof(Q2_K) == 84 && sizeof(Q3_K) == 110 && sizeof(Q4_K) == 144);
static_assert(sizeof(Q5_K) == 176 && sizeof(Q6_K) == 210 && sizeof(Q8_K) == 292);

}  // namespace linnet::codec
