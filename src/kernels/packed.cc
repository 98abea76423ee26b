#include "kernels/packed.h"

#include <cstring>
#include <iterator>

namespace linnet {
namespace {

uint16_t half_at(const std::byte* p) {
    uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return bits;
}

// 16 bytes of nibbles: the low ones are values 0 to 15, the high ones 16 to 31.
void nibbles(const std::byte* from, uint8_t* q) {
    for (int i = 0; i < 16; i++) {
        auto byte = static_cast<uint8_t>(from[i]);
        q[i] = byte & 15;
        q[i + 16] = byte >> 4;
    }
}

void fifth_bits(const std::byte* from, uint8_t* q) {
    uint32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    for (int i = 0; i < 32; i++) q[i] = static_cast<uint8_t>(q[i] | (bits >> i & 1) << 4);
}

void unpack_q4_0(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t*) {
    *d = half_at(block);
    nibbles(block + 2, q);
}

void unpack_q4_1(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t* m) {
    *d = half_at(block);
    *m = half_at(block + 2);
    nibbles(block + 4, q);
}

void unpack_q5_0(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t*) {
    *d = half_at(block);
    nibbles(block + 6, q);
    fifth_bits(block + 2, q);
}

void unpack_q5_1(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t* m) {
    *d = half_at(block);
    *m = half_at(block + 2);
    nibbles(block + 8, q);
    fifth_bits(block + 4, q);
}

void unpack_q8_0(const std::byte* block, uint8_t* q, uint16_t* d, uint16_t*) {
    *d = half_at(block);
    for (int i = 0; i < 32; i++)
        q[i] = static_cast<uint8_t>(static_cast<uint8_t>(block[2 + i]) ^ 0x80);
}

// clang-format off
constexpr Packing table[] = {
    {"q4_0", {PackKind::Bits4,   8, false}, 18, unpack_q4_0},
    {"q4_1", {PackKind::Bits4,   0, true},  20, unpack_q4_1},
    {"q5_0", {PackKind::Bits5,  16, false}, 22, unpack_q5_0},
    {"q5_1", {PackKind::Bits5,   0, true},  24, unpack_q5_1},
    {"q8_0", {PackKind::Bits8, 128, false}, 34, unpack_q8_0},
};
// clang-format on

// Puts the 32 values of one row into a group's block, whose bits for it are still zero.
void place(PackKind kind, const uint8_t* q, size_t row, uint8_t* block) {
    if (kind == PackKind::Bits8) {
        for (size_t i = 0; i < 8; i++) std::memcpy(block + 64 * i + 4 * row, q + 4 * i, 4);
        return;
    }
    uint8_t both[16];  // 4 j + b: columns 8 j + b and 8 j + 4 + b
    for (size_t i = 0; i < 16; i++) {
        const uint8_t* low = q + i / 4 * 8 + i % 4;
        both[i] = static_cast<uint8_t>((low[0] & 15) | (low[4] & 15) << 4);
    }
    for (size_t j = 0; j < 4; j++) std::memcpy(block + 64 * j + 4 * row, both + 4 * j, 4);
    if (kind != PackKind::Bits5) return;
    for (size_t i = 0; i < 8; i++) {
        int four = 0;
        for (size_t b = 0; b < 4; b++) four |= (q[4 * i + b] >> 4) << b;
        uint8_t& bits = block[256 + 8 * i + row / 2];
        bits = static_cast<uint8_t>(bits | four << row % 2 * 4);
    }
}

}  // namespace

std::span<const Packing> packings() {
    return table;
}

const Packing* packing_of(std::string_view dtype) {
    for (const Packing& row : table)
        if (row.dtype == dtype) return &row;
    return nullptr;
}

void pack_group(const Packing& packing, const std::byte* rows_data, size_t rows, size_t blocks,
                std::byte* group) {
    const PackLayout& layout = packing.layout;
    std::memset(group, 0, layout.group_bytes(blocks));
    auto* q_section = reinterpret_cast<uint8_t*>(group);
    std::byte* d_section = group + blocks * layout.q_bytes();
    std::byte* m_section = d_section + blocks * 2 * pack_rows;
    for (size_t row = 0; row < rows; row++) {
        for (size_t block = 0; block < blocks; block++) {
            uint8_t q[pack_columns];
            uint16_t d = 0, m = 0;
            packing.unpack(rows_data + (row * blocks + block) * packing.block_bytes, q, &d, &m);
            place(layout.kind, q, row, q_section + block * layout.q_bytes());
            std::memcpy(d_section + 2 * (block * pack_rows + row), &d, sizeof d);
            if (layout.has_min)
                std::memcpy(m_section + 2 * (block * pack_rows + row), &m, sizeof m);
        }
    }
}

}  // namespace linnet
