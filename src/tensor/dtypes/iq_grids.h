// The codebooks of the IQ formats: points of 8 (IQ1, IQ2) or 4 (IQ3) levels, chosen by an index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace linnet::codec {

template <size_t points, size_t width>
using Codebook = std::array<std::array<int8_t, width>, points>;

extern const Codebook<2048, 8> iq1_book;  // 0, 1, 2 for -1, 0, 1
extern const Codebook<256, 8> iq2_xxs_book;
extern const Codebook<512, 8> iq2_xs_book;
extern const Codebook<1024, 8> iq2_s_book;
extern const Codebook<256, 4> iq3_xxs_book;
extern const Codebook<512, 4> iq3_s_book;

}  // namespace linnet::codec
