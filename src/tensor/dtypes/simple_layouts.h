// What a block of Q4_0 … Q8_1 holds; simple_blocks.cc tells how values lie in it.
#pragma once

#include "tensor/dtypes/block.h"

namespace linnet::codec {

struct Q4_0 {  // (q - 8) * scale
    static constexpr size_t values = 32;
    Half scale;
    uint8_t nibbles[16];
};
struct Q4_1 {  // q * scale + offset
    static constexpr size_t values = 32;
    Half scale, offset;
    uint8_t nibbles[16];
};
struct Q5_0 {  // (q - 16) * scale; bit i of `fifth` is the highest bit of value i
    static constexpr size_t values = 32;
    Half scale;
    uint8_t fifth[4];
    uint8_t nibbles[16];
};
struct Q5_1 {  // q * scale + offset
    static constexpr size_t values = 32;
    Half scale, offset;
    uint8_t fifth[4];
    uint8_t nibbles[16];
};
struct Q8_0 {  // q * scale
    static constexpr size_t values = 32;
    Half scale;
    int8_t q[32];
};
struct Q8_1 {  // q * scale; `sum` is scale * (q summed), kept for products with Q4_1
    static constexpr size_t values = 32;
    Half scale, sum;
    int8_t q[32];
};
static_assert(sizeof(Q4_0) == 18 && sizeof(Q4_1) == 20 && sizeof(Q5_0) == 22);
static_assert(sizeof(Q5_1) == 24 && sizeof(Q8_0) == 34 && sizeof(Q8_1) == 36);

}  // namespace linnet::codec
