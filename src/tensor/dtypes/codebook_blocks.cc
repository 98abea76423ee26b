// IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S: an index chooses 8 (or 4) values at once from a
// codebook. IQ2 and IQ3 books hold magnitudes, with a bit a value for the signs; where only 7 of 8
// signs are stored, the eighth makes the number of minus signs even.
#include <bit>

#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/iq_grids.h"
#include "tensor/dtypes/iq_layouts.h"

namespace linnet::codec {
namespace {

constexpr uint32_t with_even_parity(uint32_t seven) {
    seven &= 127;
    uint32_t folded = seven ^ seven >> 4;
    uint32_t odd = 0x6996u >> (folded & 15) & 1;  // bit n: whether n has an odd number of bits
    return seven | odd << 7;
}

// 8 levels with their signs: negative where the bit of `signs` is set. Levels are bytes of
// 1 … 127, so taking the complement carries into no neighbour.
void put_signed(uint64_t levels, uint32_t signs, int8_t* q) {
    uint64_t minus = spread_bits(signs);
    levels = (levels ^ minus * 255) + minus;
    std::memcpy(q, &levels, sizeof levels);
}
void put_signed(const std::array<int8_t, 8>& point, uint32_t signs, int8_t* q) {
    put_signed(std::bit_cast<uint64_t>(point), signs, q);
}
void put_signed(const std::array<int8_t, 4>& first, const std::array<int8_t, 4>& second,
                uint32_t signs, int8_t* q) {
    uint64_t low = std::bit_cast<uint32_t>(first), high = std::bit_cast<uint32_t>(second);
    put_signed(low | high << 32, signs, q);
}

// y[i] = scales[i / group] * q[i]
template <int group>
void scale_groups(const int8_t* q, const float* scales, float* y) {
    for (int s = 0; s < 256 / group; s++) {
        float scale = scales[s];
#pragma GCC unroll 1  // unrolled by 16, a loop of 16 would not become vectors
        for (int i = 0; i < group; i++)
            y[group * s + i] = scale * static_cast<float>(q[group * s + i]);
    }
}

// 16 scales of 4 bits, for 16 values each: (a half + code) * scale / 4.
void iq2_scales(const uint8_t* codes, float scale, float* scales) {
    for (int s = 0; s < 16; s++) {
        int code = codes[s / 2] >> s % 2 * 4 & 15;
        scales[s] = scale * (0.5f + static_cast<float>(code)) * 0.25f;
    }
}

// An odd number from 3 bits, over 8 because the levels are in eighths. The division is exact.
float iq1_scale(float scale, int code) {
    return scale * static_cast<float>(2 * (code & 7) + 1) * 0.125f;
}

// The point's levels in eighths, shifted up or down by one of them: 8 * code - 8 and 1 more or
// less. Each byte is 128 too high until the end, so that none carries into the next.
void put_shifted(const std::array<int8_t, 8>& point, bool down, int8_t* q) {
    constexpr uint64_t everywhere = 0x0101010101010101;
    uint64_t levels = (std::bit_cast<uint64_t>(point) << 3) + (down ? 119 : 121) * everywhere;
    levels ^= 0x80 * everywhere;
    std::memcpy(q, &levels, sizeof levels);
}

}  // namespace

void iq2_xxs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_XXS>(blocks, out, values, [](const IQ2_XXS& block, float* y) {
        int8_t q[256];
        float scales[8];
        for (int group = 0; group < 8; group++) {
            uint32_t signs = load_u32(block.groups[group] + 4);
            float code = static_cast<float>(signs >> 28);
            scales[group] = block.scale.value() * (0.5f + code) * 0.25f;
            for (int i = 0; i < 4; i++)
                put_signed(iq2_xxs_book[block.groups[group][i]], with_even_parity(signs >> 7 * i),
                           q + 32 * group + 8 * i);
        }
        scale_groups<32>(q, scales, y);
    });
}

