// What the block formats share: fields as they lie in a file (unaligned, little-endian), and the
// walk over blocks. A layout is a struct of such fields, so its size is the block's.
#pragma once

#include <bit>
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

// A byte each for the 8 bits, the lowest first: 0 or 1.
inline uint64_t spread_bits(uint32_t bits) {
    static_assert(std::endian::native == std::endian::little, "the lowest byte comes first");
    uint64_t one_each = (bits & 255) * 0x0101010101010101u & 0x8040201008040201u;
    return (one_each + 0x7F7F7F7F7F7F7F7Fu) >> 7 & 0x0101010101010101u;
}

// 16 bytes at once, which every processor has in some form; a compiler's own vectors.
using Bytes16 = uint8_t __attribute__((vector_size(16)));

inline Bytes16 load_bytes16(const uint8_t* bytes) {
    Bytes16 out;
    std::memcpy(&out, bytes, sizeof out);
    return out;
}

inline void store_bytes16(uint8_t* bytes, Bytes16 values) {
    std::memcpy(bytes, &values, sizeof values);
}

// A byte each for 16 bits, the lowest first: 0 or 255.
inline Bytes16 spread_bits16(uint32_t bits) {
    using Longs = uint64_t __attribute__((vector_size(16)));
    constexpr Bytes16 bit_of_lane = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    constexpr uint64_t everywhere = 0x0101010101010101;
    Longs both = {(bits & 255) * everywhere, (bits >> 8 & 255) * everywhere};
    return (Bytes16)(((Bytes16)both & bit_of_lane) == bit_of_lane);
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
