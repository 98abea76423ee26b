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

// k_blocks.cc
Decoder q2_k, q3_k, q4_k, q5_k, q6_k, q8_k;
Encoder to_q8_k;

// lookup_blocks.cc
Decoder iq4_nl, iq4_xs, mxfp4, nvfp4;
Encoder to_iq4_nl, to_mxfp4, to_nvfp4;

// ternary_blocks.cc
Decoder tq1_0, tq2_0, q2_0, q1_0;
Encoder to_tq1_0, to_tq2_0, to_q2_0, to_q1_0;

// codebook_blocks.cc
Decoder iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s;

// small_floats.cc
Decoder f8_e4m3, f8_e5m2, f8_e8m0;

}  // namespace linnet::codec
