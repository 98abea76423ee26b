// How rows of queries, keys and values become whole numbers of 16 bits.
#pragma once

#include <cmath>

#include "kernels/kernels.h"

namespace linnet {

// What a row is divided by for a length of 32767, so that the product of two fits 32 bits.
inline float length_scale(const Kernels& kernels, const float* x, size_t n) {
    return std::sqrt(kernels.sum_squares_f32(x, n)) / 32767;
}

// What it is multiplied by. A row of zeros stays one.
inline float inverse_of(float scale) {
    return scale > 0 ? 1 / scale : 0;
}

}  // namespace linnet
