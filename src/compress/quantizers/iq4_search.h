// The search for the scale of a block of IQ4_NL, and of a part of IQ4_XS.
#pragma once

#include "compress/quantizers/search.h"
#include "tensor/dtypes/iq4_layouts.h"

namespace linnet::quantize {

// Of the 16 levels, the upper of two that are equally near. The middles are exact.
inline Floats nearest_level(Floats x) {
    Floats level = all(codec::iq4_levels[0]);
    for (int i = 0; i < 15; i++) {
        const float low = codec::iq4_levels[i], high = codec::iq4_levels[i + 1];
        level += select(x >= (low + high) / 2, all(high - low), Floats{});
    }
    return level;
}

// The scale of each block with which least squares leaves the least weighted square error.
inline void fit_scales(const Strip<32>& strip, float* scales) {
    constexpr int tries = 7;  // scales tried either way, a unit of the lowest level apart
    const Floats top = largest(strip);
    const Mask zero = magnitude(top) < smallest;
    const Floats divisor = select(zero, all(1), top);
    Floats scale{}, best{};
    auto consider = [&](Floats inverse, bool first) {
        Floats product{}, square{};
        for (int i = 0; i < 32; i++) {
            Floats level = nearest_level(inverse * strip.x[i]);
            Floats weighted = strip.weight[i] * level;
            product += weighted * strip.x[i];
            square += weighted * level;
        }
        const Mask some = square > 0;
        const Floats refined = select(some, product / select(some, square, all(1)), Floats{});
        const Mask better = first ? Mask{} - 1 : (some & (product * product > best * square));
        scale = select(better, refined, scale);
        best = select(better, refined * product, best);
    };
    const float lowest = codec::iq4_levels[0];
    consider(1 / (-divisor / lowest), true);
    for (int step = -tries; step <= tries; step++)
        consider((static_cast<float>(step) + lowest) / divisor, false);
    scale = select(zero, Floats{}, scale);
    for (int lane = 0; lane < lanes; lane++) scales[lane] = scale[lane];
}

}  // namespace linnet::quantize
