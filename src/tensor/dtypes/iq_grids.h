// The codebooks of the IQ formats: points of 8 (IQ1, IQ2) or 4 (IQ3) levels, chosen by an index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace linnet::codec {

template <size_t points, size_t width>
using Codebook = std::array<std::array<int8_t, width>, points>;

// What the magnitudes are, ascending.
inline constexpr int8_t iq2_levels[] = {8, 25, 43};
inline constexpr int8_t iq3_xxs_levels[] = {4, 12, 20, 28, 36, 44, 52, 62};
inline constexpr int8_t iq3_s_levels[] = {1, 3, 5, 7, 9, 11, 13, 15};

extern const Codebook<2048, 8> iq1_book;  // 0, 1, 2 for -1, 0, 1
extern const Codebook<256, 8> iq2_xxs_book;
extern const Codebook<512, 8> iq2_xs_book;
extern const Codebook<1024, 8> iq2_s_book;
extern const Codebook<256, 4> iq3_xxs_book;
extern const Codebook<512, 4> iq3_s_book;

}  // namespace linnet::codec
