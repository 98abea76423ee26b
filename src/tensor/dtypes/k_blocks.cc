// Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K: 256 values in sub-blocks of 16 or 32, whose own scales (and
// offsets) are small integers under one float scale of the whole.
//
// Bits lie in planes: a run of 32 bytes holds values 0 … 31 of several sub-blocks, each in its own
// bits of the byte, the lowest bits first.
#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/k_layouts.h"
#include "tensor/dtypes/round.h"

namespace linnet::codec {
namespace {

// y[i] = q[i] * scales[i / group] - offsets[i / group]
template <int group>
void scale_with_offsets(const uint8_t* q, const float* scales, const float* offsets, float* y) {
    for (int s = 0; s < 256 / group; s++) {
        float scale = scales[s], offset = offsets[s];
#pragma GCC unroll 1  // unrolled by 16, a loop of 16 would not become vectors
        for (int i = 0; i < group; i++)
            y[group * s + i] = scale * static_cast<float>(q[group * s + i]) - offset;
    }
}

// y[i] = (q[i] - centre) * scales[i / 16]
template <int centre>
void scale_centred(const uint8_t* q, const float* scales, float* y) {
    for (int s = 0; s < 16; s++) {
        float scale = scales[s];
#pragma GCC unroll 1
        for (int i = 0; i < 16; i++)
            y[16 * s + i] = scale * static_cast<float>(q[16 * s + i] - centre);
    }
}

// Four values a byte: byte i of a run of 32 has values i, 32 + i, 64 + i and 96 + i of 128.
void unpack_twos(const uint8_t* packed, uint8_t* q) {
    for (int half = 0; half < 2; half++)
        for (int plane = 0; plane < 4; plane++)
            for (int i = 0; i < 32; i++)
                q[128 * half + 32 * plane + i] = packed[32 * half + i] >> 2 * plane & 3;
}

// Two values a byte: byte i of a run of 32 has values i and 32 + i of 64.
void unpack_nibbles(const uint8_t* packed, uint8_t* q) {
    for (int run = 0; run < 4; run++) {
        for (int i = 0; i < 32; i++) {
            q[64 * run + i] = packed[32 * run + i] & 15;
            q[64 * run + 32 + i] = packed[32 * run + i] >> 4;
        }
    }
}

// Adds `weight` to the values whose bit is set: bit s of byte i is for value 32 * s + i.
template <int weight>
void add_high_bits(const uint8_t* bits, uint8_t* q) {
    for (int s = 0; s < 8; s++)
        for (int i = 0; i < 32; i++)
            q[32 * s + i] = static_cast<uint8_t>(q[32 * s + i] + (bits[i] >> s & 1) * weight);
}

// 16 of 6 bits: nibbles as two halves in the first 8 bytes, upper bits as four planes in the
// last 4.
void unpack_scales(const uint8_t* packed, float scale, float* scales) {
    for (int s = 0; s < 16; s++) {
        int low = packed[s % 8] >> 4 * (s / 8) & 15;
        int high = packed[8 + s % 4] >> 2 * (s / 4) & 3;
        scales[s] = scale * static_cast<float>((low | high << 4) - 32);
    }
}

// 8 scales and 8 offsets of 6 bits. The first four of each are the low 6 bits of bytes 0 … 3 and
// 4 … 7, whose upper 2 bits belong to the last four; the rest of those are the nibbles of 8 … 11.
void unpack_scales_offsets(const uint8_t* packed, float scale, float offset, float* scales,
                           float* offsets) {
    for (int s = 0; s < 4; s++) {
        scales[s] = scale * static_cast<float>(packed[s] & 63);
        offsets[s] = offset * static_cast<float>(packed[4 + s] & 63);
        int high_scale = packed[s] >> 6 << 4, high_offset = packed[4 + s] >> 6 << 4;
        scales[4 + s] = scale * static_cast<float>((packed[8 + s] & 15) | high_scale);
        offsets[4 + s] = offset * static_cast<float>(packed[8 + s] >> 4 | high_offset);
    }
}

}  // namespace

void q2_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q2_K>(blocks, out, values, [](const Q2_K& block, float* y) {
        float scale = block.scale.value(), offset = block.offset.value();
        float scales[16], offsets[16];
        for (int s = 0; s < 16; s++) {
            scales[s] = scale * static_cast<float>(block.scales[s] & 15);
            offsets[s] = offset * static_cast<float>(block.scales[s] >> 4);
        }
        uint8_t q[256];
        unpack_twos(block.q, q);
        scale_with_offsets<16>(q, scales, offsets, y);
    });
}

void q3_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q3_K>(blocks, out, values, [](const Q3_K& block, float* y) {
        float scales[16];
        unpack_scales(block.scales, block.scale.value(), scales);
        uint8_t q[256];
        unpack_twos(block.q, q);
        add_high_bits<4>(block.third, q);
        scale_centred<4>(q, scales, y);
    });
}

void q4_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q4_K>(blocks, out, values, [](const Q4_K& block, float* y) {
        float scales[8], offsets[8];
        unpack_scales_offsets(block.scales, block.scale.value(), block.offset.value(), scales,
                              offsets);
        uint8_t q[256];
        unpack_nibbles(block.nibbles, q);
        scale_with_offsets<32>(q, scales, offsets, y);
    });
}

void q5_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q5_K>(blocks, out, values, [](const Q5_K& block, float* y) {
        float scales[8], offsets[8];
        unpack_scales_offsets(block.scales, block.scale.value(), block.offset.value(), scales,
                              offsets);
        uint8_t q[256];
        unpack_nibbles(block.nibbles, q);
        add_high_bits<16>(block.fifth, q);
        scale_with_offsets<32>(q, scales, offsets, y);
    });
}

void q6_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q6_K>(blocks, out, values, [](const Q6_K& block, float* y) {
        float scales[16];
        for (int s = 0; s < 16; s++)
            scales[s] = block.scale.value() * static_cast<float>(block.scales[s]);
        // A run of 64 bytes has the nibbles of 128 values: low ones of the first 64, then high.
        uint8_t q[256];
        unpack_twos(block.high, q);
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 64; i++) {
                uint8_t both = block.nibbles[64 * half + i];
                uint8_t* low = q + 128 * half + i;
                low[0] = static_cast<uint8_t>(low[0] << 4 | (both & 15));
                low[64] = static_cast<uint8_t>(low[64] << 4 | both >> 4);
            }
        }
        scale_centred<32>(q, scales, y);
    });
}

void q8_k(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q8_K>(blocks, out, values, [](const Q8_K& block, float* y) {
        float scale = std::bit_cast<float>(load_u32(block.scale));
        for (int i = 0; i < 256; i++) y[i] = scale * static_cast<float>(block.q[i]);
    });
}

void to_q8_k(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q8_K>(in, blocks, values, [](const float* x, Q8_K& block) {
        // The value of largest magnitude becomes -127.
        float top = largest(x, 256);
        float inverse = top == 0 ? 0 : -127.0f / top;
        for (int i = 0; i < 256; i++)
            block.q[i] = static_cast<int8_t>(round_even(inverse * x[i], 127));
        float scale = inverse_of(inverse);
        std::memcpy(block.scale, &scale, sizeof scale);
        for (int s = 0; s < 16; s++) {
            int sum = 0;
            for (int i = 0; i < 16; i++) sum += block.q[16 * s + i];
            auto kept = static_cast<int16_t>(sum);
            std::memcpy(block.sums + 2 * s, &kept, sizeof kept);
        }
    });
}

}  // namespace linnet::codec