void iq2_xs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_XS>(blocks, out, values, [](const IQ2_XS& block, float* y) {
        int8_t q[256];
        for (int i = 0; i < 32; i++) {
            uint32_t point = load_u16(block.points[i]);
            put_signed(iq2_xs_book[point & 511], with_even_parity(point >> 9), q + 8 * i);
        }
        float scales[16];
        iq2_scales(block.scales, block.scale.value(), scales);
        scale_groups<16>(q, scales, y);
    });
}

void iq2_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ2_S>(blocks, out, values, [](const IQ2_S& block, float* y) {
        int8_t q[256];
        for (int i = 0; i < 32; i++) {
            uint32_t high = block.high[i / 4] >> i % 4 * 2 & 3;
            put_signed(iq2_s_book[block.low[i] | high << 8], block.signs[i], q + 8 * i);
        }
        float scales[16];
        iq2_scales(block.scales, block.scale.value(), scales);
        scale_groups<16>(q, scales, y);
    });
}

void iq3_xxs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ3_XXS>(blocks, out, values, [](const IQ3_XXS& block, float* y) {
        int8_t q[256];
        float scales[8];
        for (int group = 0; group < 8; group++) {
            uint32_t packed = load_u32(block.signs[group]);
            float code = static_cast<float>(packed >> 28);
            scales[group] = block.scale.value() * (0.5f + code) * 0.5f;
            for (int i = 0; i < 4; i++) {
                const uint8_t* points = block.points + 8 * group + 2 * i;
                put_signed(iq3_xxs_book[points[0]], iq3_xxs_book[points[1]],
                           with_even_parity(packed >> 7 * i), q + 32 * group + 8 * i);
            }
        }
        scale_groups<32>(q, scales, y);
    });
}

void iq3_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ3_S>(blocks, out, values, [](const IQ3_S& block, float* y) {
        int8_t q[256];
        for (int i = 0; i < 32; i++) {
            uint32_t ninth = block.high[i / 4] >> i % 4 * 2;
            put_signed(iq3_s_book[block.low[2 * i] | (ninth & 1) << 8],
                       iq3_s_book[block.low[2 * i + 1] | (ninth & 2) << 7], block.signs[i],
                       q + 8 * i);
        }
        float scales[8];
        for (int s = 0; s < 8; s++) {
            int code = block.scales[s / 2] >> s % 2 * 4 & 15;
            scales[s] = block.scale.value() * static_cast<float>(2 * code + 1);
        }
        scale_groups<32>(q, scales, y);
    });
}

void iq1_s(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ1_S>(blocks, out, values, [](const IQ1_S& block, float* y) {
        int8_t q[256];
        float scales[8];
        for (int group = 0; group < 8; group++) {
            uint32_t high = load_u16(block.high[group]);
            scales[group] = iq1_scale(block.scale.value(), high >> 12);
            for (int i = 0; i < 4; i++) {
                uint32_t index = block.low[4 * group + i] | (high >> 3 * i & 7) << 8;
                put_shifted(iq1_book[index], (high & 0x8000) != 0, q + 32 * group + 8 * i);
            }
        }
        scale_groups<32>(q, scales, y);
    });
}

void iq1_m(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ1_M>(blocks, out, values, [](const IQ1_M& block, float* y) {
        int bits = 0;
        for (int i = 0; i < 4; i++) bits |= load_u16(block.scales[i]) >> 12 << 4 * i;
        float scale = half_to_float(static_cast<uint16_t>(bits));
        float scales[16];
        for (int s = 0; s < 16; s++)
            scales[s] = iq1_scale(scale, load_u16(block.scales[s / 4]) >> s % 4 * 3);
        int8_t q[256];
        for (int i = 0; i < 32; i++) {
            uint32_t high = block.high[i / 2] >> i % 2 * 4;
            put_shifted(iq1_book[block.low[i] | (high & 7) << 8], (high & 8) != 0, q + 8 * i);
        }
        scale_groups<16>(q, scales, y);
    });
}

}  // namespace linnet::codec
