// Four blocks at a time, one per lane of a vector: each keeps the order of its own sums, and the
// loops run at the width of the baseline instruction sets (four floats: SSE2, NEON).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace linnet::quantize {

constexpr int lanes = 4;
using Floats = float __attribute__((vector_size(4 * lanes)));
using Mask = int32_t __attribute__((vector_size(4 * lanes)));

inline Floats all(float value) {
    return Floats{} + value;
}
inline Floats select(Mask mask, Floats yes, Floats no) {
    return (Floats)(((Mask)yes & mask) | ((Mask)no & ~mask));
}
inline Floats magnitude(Floats x) {
    return (Floats)((Mask)x & 0x7FFFFFFF);
}
// The bound where x is no number.
inline Floats at_least(Floats x, float bound) {
    return select(x > bound, x, all(bound));
}
inline Floats at_most(Floats x, float bound) {
    return select(x < bound, x, all(bound));
}
// To the nearest integer, halves to even. REQUIRES: |x| < 2^22.
inline Floats rounded(Floats x) {
    return (x + 0x1.8p23f) - 0x1.8p23f;
}

// Up to four neighbouring blocks of n values, and how much the error of each value counts.
template <int n>
struct Strip {
    Floats x[n], weight[n];

    Strip() = default;
    // Lanes beyond `count` repeat the last block.
    Strip(const float* values, const float* weights, int count) {
        for (int lane = 0; lane < lanes; lane++) {
            int block = lane < count ? lane : count - 1;
            for (int i = 0; i < n; i++) {
                x[i][lane] = values[block * n + i];
                weight[i][lane] = weights[block * n + i];
            }
        }
    }
};

}  // namespace linnet::quantize
