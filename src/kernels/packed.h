// Quantized weights in the layout that the fast kernels stream: 16 rows side by side, 32 columns at
// a time, losslessly repacked from GGUF's blocks of 32 values. Activations become int8 with one
// scale per 32.
//
// A row's value is d * (q - offset) + m, with q an unsigned integer of 4, 5 or 8 bits, d and m
// float16. One output is
//   for each block of 32 columns, in order:  y = fma(d * a.scale, sum of (q - offset) * a.q, y);  y
//   = fma(m, a.sum, y)
// (the second only where there is an m). The inner sum is of integers, so exact in any order; the
// outer order is this contract, the same on every instruction set and for every number of tokens.
//
// A group of 16 rows lies together: all q, then all d, then all m, each section block by block, the
// group padded to 64 bytes.
//   q of 4 bits: 4 lines of 64 bytes a block. Byte 4 r + b of line j: row r, columns 8 j + b (low
//   nibble), 8 j + 4 + b (high). q of 5 bits: the same, then 8 words of 64 bits: bit 4 r + b of
//   word i is the fifth bit of row r, column 4 i + b. q of 8 bits: 8 lines. Byte 4 r + b of line i:
//   row r, column 4 i + b.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace linnet {

inline constexpr size_t pack_rows = 16, pack_columns = 32;

enum class PackKind : uint8_t { Bits4, Bits5, Bits8 };

struct PackLayout {
    PackKind kind = PackKind::Bits4;
    int offset = 0;
    bool has_min = false;

    constexpr size_t q_bytes() const {
        return kind == PackKind::Bits4 ? 256 : kind == PackKind::Bits5 ? 320 : 512;
    }
    constexpr size_t group_bytes(size_t blocks) const {
        size_t bytes = blocks * (q_bytes() + 2 * pack_rows * (has_min ? 2 : 1));
        return (bytes + 63) / 64 * 64;
    }
};

// 32 activations: x is about scale * q.
struct alignas(16) ActBlock {
    int8_t q[32];  // first: four of them never lie across two cache lines
    float scale;
    float sum;      // scale * q_sum
    int32_t q_sum;  // of the q
    int32_t unused;
};

// How one GGUF type becomes the above.
struct Packing {
    std::string_view dtype;  // "q4_1"
    PackLayout layout;
    size_t block_bytes;
    // One block: its 32 unsigned values, and d and m as float16 bits.
    void (*unpack)(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t* m);
};

std::span<const Packing> packings();
// Null where the type has no packed form.
const Packing* packing_of(std::string_view dtype);

// Packs `rows` rows (1 to 16; the rest of the group becomes zero) of `blocks` blocks each.
void pack_group(const Packing& packing, const std::byte* rows_data, size_t rows, size_t blocks,
                std::byte* group);

}  // namespace linnet
