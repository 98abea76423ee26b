#include "kernels/packed.h"

#include <cstring>

namespace linnet {
namespace {

// Bytes are taken eight or four at a time: packing is most of what loading a model takes.
template <class Word>
Word word_at(const void* p) {
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word;
}
// The byte in every place of a word.
template <class Word>
constexpr Word all_bytes(uint8_t byte) {
    return static_cast<Word>(~Word{0} / 255 * byte);
}

uint16_t half_at(const std::byte* p) {
    return word_at<uint16_t>(p);
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
    for (int i = 0; i < 16; i += 8) {
        auto both = word_at<uint64_t>(from + i);
        uint64_t low = both & all_bytes<uint64_t>(15), high = both >> 4 & all_bytes<uint64_t>(15);
        std::memcpy(q + i, &low, sizeof low);
        std::memcpy(q + 16 + i, &high, sizeof high);
    }
}

// 32 bits: the fifth of each value.
void fifth_bits(const std::byte* from, uint8_t* q) {
    constexpr auto ones = all_bytes<uint64_t>(1);
    for (size_t i = 0; i < 4; i++) {
        // Byte k gets bit k, wherever in the byte, then as a 1.
        uint64_t bits = byte_at(from + i) * ones & 0x8040201008040201;
        bits = (bits + all_bytes<uint64_t>(0x7F)) >> 7 & ones;
        bits = bits << 4 | word_at<uint64_t>(q + 8 * i);
        std::memcpy(q + 8 * i, &bits, sizeof bits);
    }
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
    for (int i = 0; i < 32; i += 8) {
        uint64_t eight = word_at<uint64_t>(block + 2 + i) ^ all_bytes<uint64_t>(0x80);
        std::memcpy(out.q + i, &eight, sizeof eight);
    }
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
void plane(const std::byte* bytes, int shift, uint8_t mask, uint8_t* q) {
    for (int i = 0; i < 32; i += 8) {
        uint64_t part = word_at<uint64_t>(bytes + i) >> shift & all_bytes<uint64_t>(mask);
        std::memcpy(q + i, &part, sizeof part);
    }
}
// Above the `weight` that q has already.
void add_plane(const std::byte* bytes, int shift, uint8_t mask, unsigned weight, uint8_t* q) {
    for (int i = 0; i < 32; i += 8) {
        uint64_t part = word_at<uint64_t>(bytes + i) >> shift & all_bytes<uint64_t>(mask);
        part = part * weight + word_at<uint64_t>(q + i);
        std::memcpy(q + i, &part, sizeof part);
    }
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

// One block of the 16 rows of a group.
using Units = PackUnit[pack_rows];

// A row's word of line `i`: four columns.
uint32_t four_columns(const PackUnit& unit, size_t i) {
    return word_at<uint32_t>(unit.q + 4 * i);
}

// A line of 64 bytes: what word(unit) gives of each row.
template <class Word>
void put_line(const Units& units, uint8_t* line, Word word) {
    uint32_t words[pack_rows];
    for (size_t row = 0; row < pack_rows; row++) words[row] = word(units[row]);
    std::memcpy(line, words, sizeof words);
}

void place_bytes(const Units& units, uint8_t* block) {
    for (size_t i = 0; i < 8; i++)
        put_line(units, block + 64 * i, [i](auto& unit) { return four_columns(unit, i); });
}

// The low four bits, eight columns a line.
void place_nibbles(const Units& units, uint8_t* block) {
    for (size_t j = 0; j < 4; j++)
        put_line(units, block + 64 * j, [j](auto& unit) {
            uint32_t low = four_columns(unit, 2 * j), high = four_columns(unit, 2 * j + 1);
            return (low & all_bytes<uint32_t>(15)) | (high & all_bytes<uint32_t>(15)) << 4;
        });
}

// Two bits from `shift` on, 16 columns a line.
void place_twos(const Units& units, int shift, uint8_t* block) {
    for (size_t h = 0; h < 2; h++)
        put_line(units, block + 64 * h, [h, shift](auto& unit) {
            uint32_t word = 0;
            for (size_t k = 0; k < 4; k++)
                word |= (four_columns(unit, 4 * h + k) >> shift & all_bytes<uint32_t>(3)) << 2 * k;
            return word;
        });
}

// The bit at `shift`: of a line, as a word of 64 bits.
void place_bits(const Units& units, int shift, uint8_t* block) {
    for (size_t i = 0; i < 8; i++) {
        uint64_t word = 0;
        for (size_t row = 0; row < pack_rows; row++) {
            uint32_t ones = four_columns(units[row], i) >> shift & all_bytes<uint32_t>(1);
            uint64_t four = ones * 0x10204080 >> 28;  // bit 8 b to bit b
            word |= four << 4 * row;
        }
        std::memcpy(block + 8 * i, &word, sizeof word);
    }
}

void place(PackKind kind, const Units& units, uint8_t* block) {
    if (kind == Bits8) place_bytes(units, block);
    if (kind == Bits4 || kind == Bits5 || kind == Bits6) place_nibbles(units, block);
    if (kind == Bits2 || kind == Bits3) place_twos(units, 0, block);
    if (kind == Bits3) place_bits(units, 2, block + 128);
    if (kind == Bits5) place_bits(units, 4, block + 256);
    if (kind == Bits6) place_twos(units, 4, block + 256);
}

// 16 numbers side by side, the `index`-th such.
template <class Number, class Of>
void put_numbers(const Units& units, std::byte* section, size_t index, Of of) {
    Number numbers[pack_rows];
    for (size_t row = 0; row < pack_rows; row++) numbers[row] = of(units[row]);
    std::memcpy(section + index * sizeof numbers, numbers, sizeof numbers);
}

// `block`: within its stretch.
void place_scales(const PackLayout& layout, const Units& units, size_t block, std::byte* stretch) {
    const PackLayout::Stretch at = layout.stretch();
    const size_t each = layout.factors_per_block(), index = layout.super() ? 0 : block;
    put_numbers<uint16_t>(units, stretch + at.scales, index, [](auto& unit) { return unit.scale; });
    if (layout.has_min)
        put_numbers<uint16_t>(units, stretch + at.mins, index, [](auto& unit) { return unit.min; });
    for (size_t h = 0; h < each && layout.super(); h++) {
        put_numbers<int8_t>(units, stretch + at.factors, block * each + h,
                            [h](auto& unit) { return unit.factors[h]; });
        if (layout.has_min)
            put_numbers<int8_t>(units, stretch + at.min_factors, block * each + h,
                                [h](auto& unit) { return unit.min_factors[h]; });
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
    const PackLayout::Stretch at = layout.stretch();
    const size_t together = layout.stretch_blocks();
    const size_t parts = packing.block_columns / pack_columns, row_blocks = blocks / parts;
    Units units{};  // those of rows that are not there stay zero
    for (size_t block = 0; block < blocks; block++) {
        const size_t place_in = block % together;
        std::byte* stretch = group + block / together * at.bytes;
        if (place_in == 0) {  // what no block fills is zero
            const bool whole = blocks - block >= together;
            const size_t from = whole ? at.end : 0;
            std::memset(stretch + from, 0, at.bytes - from);
        }
        for (size_t row = 0; row < rows; row++)
            packing.unpack(rows_data + (row * row_blocks + block / parts) * packing.block_bytes,
                           block % parts, units[row]);
        place(layout.kind, units,
              reinterpret_cast<uint8_t*>(stretch) + place_in * layout.q_bytes());
        place_scales(layout, units, place_in, stretch);
    }
}

}  // namespace linnet
