// IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S: an index chooses 8 (or 4) values at once from a
// codebook. IQ2 and IQ3 books hold magnitudes, with a bit a value for the signs; where only 7 of 8
// signs are stored, the eighth makes the number of minus signs even.
#include <bit>

#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/iq_grids.h"

namespace linnet::codec {
namespace {

struct IQ2_XXS {  // 8 groups of 32 values: 4 indices of 8 bits, then 4 times 7 signs and a scale
    static constexpr size_t values = 256;
    Half scale;
    uint8_t groups[8][8];
};
struct IQ2_XS {  // 32 times 9 bits of index and 7 signs; a scale of 4 bits for 16 values
    static constexpr size_t values = 256;
    Half scale;
    uint8_t points[32][2];
    uint8_t scales[8];
};
struct IQ2_S {  // 32 times 10 bits of index and 8 signs; a scale of 4 bits for 16 values
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[32];
    uint8_t signs[32];
    uint8_t high[8];  // the upper 2 bits of 4 indices
    uint8_t scales[8];
};
struct IQ3_XXS {  // 64 indices of 8 bits, then for each 32 values 4 times 7 signs and a scale
    static constexpr size_t values = 256;
    Half scale;
    uint8_t points[64];
    uint8_t signs[8][4];
};
struct IQ3_S {  // 64 indices of 9 bits, 8 signs for 8 values, a scale of 4 bits for 32
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[64];
    uint8_t high[8];  // the ninth bit of 8 indices
    uint8_t signs[32];
    uint8_t scales[4];
};
struct IQ1_S {  // for 32 values: 4 indices of 11 bits, a scale of 3 bits, the sign of the shift
    static constexpr size_t values = 256;
    Half scale;
    uint8_t low[32];
    uint8_t high[8][2];
};
struct IQ1_M {  // for 16 values: 2 indices of 11 bits, each with the sign of its shift, and a scale
    static constexpr size_t values = 256;
    uint8_t low[32];
    uint8_t high[16];
    uint8_t scales[4][2];  // 4 times 3 bits; the upper 4 bits of all are the float scale
};
static_assert(sizeof(IQ2_XXS) == 66 && sizeof(IQ2_XS) == 74 && sizeof(IQ2_S) == 82);
static_assert(sizeof(IQ3_XXS) == 98 && sizeof(IQ3_S) == 110);
static_assert(sizeof(IQ1_S) == 50 && sizeof(IQ1_M) == 56);

// Every IQ1 point is shifted up or down by this.
constexpr float iq1_shift = 0.125f;

constexpr uint8_t with_even_parity(uint32_t seven) {
    seven &= 127;
    return static_cast<uint8_t>(seven | (std::popcount(seven) & 1) << 7);
}

// y = scale * level, negative where the bit of `signs` is set.
template <size_t width>
void put_signed(const std::array<int8_t, width>& point, uint32_t signs, float scale, float* y) {
    for (size_t i = 0; i < width; i++) {
        uint32_t flip = (signs & 1u << i) != 0 ? 0x80000000 : 0;
        float value = scale * static_cast<float>(point[i]);
        y[i] = std::bit_cast<float>(std::bit_cast<uint32_t>(value) ^ flip);
    }
}

void put_shifted(const std::array<int8_t, 8>& point, float shift, float scale, float* y) {
    for (size_t i = 0; i < 8; i++) y[i] = scale * (static_cast<float>(point[i]) + shift);
}

// Of the IQ2 formats: (a half + 4 bits) times the block's scale, over 4.
float iq2_scale(float scale, uint32_t code) {
    return scale * (0.5f + static_cast<float>(code & 15)) * 0.25f;
}

// Of the IQ1 formats: an odd number from 3 bits.
float iq1_scale(float scale, int code) {
    return scale * static_cast<float>(2 * (code & 7) + 1);
}

}  // namespace

void iq2_xxs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_XXS>(blocks, out, values, [](const IQ2_XXS& block, float* y) {
        for (int group = 0; group < 8; group++) {
            uint32_t signs = load_u32(block.groups[group] + 4);
            float scale = iq2_scale(block.scale.value(), signs >> 28);
            for (int i = 0; i < 4; i++)
                put_signed(iq2_xxs_book[block.groups[group][i]], with_even_parity(signs >> 7 * i),
                           scale, y + 32 * group + 8 * i);
        }
    });
}

