// F32, F16 and BF16: a block is one value.
#include <cstring>

#include "tensor/dtypes/codecs.h"
#include "kernels/half.h"

namespace linnet::codec {

void f32(const std::byte* blocks, float* out, size_t values) {
    std::memcpy(out, blocks, values * sizeof(float));
}

template <float convert(uint16_t)>
static void decode_16_bit(const std::byte* blocks, float* out, size_t values) {
    for (size_t i = 0; i < values; i++) {
        uint16_t bits;
        std::memcpy(&bits, blocks + 2 * i, sizeof bits);
        out[i] = convert(bits);
    }
}

void f16(const std::byte* blocks, float* out, size_t values) {
    decode_16_bit<half_to_float>(blocks, out, values);
}

void bf16(const std::byte* blocks, float* out, size_t values) {
    decode_16_bit<bfloat_to_float>(blocks, out, values);
}

}  // namespace linnet::codec
