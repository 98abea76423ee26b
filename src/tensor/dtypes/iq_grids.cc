#include "tensor/dtypes/iq_grids.h"

#include <string_view>

namespace linnet::codec {
namespace {

#include "tensor/dtypes/iq_grids.inc"

// Adds up the steps; each sum's digits, the lowest first, are a point's levels.
template <size_t points, size_t width, size_t base>
constexpr Codebook<points, width> expand(std::string_view steps, const int8_t (&levels)[base]) {
    Codebook<points, width> book{};
    size_t number = 0, at = 0;
    for (auto& point : book) {
        for (; steps[at] == 'z'; at++) number += 'z' - '0';
        number += static_cast<size_t>(steps[at++] - '0');
        size_t rest = number;
        for (int8_t& level : point) {
            level = levels[rest % base];
            rest /= base;
        }
    }
    return book;
}

constexpr int8_t iq1_levels[] = {0, 1, 2};

}  // namespace

constexpr Codebook<2048, 8> iq1_book = expand<2048, 8>(iq1_steps, iq1_levels);
constexpr Codebook<256, 8> iq2_xxs_book = expand<256, 8>(iq2_xxs_steps, iq2_levels);
constexpr Codebook<512, 8> iq2_xs_book = expand<512, 8>(iq2_xs_steps, iq2_levels);
constexpr Codebook<1024, 8> iq2_s_book = expand<1024, 8>(iq2_s_steps, iq2_levels);
constexpr Codebook<256, 4> iq3_xxs_book = expand<256, 4>(iq3_xxs_steps, iq3_xxs_levels);
constexpr Codebook<512, 4> iq3_s_book = expand<512, 4>(iq3_s_steps, iq3_s_levels);

}  // namespace linnet::codec
