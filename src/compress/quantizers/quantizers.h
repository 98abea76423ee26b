// What the table in quantizer.cc points at.
#pragma once

#include <cstddef>

namespace linnet::quantize {

using Row = void(const float* row, const float* importance, size_t columns, std::byte* blocks);

// simple_blocks.cc
Row q4_0, q4_1, q5_0, q5_1;

// k_blocks.cc
Row q2_k, q3_k, q4_k, q5_k, q6_k;

// iq4_blocks.cc
Row iq4_nl, iq4_xs;

// iq_blocks.cc, iq1_blocks.cc
Row iq3_s, iq3_xxs, iq2_s, iq2_xs, iq2_xxs, iq1_m, iq1_s;

}  // namespace linnet::quantize
