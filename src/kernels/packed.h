// Quantized weights in the layout that the fast kernels stream: 16 rows side by side, 32 columns at
// a time, losslessly repacked from GGUF's blocks. Activations become int8 with one scale per 32.
//
// A row's value is d * (q - offset) + m, with q an unsigned integer of 2 to 8 bits, perhaps looked
// up in a table of 16, and d and m of 32 or 16 columns (PackScale). One output is, block of 32
// columns by block, and within one half by half where d is of 16 columns,
//   y = fma(d * a.scale, sum of (q - offset) * a.q, y);  y = fma(m, a.scale * sum of a.q, y)
// (the second only where there is an m). The inner sum is of integers, so exact in any order; the
// outer order is this contract, the same on every instruction set and for every number of tokens.
//
// A group of 16 rows lies together, stretch by stretch of 2 blocks (8 where scales are of 256
// columns): the q of each block, then the scales and mins of all, each block by block, 16 rows side
// by side, padded to 64 bytes. So a matrix is one stream from its first byte to its last, which
// processors see and run ahead of by themselves; with all scales behind all q of a group, two
// threads read half as fast.
//   Columns 4 i to 4 i + 3 of a block, i = 0 to 7, make a line of 64 bytes: byte 4 r + b is row r,
//   column 4 i + b. Where q has 8 bits, 8 lines lie as they are. 4 bits: line j of 4 has those of i
//   = 2 j in its low nibbles and of 2 j + 1 in its high ones. 5 bits: the same, then 8 words of 64
//   bits: bit 4 r + b of word i is the fifth bit. 2 bits: line h of 2 has i = 4 h + k in bits 2 k
//   and 2 k + 1. 3 bits: the same, then words as above with the third bit. 6 bits: nibbles, then
//   lines with the upper two bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace linnet {

inline constexpr size_t pack_rows = 16, pack_columns = 32;

enum class PackKind : uint8_t { Bits2, Bits3, Bits4, Bits5, Bits6, Bits8 };

enum class PackScale : uint8_t {
    Half,     // float16 per 32 columns, m too
    Bfloat,   // bfloat16 per 32 columns
    Super32,  // float16 per 256 columns times an int8 per 32, m too
    Super16,  // float16 per 256 columns times an int8 per 16, m too
};

struct PackLayout {
    PackKind kind = PackKind::Bits4;
    PackScale scale = PackScale::Half;
    bool has_min = false;
    int offset = 0;
    const uint8_t* codes = nullptr;  // 16 bytes that nibbles stand for; null where q is itself

    constexpr size_t q_bytes() const {
        constexpr size_t bytes[] = {128, 192, 256, 320, 384, 512};
        return bytes[static_cast<size_t>(kind)];
    }
    constexpr bool super() const {
        return scale == PackScale::Super32 || scale == PackScale::Super16;
    }
    constexpr size_t factors_per_block() const { return scale == PackScale::Super16 ? 2 : 1; }
    constexpr size_t stretch_blocks() const { return super() ? 8 : 2; }
    // Where in a stretch what is not q begins, in bytes, and what all of it takes.
    struct Stretch {
        size_t scales, mins;          // 2 bytes a row, of each 32 or 256 columns
        size_t factors, min_factors;  // 1 byte a row
        size_t end, bytes;
    };
    constexpr Stretch stretch() const {
        Stretch at{};
        at.scales = stretch_blocks() * q_bytes();
        size_t halves = 2 * pack_rows * (super() ? 1 : stretch_blocks());
        at.mins = at.scales + halves;
        at.factors = at.mins + (has_min ? halves : 0);
        size_t small = super() ? pack_rows * stretch_blocks() * factors_per_block() : 0;
        at.min_factors = at.factors + small;
        at.end = at.min_factors + (has_min ? small : 0);
        at.bytes = (at.end + 63) / 64 * 64;
        return at;
    }
    constexpr size_t group_bytes(size_t blocks) const {
        return (blocks + stretch_blocks() - 1) / stretch_blocks() * stretch().bytes;
    }
};

// 32 activations: x is about scale * q.
struct alignas(16) ActBlock {
    int8_t q[32];  // first: four of them never lie across two cache lines
    float scale;
    float sum;          // scale * q_sum
    int32_t q_sum;      // of the q
    int32_t q_sum_low;  // of the first 16
};

// 32 columns of a row, taken out of a GGUF block.
struct PackUnit {
    uint8_t q[32];        // before a table
    uint16_t scale, min;  // float16 or bfloat16 bits, of these columns or of 256
    int8_t factors[2], min_factors[2];
};

// How one GGUF type becomes the above.
struct Packing {
    std::string_view dtype;  // "q4_1"
    PackLayout layout;
    size_t block_columns, block_bytes;
    // Columns 32 * part to 32 * part + 31 of a block.
    void (*unpack)(const std::byte* block, size_t part, PackUnit& out);
};

std::span<const Packing> packings();
// Null where the type has no packed form.
const Packing* packing_of(std::string_view dtype);

// Packs `rows` rows (1 to 16; the rest of the group becomes zero) of `blocks` blocks each.
void pack_group(const Packing& packing, const std::byte* rows_data, size_t rows, size_t blocks,
                std::byte* group);

}  // namespace linnet
