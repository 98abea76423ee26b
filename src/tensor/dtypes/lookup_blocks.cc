// IQ4_NL IQ4_XS MXFP4 NVFP4: 4 bits that choose one of 16 unevenly spaced levels, times a scale.
// Nibbles lie as two halves of a sub-block, as in Q4_0.
#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/e2m1_layouts.h"
#include "tensor/dtypes/iq4_layouts.h"
#include "tensor/dtypes/round.h"

namespace linnet::codec {
namespace {

struct NVFP4 {  // 4 sub-blocks of 16, each with an 8-bit float (E4M3 without its sign) as scale
    static constexpr size_t values = 64;
    uint8_t scales[4];
    uint8_t nibbles[32];
};
static_assert(sizeof(NVFP4) == 36);

template <int half>
void look_up(const uint8_t* nibbles, const float (&levels)[16], float scale, float* y) {
    for (int i = 0; i < half; i++) {
        y[i] = scale * levels[nibbles[i] & 15];
        y[half + i] = scale * levels[nibbles[i] >> 4];
    }
}

template <int half>
void pack_nibbles(const uint8_t* q, uint8_t* nibbles) {
    for (int i = 0; i < half; i++) nibbles[i] = static_cast<uint8_t>(q[i] | q[half + i] << 4);
}

// Halved, as that of MXFP4. The sign bit is ignored, and 0x7F (NaN) is read as zero.
float nvfp4_scale(uint8_t code) {
    int exponent = code >> 3 & 15, mantissa = code & 7;
    if (code == 0x7F) return 0;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10f;
    return std::bit_cast<float>((exponent + 119u) << 23 | mantissa << 20);
}

// To the nearest, halves up. From 256 on it is 448 whatever the float, as the reference has it.
uint8_t nvfp4_scale_code(float scale) {
    if (!(scale > 0)) return 0;
    if (scale < 0x1p-6f) return level(scale * 512 + 0.5f, 7);
    uint32_t bits = std::bit_cast<uint32_t>(scale) + (1u << 19);
    uint32_t code = (bits >> 20) - (120u << 3);
    return code >= 0x78 ? 0x7E : static_cast<uint8_t>(code);
}

// The first of the levels that are nearest.
uint8_t nearest_e2m1(float x, float scale) {
    int best = 0;
    float best_error = std::fabs(x);
    for (int i = 1; i < 16; i++) {
        float error = std::fabs(e2m1_levels[i] * scale - x);
        if (error < best_error) {
            best = i;
            best_error = error;
        }
    }
    return static_cast<uint8_t>(best);
}

// The upper of two that are equally near.
uint8_t nearest_iq4(float x) {
    int above = 1;
    while (above < 15 && !(x < iq4_levels[above])) above++;
    bool lower = x - iq4_levels[above - 1] < iq4_levels[above] - x;
    return static_cast<uint8_t>(lower ? above - 1 : above);
}

}  // namespace

void iq4_nl(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ4_NL>(blocks, out, values, [](const IQ4_NL& block, float* y) {
        look_up<16>(block.nibbles, iq4_levels, block.scale.value(), y);
    });
}

void iq4_xs(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<IQ4_XS>(blocks, out, values, [](const IQ4_XS& block, float* y) {
        float scale = block.scale.value();
        int high = load_u16(block.scales_high);
        for (int s = 0; s < 8; s++) {
            int low = block.scales_low[s / 2] >> 4 * (s % 2) & 15;
            int whole = (low | (high >> 2 * s & 3) << 4) - 32;
            look_up<16>(block.nibbles + 16 * s, iq4_levels, scale * static_cast<float>(whole),
                        y + 32 * s);
        }
    });
}

void mxfp4(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<MXFP4>(blocks, out, values, [](const MXFP4& block, float* y) {
        look_up<16>(block.nibbles, e2m1_levels, mxfp4_scale(block.exponent), y);
    });
}

void nvfp4(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<NVFP4>(blocks, out, values, [](const NVFP4& block, float* y) {
        for (int s = 0; s < 4; s++)
            look_up<8>(block.nibbles + 8 * s, e2m1_levels, nvfp4_scale(block.scales[s]),
                       y + 16 * s);
    });
}

// The scale takes the value of largest magnitude to the lowest level, and is then refitted: least
// squares, weighted by the squares of the values.
void to_iq4_nl(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<IQ4_NL>(in, blocks, values, [](const float* x, IQ4_NL& block) {
        float top = largest(x, 32);
        uint8_t q[32];
        std::memset(q, 8, sizeof q);
        float scale = 0;
        if (std::fabs(top) >= 1e-15f) {
            float inverse = 1 / (top / iq4_levels[0]);
            float product = 0, square = 0;
            for (int i = 0; i < 32; i++) {
                q[i] = nearest_iq4(inverse * x[i]);
                float level = iq4_levels[q[i]], weight = x[i] * x[i];
                product += weight * level * x[i];
                square += weight * level * level;
            }
            scale = square > 0 ? product / square : 0;
        }
        block.scale.set(scale);
        pack_nibbles<16>(q, block.nibbles);
    });
}

void to_mxfp4(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<MXFP4>(in, blocks, values, [](const float* x, MXFP4& block) {
        // The largest is brought to 4 … 8, of which E2M1 reaches 6. The logarithm is rounded to
        // float32 as the reference's is, which lifts the last few floats below a power of two.
        float top = magnitude(x, 32);
        float exponent = 0;
        if (top > 0) exponent = std::floor(static_cast<float>(std::log2(double{top}))) + 125;
        block.exponent = level(exponent, 254);
        float scale = mxfp4_scale(block.exponent);
        uint8_t q[32];
        for (int i = 0; i < 32; i++) q[i] = nearest_e2m1(x[i], scale);
        pack_nibbles<16>(q, block.nibbles);
    });
}

void to_nvfp4(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<NVFP4>(in, blocks, values, [](const float* x, NVFP4& block) {
        for (int s = 0; s < 4; s++) {
            const float* part = x + 16 * s;
            block.scales[s] = nvfp4_scale_code(magnitude(part, 16) / 6);
            float scale = nvfp4_scale(block.scales[s]);
            uint8_t q[16];
            for (int i = 0; i < 16; i++) q[i] = nearest_e2m1(part[i], scale);
            pack_nibbles<8>(q, block.nibbles + 8 * s);
        }
    });
}

}  // namespace linnet::codec
