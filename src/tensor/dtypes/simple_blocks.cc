// Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q8_1: 32 values share a scale, and where the name ends in 1 an offset.
// Nibbles lie as two halves: value i in the low half of byte i, value 16 + i in the high half.
#include "tensor/dtypes/block.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/round.h"
#include "tensor/dtypes/simple_layouts.h"

namespace linnet::codec {
namespace {

template <class Block>
void unpack_nibbles(const Block& block, uint8_t* q) {
    for (int i = 0; i < 16; i++) {
        q[i] = block.nibbles[i] & 15;
        q[16 + i] = block.nibbles[i] >> 4;
    }
}

template <class Block>
void unpack_fives(const Block& block, uint8_t* q) {
    Bytes16 nibbles = load_bytes16(block.nibbles);
    store_bytes16(q, (nibbles & 15) | (spread_bits16(load_u16(block.fifth)) & 16));
    store_bytes16(q + 16, (nibbles >> 4) | (spread_bits16(load_u16(block.fifth + 2)) & 16));
}

template <class Block>
void pack_nibbles(const uint8_t* q, Block& block) {
    for (int i = 0; i < 16; i++)
        block.nibbles[i] = static_cast<uint8_t>((q[i] & 15) | (q[16 + i] & 15) << 4);
}

template <class Block>
void pack_fives(const uint8_t* q, Block& block) {
    pack_nibbles(q, block);
    for (int b = 0; b < 4; b++) {
        int bits = 0;
        for (int i = 0; i < 8; i++) bits |= (q[8 * b + i] >> 4) << i;
        block.fifth[b] = static_cast<uint8_t>(bits);
    }
}

// The value of largest magnitude becomes the lowest level, so its sign decides the scale's.
template <int levels, class Block>
void encode_symmetric(const float* in, Block& block, uint8_t* q) {
    float scale = largest(in, 32) / -(levels / 2);
    float inverse = inverse_of(scale);
    for (int i = 0; i < 32; i++)
        q[i] = level(in[i] * inverse + (static_cast<float>(levels / 2) + 0.5f), levels - 1);
    block.scale.set(scale);
}

template <int levels, class Block>
void encode_with_offset(const float* in, Block& block, uint8_t* q) {
    float low = in[0], high = in[0];
    for (int i = 1; i < 32; i++) {
        if (in[i] < low) low = in[i];
        if (in[i] > high) high = in[i];
    }
    float scale = (high - low) / (levels - 1);
    float inverse = inverse_of(scale);
    for (int i = 0; i < 32; i++) q[i] = level((in[i] - low) * inverse + 0.5f, levels - 1);
    block.scale.set(scale);
    block.offset.set(low);
}

template <class Block>
float encode_bytes(const float* in, Block& block) {
    float scale = magnitude(in, 32) / 127;
    float inverse = inverse_of(scale);
    for (int i = 0; i < 32; i++) block.q[i] = static_cast<int8_t>(round_away(in[i] * inverse, 127));
    block.scale.set(scale);
    return scale;
}

}  // namespace

void q4_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q4_0>(blocks, out, values, [](const Q4_0& block, float* y) {
        float scale = block.scale.value();
        uint8_t q[32];
        unpack_nibbles(block, q);
        for (int i = 0; i < 32; i++) y[i] = static_cast<float>(q[i] - 8) * scale;
    });
}

void q4_1(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q4_1>(blocks, out, values, [](const Q4_1& block, float* y) {
        float scale = block.scale.value(), offset = block.offset.value();
        uint8_t q[32];
        unpack_nibbles(block, q);
        for (int i = 0; i < 32; i++) y[i] = static_cast<float>(q[i]) * scale + offset;
    });
}

void q5_0(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q5_0>(blocks, out, values, [](const Q5_0& block, float* y) {
        float scale = block.scale.value();
        uint8_t q[32];
        unpack_fives(block, q);
        for (int i = 0; i < 32; i++) y[i] = static_cast<float>(q[i] - 16) * scale;
    });
}

void q5_1(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Q5_1>(blocks, out, values, [](const Q5_1& block, float* y) {
        float scale = block.scale.value(), offset = block.offset.value();
        uint8_t q[32];
        unpack_fives(block, q);
        for (int i = 0; i < 32; i++) y[i] = static_cast<float>(q[i]) * scale + offset;
    });
}

template <class Block>
static void decode_bytes(const std::byte* blocks, float* out, size_t values) {
    decode_blocks<Block>(blocks, out, values, [](const Block& block, float* y) {
        float scale = block.scale.value();
        for (int i = 0; i < 32; i++) y[i] = static_cast<float>(block.q[i]) * scale;
    });
}

void q8_0(const std::byte* blocks, float* out, size_t values) {
    decode_bytes<Q8_0>(blocks, out, values);
}

void q8_1(const std::byte* blocks, float* out, size_t values) {
    decode_bytes<Q8_1>(blocks, out, values);
}

void to_q4_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q4_0>(in, blocks, values, [](const float* x, Q4_0& block) {
        uint8_t q[32];
        encode_symmetric<16>(x, block, q);
        pack_nibbles(q, block);
    });
}

void to_q4_1(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q4_1>(in, blocks, values, [](const float* x, Q4_1& block) {
        uint8_t q[32];
        encode_with_offset<16>(x, block, q);
        pack_nibbles(q, block);
    });
}

void to_q5_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q5_0>(in, blocks, values, [](const float* x, Q5_0& block) {
        uint8_t q[32];
        encode_symmetric<32>(x, block, q);
        pack_fives(q, block);
    });
}

void to_q5_1(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q5_1>(in, blocks, values, [](const float* x, Q5_1& block) {
        uint8_t q[32];
        encode_with_offset<32>(x, block, q);
        pack_fives(q, block);
    });
}

void to_q8_0(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q8_0>(in, blocks, values,
                        [](const float* x, Q8_0& block) { encode_bytes(x, block); });
}

void to_q8_1(const float* in, std::byte* blocks, size_t values) {
    encode_blocks<Q8_1>(in, blocks, values, [](const float* x, Q8_1& block) {
        float scale = encode_bytes(x, block);
        int sum = 0;
        for (int8_t q : block.q) sum += q;
        block.sum.set(static_cast<float>(sum) * scale);
    });
}

}  // namespace linnet::codec
