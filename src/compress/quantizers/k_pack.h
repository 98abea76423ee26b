// The codes of 256 values, and the scales of their parts, into blocks of the K formats;
// tensor/dtypes/k_blocks.cc tells how the bits lie.
#pragma once

#include <cstdint>
#include <cstring>

#include "tensor/dtypes/k_layouts.h"

namespace linnet::quantize {

inline void pack_twos(const uint8_t* q, uint8_t* packed) {
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 32; i++) {
            const uint8_t* four = q + 128 * half + i;
            packed[32 * half + i] = static_cast<uint8_t>((four[0] & 3) | (four[32] & 3) << 2 |
                                                         (four[64] & 3) << 4 | (four[96] & 3) << 6);
        }
    }
}

inline void pack_nibbles(const uint8_t* q, uint8_t* packed) {
    for (int run = 0; run < 4; run++)
        for (int i = 0; i < 32; i++)
            packed[32 * run + i] =
                static_cast<uint8_t>((q[64 * run + i] & 15) | (q[64 * run + 32 + i] & 15) << 4);
}

// Bit `bit` of each level.
inline void pack_high_bits(const uint8_t* q, int bit, uint8_t* bits) {
    for (int i = 0; i < 32; i++) {
        int byte = 0;
        for (int s = 0; s < 8; s++) byte |= (q[32 * s + i] >> bit & 1) << s;
        bits[i] = static_cast<uint8_t>(byte);
    }
}

// 16 of 6 bits, as Q3_K has them.
inline void pack_scales(const uint8_t* scales, uint8_t* packed) {
    std::memset(packed, 0, 12);
    for (int s = 0; s < 16; s++) {
        packed[s % 8] = static_cast<uint8_t>(packed[s % 8] | (scales[s] & 15) << 4 * (s / 8));
        packed[8 + s % 4] = static_cast<uint8_t>(packed[8 + s % 4] | scales[s] >> 4 << 2 * (s / 4));
    }
}

// 8 scales and 8 offsets of 6 bits, as Q4_K and Q5_K have them.
inline void pack_scales_offsets(const uint8_t* scales, const uint8_t* offsets, uint8_t* packed) {
    for (int s = 0; s < 4; s++) {
        packed[s] = static_cast<uint8_t>(scales[s] | scales[4 + s] >> 4 << 6);
        packed[4 + s] = static_cast<uint8_t>(offsets[s] | offsets[4 + s] >> 4 << 6);
        packed[8 + s] = static_cast<uint8_t>((scales[4 + s] & 15) | (offsets[4 + s] & 15) << 4);
    }
}

// The nibbles and the upper two bits of each, as Q6_K has them.
inline void pack_sixes(const uint8_t* q, codec::Q6_K& block) {
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 64; i++) {
            const uint8_t* both = q + 128 * half + i;
            block.nibbles[64 * half + i] =
                static_cast<uint8_t>((both[0] & 15) | (both[64] & 15) << 4);
        }
    }
    uint8_t high[256];
    for (int i = 0; i < 256; i++) high[i] = q[i] >> 4;
    pack_twos(high, block.high);
}

}  // namespace linnet::quantize