void iq2_xs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_XS>(blocks, out, values, [](const IQ2_XS& block, float* y) {
        for (uint32_t i = 0; i < 32; i++) {
            uint32_t code = block.scales[i / 4] >> (i / 2 % 2 * 4);
            uint32_t point = load_u16(block.points[i]);
            put_signed(iq2_xs_book[point & 511], with_even_parity(point >> 9),
                       iq2_scale(block.scale.value(), code), y + 8 * i);
        }
    });
}

void iq2_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_S>(blocks, out, values, [](const IQ2_S& block, float* y) {
        for (uint32_t i = 0; i < 32; i++) {
            uint32_t code = block.scales[i / 4] >> (i / 2 % 2 * 4);
            uint32_t high = block.high[i / 4] >> (i % 4 * 2) & 3;
            put_signed(iq2_s_book[block.low[i] | high << 8], block.signs[i],
                       iq2_scale(block.scale.value(), code), y + 8 * i);
        }
    });
}

void iq3_xxs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ3_XXS>(blocks, out, values, [](const IQ3_XXS& block, float* y) {
        for (int group = 0; group < 8; group++) {
            uint32_t packed = load_u32(block.signs[group]);
            float scale = block.scale.value() * (0.5f + static_cast<float>(packed >> 28)) * 0.5f;
            for (int i = 0; i < 8; i++) {
                uint32_t signs = with_even_parity(packed >> i / 2 * 7);
                put_signed(iq3_xxs_book[block.points[8 * group + i]], signs >> i % 2 * 4, scale,
                           y + 32 * group + 4 * i);
            }
        }
    });
}

void iq3_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ3_S>(blocks, out, values, [](const IQ3_S& block, float* y) {
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t code = block.scales[i / 16] >> (i / 8 % 2 * 4) & 15;
            float scale = block.scale.value() * static_cast<float>(2 * code + 1);
            uint32_t ninth = block.high[i / 8] >> i % 8 & 1;
            uint32_t signs = block.signs[i / 2] >> (i % 2 * 4);
            put_signed(iq3_s_book[block.low[i] | ninth << 8], signs, scale, y + 4 * i);
        }
    });
}

void iq1_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ1_S>(blocks, out, values, [](const IQ1_S& block, float* y) {
        for (int group = 0; group < 8; group++) {
            int high = load_u16(block.high[group]);
            float scale = iq1_scale(block.scale.value(), high >> 12);
            float shift = (high & 0x8000) != 0 ? -iq1_shift : iq1_shift;
            for (int i = 0; i < 4; i++) {
                int index = block.low[4 * group + i] | (high >> 3 * i & 7) << 8;
                put_shifted(iq1_book[static_cast<size_t>(index)], shift, scale,
                            y + 32 * group + 8 * i);
            }
        }
    });
}

void iq1_m(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ1_M>(blocks, out, values, [](const IQ1_M& block, float* y) {
        int bits = 0;
        for (int i = 0; i < 4; i++) bits |= load_u16(block.scales[i]) >> 12 << 4 * i;
        float whole = half_to_float(static_cast<uint16_t>(bits));
        for (int i = 0; i < 32; i++) {
            float scale = iq1_scale(whole, load_u16(block.scales[i / 8]) >> i / 2 % 4 * 3);
            int high = block.high[i / 2] >> i % 2 * 4;
            float shift = (high & 8) != 0 ? -iq1_shift : iq1_shift;
            put_shifted(iq1_book[static_cast<size_t>(block.low[i] | (high & 7) << 8)], shift, scale,
                        y + 8 * i);
        }
    });
}

}  // namespace linnet::codec
