// The codes of 32 values into a block of 4 or 5 bits.
#pragma once

#include <cstdint>

namespace linnet::quantize {

template <class Block>
void pack_codes(const uint8_t* codes, Block& block) {
    for (int i = 0; i < 16; i++)
        block.nibbles[i] = static_cast<uint8_t>((codes[i] & 15) | (codes[16 + i] & 15) << 4);
    if constexpr (requires { block.fifth; }) {
        for (int b = 0; b < 4; b++) {
            int bits = 0;
            for (int i = 0; i < 8; i++) bits |= (codes[8 * b + i] >> 4) << i;
            block.fifth[b] = static_cast<uint8_t>(bits);
        }
    }
}

}  // namespace linnet::quantize
