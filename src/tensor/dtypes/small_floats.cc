// The 8-bit floats of safetensors files: E4M3 (no infinity, NaN is all ones), E5M2 (the upper half
// of an F16) and E8M0 (a power of two, no sign). Scales that belong to a tensor of them are tensors
// of their own.
#include <array>

#include "kernels/half.h"
#include "tensor/dtypes/codecs.h"

namespace linnet::codec {
namespace {

constexpr float e4m3_to_float(uint32_t code) {
    uint32_t sign = (code & 0x80) << 24, magnitude = code & 0x7F;
    uint32_t bits = (magnitude << 20) + (120u << 23);
    if (magnitude < 8)  // subnormal: mantissa * 2^-9
        bits = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-9f);
    if (magnitude == 0x7F) bits = 0x7FC00000;
    return std::bit_cast<float>(sign | bits);
}

constexpr float e5m2_to_float(uint32_t code) {
    return half_to_float(static_cast<uint16_t>(code << 8));
}

constexpr float e8m0_to_float(uint32_t code) {
    if (code == 0xFF) return std::bit_cast<float>(0x7FC00000u);
    return std::bit_cast<float>(code == 0 ? 0x00400000u : code << 23);
}

using Table = std::array<float, 256>;

constexpr Table table_of(float (*convert)(uint32_t)) {
    Table table{};
    for (uint32_t code = 0; code < 256; code++) table[code] = convert(code);
    return table;
}

constexpr Table e4m3 = table_of(e4m3_to_float);
constexpr Table e5m2 = table_of(e5m2_to_float);
constexpr Table e8m0 = table_of(e8m0_to_float);

void look_up(const Table& table, const std::byte* blocks, float* out, size_t values) {
    for (size_t i = 0; i < values; i++) out[i] = table[static_cast<uint8_t>(blocks[i])];
}

}  // namespace

void f8_e4m3(const std::byte* blocks, float* out, size_t values) {
    look_up(e4m3, blocks, out, values);
}

void f8_e5m2(const std::byte* blocks, float* out, size_t values) {
    look_up(e5m2, blocks, out, values);
}

void f8_e8m0(const std::byte* blocks, float* out, size_t values) {
    look_up(e8m0, blocks, out, values);
}

}  // namespace linnet::codec
