// What the block formats share: fields as they lie in a file (unaligned, little-endian), and the
// walk over blocks. A layout is a struct of such fields, so its size is the block's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/half.h"

namespace linnet::codec {

// A float of 16 bits.
struct Half {
    uint8_t low, high;

    uint16_t bits() const { return static_cast<uint16_t>(low | high << 8); }
    float value() const { return half_to_float(bits()); }
    void set(float value) {
        uint16_t rounded = float_to_half(value);
        low = static_cast<uint8_t>(rounded);
        high = static_cast<uint8_t>(rounded >> 8);
    }
};

inline uint16_t load_u16(const uint8_t* bytes) {
    return static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
}

inline uint32_t load_u32(const uint8_t* bytes) {
    return load_u16(bytes) | static_cast<uint32_t>(load_u16(bytes + 2)) << 16;
}

// decode(block, out) for every block. Blocks hold single bytes only, so any address will do.
template <class Block, class Decode>
inline void decode_blocks(const std::byte* blocks, float* out, size_t values, Decode decode) {
    static_assert(alignof(Block) == 1);
    const auto* block = reinterpret_cast<const Block*>(blocks);
    for (size_t i = 0; i < values / Block::values; i++) decode(block[i], out + i * Block::values);
}

// encode(in, block) for every block. Encoders round to nearest; they may be given anything, but
// what becomes of values that are not finite is not promised.
template <class Block, class Encode>
inline void encode_blocks(const float* in, std::byte* blocks, size_t values, Encode encode) {
    static_assert(alignof(Block) == 1);
    auto* block = reinterpret_cast<Block*>(blocks);
    for (size_t i = 0; i < values / Block::values; i++) encode(in + i * Block::values, block[i]);
}

}  // namespace linnet::codec
