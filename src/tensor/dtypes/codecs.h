// The codecs that the table in dtype.cc points at. A decoder has its format's name, an encoder
// `to_` before it; they are in the files beside this one, a file for each family of layouts.
#pragma once

#include <cstddef>

namespace linnet::codec {

using Decoder = void(const std::byte* blocks, float* out, size_t values);
using Encoder = void(const float* in, std::byte* blocks, size_t values);

// floats.cc
Decoder f32, f16, bf16, f64;
Encoder to_f32, to_f16, to_bf16;

// simple_blocks.cc
Decoder q4_0, q4_1, q5_0, q5_1, q8_0, q8_1;
Encoder to_q4_0, to_q4_1, to_q5_0, to_q5_1, to_q8_0, to_q8_1;

}  // namespace linnet::codec
