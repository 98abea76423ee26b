// The 8-bit floats of safetensors files: E4M3 (no infinity, NaN is all ones), E5M2 (the upper half
// of an F16) and E8M0 (a power of two, no sign). Scales that belong to a tensor of them are tensors
// of their own.
#include "kernels/half.h"
#include "tensor/dtypes/codecs.h"

namespace linnet::codec {
namespace {

float e4m3_to_float(uint8_t code) {
    uint32_t sign = (code & 0x80u) << 24, magnitude = code & 0x7Fu;
    uint32_t bits = (magnitude << 20) + (120u << 23);
    if (magnitude < 8)  // subnormal: mantissa * 2^-9
        bits = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-9f);
    if (magnitude == 0x7F) bits = 0x7FC00000;
    return std::bit_cast<float>(sign | bits);
}

float e5m2_to_float(uint8_t code) {
    return half_to_float(static_cast<uint16_t>(code << 8));
}

float e8m0_to_float(uint8_t code) {
    if (code == 0xFF) return std::bit_cast<float>(0x7FC00000u);
    return std::bit_cast<float>(code == 0 ? 0x00400000u : static_cast<uint32_t>(code) << 23);
}

template <float convert(uint8_t)>
void decode_8_bit(const std::byte* blocks, float* out, size_t values) {
    for (size_t i = 0; i < values; i++) out[i] = convert(static_cast<uint8_t>(blocks[i]));
}

}  // namespace

void f8_e4m3(const std::byte* blocks, float* out, size_t values) {
    decode_8_bit<e4m3_to_float>(blocks, out, values);
}

void f8_e5m2(const std::byte* blocks, float* out, size_t values) {
    decode_8_bit<e5m2_to_float>(blocks, out, values);
}

void f8_e8m0(const std::byte* blocks, float* out, size_t values) {
    decode_8_bit<e8m0_to_float>(blocks, out, values);
}

}  // namespace linnet::codec
