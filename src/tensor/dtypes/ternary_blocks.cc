// TQ1_0 TQ2_0 Q2_0 Q1_0: weights that take two, three or four values, times one scale.
#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/q2_0_layout.h"
#include "tensor/dtypes/round.h"

namespace linnet::codec {
namespace {

// (q - 1) * scale. Five values of base 3 make a number below 243, stored as the byte whose 256th
// it is nearly: n * 256 / 243, rounded up. Times 3, the carry out of the byte is the next value.
struct TQ1_0 {
    static constexpr size_t values = 256;
    uint8_t fives[48];  // a run of 32 bytes (160 values), then one of 16 (80 values)
    uint8_t fours[4];   // 4 values a byte, as if a fifth were 0
    Half scale;
};
struct TQ2_0 {  // (q - 1) * scale; runs of 32 bytes for 128 values, in planes of 32
    static constexpr size_t values = 256;
    uint8_t q[64];
    Half scale;
};
struct Q1_0 {  // scale where the bit is set, else -scale; eight values a byte in order
    static constexpr size_t values = 128;
    Half scale;
    uint8_t bits[16];
};
static_assert(sizeof(TQ1_0) == 54 && sizeof(TQ2_0) == 66);
static_assert(sizeof(Q1_0) == 18);

constexpr int powers_of_3[5] = {1, 3, 9, 27, 81};

// 16 bytes to `digits` planes, which start `stride` apart. Times 3 carries 1 from 86 on and 2 from
// 171 on; what stays in the byte holds the next digit.
void unpack_base_3(Bytes16 rest, int digits, int stride, uint8_t* q) {
    for (int n = 0; n < digits; n++) {
        store_bytes16(q + stride * n, (Bytes16)(-(rest >= 86) - (rest >= 171)));
        rest += rest + rest;
    }
}

template <int run, int digits>
void pack_base_3(const uint8_t* q, uint8_t* packed) {
    for (int i = 0; i < run; i++) {
        int number = 0;
        for (int n = 0; n < digits; n++) number += q[run * n + i] * powers_of_3[4 - n];
        packed[i] = static_cast<uint8_t>((number * 256 + 242) / 243);
    }
}

template <int count>
void scale_ternary(const uint8_t* q, float scale, float* y) {
    for (int i = 0; i < count; i++) y[i] = static_cast<float>(q[i] - 1) * scale;
}

// The scale is the largest magnitude; every value becomes 0, 1 or 2.
template <int count>
float to_ternary(const float* x, uint8_t* q) {
    float scale = magnitude(x, count);
    float inverse = inverse_of(scale);
    for (int i = 0; i < count; i++) q[i] = static_cast<uint8_t>(round_away(x[i] * inverse, 1) + 1);
    return scale;
}

}  // namespace

void tq1_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<TQ1_0>(blocks, out, values, [](const TQ1_0& block, float* y) {
        uint8_t q[256 + 12];
        unpack_base_3(load_bytes16(block.fives), 5, 32, q);
        unpack_base_3(load_bytes16(block.fives + 16), 5, 32, q + 16);
        unpack_base_3(load_bytes16(block.fives + 32), 5, 16, q + 160);
        Bytes16 fours = {block.fours[0], block.fours[1], block.fours[2], block.fours[3]};
        unpack_base_3(fours, 4, 4, q + 240);  // each plane's excess gives way to the next
        scale_ternary<256>(q, block.scale.value(), y);
    });
}

void tq2_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<TQ2_0>(blocks, out, values, [](const TQ2_0& block, float* y) {
        uint8_t q[256];
        for (int half = 0; half < 2; half++)
            for (int plane = 0; plane < 4; plane++)
                for (int i = 0; i < 32; i++)
                    q[128 * half + 32 * plane + i] = block.q[32 * half + i] >> 2 * plane & 3;
        scale_ternary<256>(q, block.scale.value(), y);
    });
}

void q2_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q2_0>(blocks, out, values, [](const Q2_0& block, float* y) {
        uint8_t q[64];
        for (int b = 0; b < 16; b++) {
            uint32_t byte = block.q[b];
            uint32_t four = (byte | byte << 6 | byte << 12 | byte << 18) & 0x03030303;
            std::memcpy(q + 4 * b, &four, sizeof four);
        }
        scale_ternary<64>(q, block.scale.value(), y);
    });
}

void q1_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q1_0>(blocks, out, values, [](const Q1_0& block, float* y) {
        uint8_t q[128];
        for (int b = 0; b < 16; b++) {
            uint64_t twos = spread_bits(block.bits[b]) << 1;
            std::memcpy(q + 8 * b, &twos, sizeof twos);
        }
        scale_ternary<128>(q, block.scale.value(), y);
    });
}

void to_tq1_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<TQ1_0>(in, blocks, values, [](const float* x, TQ1_0& block) {
        uint8_t q[256];
        block.scale.set(to_ternary<256>(x, q));
        pack_base_3<32, 5>(q, block.fives);
        pack_base_3<16, 5>(q + 160, block.fives + 32);
        pack_base_3<4, 4>(q + 240, block.fours);
    });
}

void to_tq2_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<TQ2_0>(in, blocks, values, [](const float* x, TQ2_0& block) {
        uint8_t q[256];
        block.scale.set(to_ternary<256>(x, q));
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 32; i++) {
                const uint8_t* low = q + 128 * half + i;
                block.q[32 * half + i] =
                    static_cast<uint8_t>(low[0] | low[32] << 2 | low[64] << 4 | low[96] << 6);
            }
        }
    });
}

// The fourth value, twice the scale, is never the nearest to anything.
void to_q2_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q2_0>(in, blocks, values, [](const float* x, Q2_0& block) {
        uint8_t q[64];
        block.scale.set(to_ternary<64>(x, q));
        for (int b = 0; b < 16; b++)
            block.q[b] = static_cast<uint8_t>(q[4 * b] | q[4 * b + 1] << 2 | q[4 * b + 2] << 4 |
                                              q[4 * b + 3] << 6);
    });
}

// The scale is the mean magnitude, which is the least-squares fit of one scale to the signs.
void to_q1_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q1_0>(in, blocks, values, [](const float* x, Q1_0& block) {
        float sum = 0;
        for (int i = 0; i < 128; i++) sum += std::fabs(x[i]);
        block.scale.set(sum / 128);
        for (int b = 0; b < 16; b++) {
            int byte = 0;
            for (int i = 0; i < 8; i++) byte |= (x[8 * b + i] >= 0) << i;
            block.bits[b] = static_cast<uint8_t>(byte);
        }
    });
}

}  // namespace linnet::codec
