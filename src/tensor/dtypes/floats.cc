// F64, F32, F16 and BF16: a block is one value.
#include <cstring>

#include "kernels/half.h"
#include "tensor/dtypes/codecs.h"

namespace linnet::codec {

void f32(const std::byte* blocks, float* out, size_t values) {
    if (values > 0) std::memcpy(out, blocks, values * sizeof(float));
}

void to_f32(const float* in, std::byte* blocks, size_t values) {
    if (values > 0) std::memcpy(blocks, in, values * sizeof(float));
}

void f64(const std::byte* blocks, float* out, size_t values) {
    for (size_t i = 0; i < values; i++) {
        double value;
        std::memcpy(&value, blocks + 8 * i, sizeof value);
        out[i] = static_cast<float>(value);
    }
}

template <float convert(uint16_t)>
static void decode_16_bit(const std::byte* blocks, float* out, size_t values) {
    for (size_t i = 0; i < values; i++) {
        uint16_t bits;
        std::memcpy(&bits, blocks + 2 * i, sizeof bits);
        out[i] = convert(bits);
    }
}

template <uint16_t convert(float)>
static void encode_16_bit(const float* in, std::byte* blocks, size_t values) {
    for (size_t i = 0; i < values; i++) {
        uint16_t bits = convert(in[i]);
        std::memcpy(blocks + 2 * i, &bits, sizeof bits);
    }
}

void f16(const std::byte* blocks, float* out, size_t values) {
    decode_16_bit<half_to_float>(blocks, out, values);
}

void to_f16(const float* in, std::byte* blocks, size_t values) {
    encode_16_bit<float_to_half>(in, blocks, values);
}

void bf16(const std::byte* blocks, float* out, size_t values) {
    decode_16_bit<bfloat_to_float>(blocks, out, values);
}

void to_bf16(const float* in, std::byte* blocks, size_t values) {
    encode_16_bit<float_to_bfloat>(in, blocks, values);
}

}  // namespace linnet::codec
