#include "kernels/packed.h"

#include <cstring>

namespace linnet {
namespace {

uint16_t half_at(const std::byte* p) {
    uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return bits;
}

uint8_t byte_at(const std::byte* p) {
    return static_cast<uint8_t>(*p);
}

int8_t small(int value) {
    return static_cast<int8_t>(value);
}

// The sign of a float16.
constexpr uint16_t sign_bit = 0x8000;

// 16 bytes of nibbles: the low ones are values 0 to 15, the high ones 16 to 31.
void nibbles(const std::byte* from, uint8_t* q) {
    for (int i = 0; i < 16; i++) {
        q[i] = byte_at(from + i) & 15;
        q[i + 16] = byte_at(from + i) >> 4;
    }
}

void fifth_bits(const std::byte* from, uint8_t* q) {
    uint32_t bits;
    std::memcpy(&bits, from, sizeof bits);
    for (int i = 0; i < 32; i++) q[i] = static_cast<uint8_t>(q[i] | (bits >> i & 1) << 4);
}

void unpack_q4_0(const std::byte* block, size_t, PackUnit& out) {
    out.scale = half_at(block);
    nibbles(block + 2, out.q);
}

void unpack_q4_1(const std::byte* block, size_t, PackUnit& out) {
    out.scale = half_at(block);
    out.min = half_at(block + 2);
    nibbles(block + 4, out.q);
}

void unpack_q5_0(const std::byte* block, size_t, PackUnit& out) {
    out.scale = half_at(block);
    nibbles(block + 6, out.q);
    fifth_bits(block + 2, out.q);
}

void unpack_q5_1(const std::byte* block, size_t, PackUnit& out) {
    out.scale = half_at(block);
    out.min = half_at(block + 2);
    nibbles(block + 8, out.q);
    fifth_bits(block + 4, out.q);
}

void unpack_q8_0(const std::byte* block, size_t, PackUnit& out) {
    out.scale = half_at(block);
    for (int i = 0; i < 32; i++) out.q[i] = byte_at(block + 2 + i) ^ 0x80;
}

// The scale is a power of two: e8m0, with the codes twice what they stand for.
void unpack_mxfp4(const std::byte* block, size_t, PackUnit& out) {
    uint8_t exponent = byte_at(block);
    // Half of 2^(exponent - 127) as bfloat16; the two smallest are below its normal numbers.
    out.scale = exponent < 2 ? static_cast<uint16_t>(0x20 << exponent)
                             : static_cast<uint16_t>((exponent - 1) << 7);
    nibbles(block + 1, out.q);
}

// Of the K types, 256 values a block: where 32 of them lie in a run of bytes that holds several
// such, each in its own bits.
void plane(const std::byte* bytes, int shift, int mask, uint8_t* q) {
    for (int i = 0; i < 32; i++) q[i] = static_cast<uint8_t>(byte_at(bytes + i) >> shift & mask);
}
void add_plane(const std::byte* bytes, int shift, int mask, int weight, uint8_t* q) {
    for (int i = 0; i < 32; i++)
        q[i] = static_cast<uint8_t>(q[i] + (byte_at(bytes + i) >> shift & mask) * weight);
}
// Four values a byte in runs of 32, two runs; and two values a byte, four runs.
void twos(const std::byte* bytes, size_t part, uint8_t* q) {
    plane(bytes + part / 4 * 32, static_cast<int>(part % 4 * 2), 3, q);
}
void halves_of_bytes(const std::byte* bytes, size_t part, uint8_t* q) {
    plane(bytes + part / 2 * 32, static_cast<int>(part % 2 * 4), 15, q);
}

void unpack_q2_k(const std::byte* block, size_t part, PackUnit& out) {
    for (size_t h = 0; h < 2; h++) {
        uint8_t both = byte_at(block + 2 * part + h);
        out.factors[h] = small(both & 15);
        out.min_factors[h] = small(both >> 4);
    }
    twos(block + 16, part, out.q);
    out.scale = half_at(block + 80);
    out.min = half_at(block + 82) ^ sign_bit;  // it is taken away
}

void unpack_q3_k(const std::byte* block, size_t part, PackUnit& out) {
    twos(block + 32, part, out.q);
    add_plane(block, static_cast<int>(part), 1, 4, out.q);
    const std::byte* scales = block + 96;
    for (size_t h = 0; h < 2; h++) {
        size_t s = 2 * part + h;
        int low = byte_at(scales + s % 8) >> 4 * (s / 8) & 15;
        int high = byte_at(scales + 8 + s % 4) >> 2 * (s / 4) & 3;
        out.factors[h] = small((low | high << 4) - 32);
    }
    out.scale = half_at(block + 108);
}

// 8 scales and 8 mins of 6 bits each, and the two float16 in front of them.
void scales_and_mins(const std::byte* block, size_t part, PackUnit& out) {
    out.scale = half_at(block);
    out.min = half_at(block + 2) ^ sign_bit;
    const std::byte* scales = block + 4;
    size_t s = part % 4;
    int scale = byte_at(scales + s), min = byte_at(scales + 4 + s);
    int rest = byte_at(scales + 8 + s);
    out.factors[0] = small(part < 4 ? scale & 63 : (rest & 15) | scale >> 6 << 4);
    out.min_factors[0] = small(part < 4 ? min & 63 : rest >> 4 | min >> 6 << 4);
}

void unpack_q4_k(const std::byte* block, size_t part, PackUnit& out) {
    scales_and_mins(block, part, out);
    halves_of_bytes(block + 16, part, out.q);
}

void unpack_q5_k(const std::byte* block, size_t part, PackUnit& out) {
    scales_and_mins(block, part, out);
    halves_of_bytes(block + 48, part, out.q);
    add_plane(block + 16, static_cast<int>(part), 1, 16, out.q);
}

void unpack_q6_k(const std::byte* block, size_t part, PackUnit& out) {
    // 64 bytes hold the nibbles of 128 values: the low ones of the first 64, then the high ones.
    const std::byte* run = block + part / 4 * 64 + part % 2 * 32;
    plane(run, part % 4 < 2 ? 0 : 4, 15, out.q);
    add_plane(block + 128 + part / 4 * 32, static_cast<int>(part % 4 * 2), 3, 16, out.q);
    for (size_t h = 0; h < 2; h++)
        out.factors[h] = static_cast<int8_t>(byte_at(block + 192 + 2 * part + h));
    out.scale = half_at(block + 208);
}

void unpack_iq4_xs(const std::byte* block, size_t part, PackUnit& out) {
    out.scale = half_at(block);
    int high = half_at(block + 2) >> 2 * part & 3;
    int low = byte_at(block + 4 + part / 2) >> 4 * (part % 2) & 15;
    out.factors[0] = small((low | high << 4) - 32);
    nibbles(block + 8 + 16 * part, out.q);
}

// Ternary values, -1 to 1 as 0 to 2.
void unpack_tq2_0(const std::byte* block, size_t part, PackUnit& out) {
    twos(block, part, out.q);
    out.factors[0] = 1;
    out.scale = half_at(block + 64);
}

// The values that nibbles of IQ4_NL and IQ4_XS stand for, and those of twice FP4 E2M1, plus the
// offset.
constexpr uint8_t nonlinear_codes[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                         129, 141, 153, 166, 181, 197, 217, 241};
constexpr uint8_t fp4_codes[16] = {12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0};

// clang-format off
using enum PackKind;
using enum PackScale;
constexpr Packing table[] = {
    {"q4_0",   {Bits4, Half,    false, 8,   nullptr},         32,  18,  unpack_q4_0},
    {"q4_1",   {Bits4, Half,    true,  0,   nullptr},         32,  20,  unpack_q4_1},
    {"q5_0",   {Bits5, Half,    false, 16,  nullptr},         32,  22,  unpack_q5_0},
    {"q5_1",   {Bits5, Half,    true,  0,   nullptr},         32,  24,  unpack_q5_1},
    {"q8_0",   {Bits8, Half,    false, 128, nullptr},         32,  34,  unpack_q8_0},
    {"iq4_nl", {Bits4, Half,    false, 128, nonlinear_codes}, 32,  18,  unpack_q4_0},
    {"mxfp4",  {Bits4, Bfloat,  false, 12,  fp4_codes},       32,  17,  unpack_mxfp4},
    {"q2_k",   {Bits2, Super16, true,  0,   nullptr},         256, 84,  unpack_q2_k},
    {"q3_k",   {Bits3, Super16, false, 4,   nullptr},         256, 110, unpack_q3_k},
    {"q4_k",   {Bits4, Super32, true,  0,   nullptr},         256, 144, unpack_q4_k},
    {"q5_k",   {Bits5, Super32, true,  0,   nullptr},         256, 176, unpack_q5_k},
    {"q6_k",   {Bits6, Super16, false, 32,  nullptr},         256, 210, unpack_q6_k},
    {"iq4_xs", {Bits4, Super32, false, 128, nonlinear_codes}, 256, 136, unpack_iq4_xs},
    {"tq2_0",  {Bits2, Super32, false, 1,   nullptr},         256, 66,  unpack_tq2_0},
};
// clang-format on

constexpr bool has_nibbles(PackKind kind) {
    return kind == Bits4 || kind == Bits5 || kind == Bits6;
}

// The low four bits of 32 columns: at 4 r of four lines of 64 bytes, eight columns a line.
void place_nibbles(const uint8_t* q, size_t row, uint8_t* block) {
    for (size_t j = 0; j < 4; j++)
        for (size_t b = 0; b < 4; b++) {
            const uint8_t* low = q + 8 * j + b;
            block[64 * j + 4 * row + b] = static_cast<uint8_t>((low[0] & 15) | (low[4] & 15) << 4);
        }
}

// Two bits from `shift` on.
void place_twos(const uint8_t* q, int shift, size_t row, uint8_t* block) {
    for (size_t i = 0; i < 8; i++)
        for (size_t b = 0; b < 4; b++) {
            uint8_t& to = block[64 * (i / 4) + 4 * row + b];
            to = static_cast<uint8_t>(to | (q[4 * i + b] >> shift & 3) << 2 * (i % 4));
        }
}

// The bit at `shift`, as words of 64 bits.
void place_bits(const uint8_t* q, int shift, size_t row, uint8_t* block) {
    for (size_t i = 0; i < 8; i++) {
        int four = 0;
        for (size_t b = 0; b < 4; b++) four |= (q[4 * i + b] >> shift & 1) << b;
        uint8_t& bits = block[8 * i + row / 2];
        bits = static_cast<uint8_t>(bits | four << row % 2 * 4);
    }
}

// Puts the 32 values of one row into a group's block, whose bits for it are still zero.
void place(PackKind kind, const uint8_t* q, size_t row, uint8_t* block) {
    if (kind == Bits8)
        for (size_t i = 0; i < 8; i++) std::memcpy(block + 64 * i + 4 * row, q + 4 * i, 4);
    if (has_nibbles(kind)) place_nibbles(q, row, block);
    if (kind == Bits2 || kind == Bits3) place_twos(q, 0, row, block);
    if (kind == Bits3) place_bits(q, 2, row, block + 128);
    if (kind == Bits5) place_bits(q, 4, row, block + 256);
    if (kind == Bits6) place_twos(q, 4, row, block + 256);
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
    const PackLayout::Sections at = layout.sections(blocks);
    const size_t parts = packing.block_columns / pack_columns, each = layout.factors_per_block();
    auto put = [&](size_t to, size_t row, size_t index, uint16_t half) {
        std::memcpy(group + to + 2 * (index * pack_rows + row), &half, sizeof half);
    };
    std::memset(group, 0, layout.group_bytes(blocks));
    for (size_t row = 0; row < rows; row++) {
        for (size_t block = 0; block < blocks; block++) {
            PackUnit unit{};
            packing.unpack(
                rows_data + (row * (blocks / parts) + block / parts) * packing.block_bytes,
                block % parts, unit);
            place(layout.kind, unit.q, row,
                  reinterpret_cast<uint8_t*>(group) + block * layout.q_bytes());
            size_t index = layout.super() ? block / 8 : block;
            put(at.scales, row, index, unit.scale);
            if (layout.has_min) put(at.mins, row, index, unit.min);
            for (size_t h = 0; h < each && layout.super(); h++) {
                size_t to = (block * each + h) * pack_rows + row;
                group[at.factors + to] = static_cast<std::byte>(unit.factors[h]);
                if (layout.has_min)
                    group[at.min_factors + to] = static_cast<std::byte>(unit.min_factors[h]);
            }
        }
    }
}

}  // namespace linnet
