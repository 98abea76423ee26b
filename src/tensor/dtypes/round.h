// Arithmetic of the encoders, in the reference's order. Nothing here is undefined for NaN or
// infinity: they end at some level within range.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace linnet::codec {

// The largest magnitude. Compared as integers, which order positive floats alike and let the loop
// become vectors; NaN counts as more than infinity.
inline float magnitude(const float* x, size_t n) {
    int32_t best = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t bits = std::bit_cast<int32_t>(x[i]) & 0x7FFFFFFF;
        best = bits > best ? bits : best;
    }
    return std::bit_cast<float>(best);
}

// The value of largest magnitude, the first of equals.
inline float largest(const float* x, size_t n) {
    float best = magnitude(x, n);
    for (size_t i = 0; i < n; i++)
        if (std::fabs(x[i]) == best) return x[i];
    return best;  // NaN
}

inline float inverse_of(float scale) {
    return scale == 0 ? 0 : 1 / scale;
}

// Down to an integer of 0 … top.
inline uint8_t level(float value, int top) {
    float limit = static_cast<float>(top);
    float kept = value > 0 ? value : 0;
    return static_cast<uint8_t>(kept < limit ? kept : limit);
}

// To the nearest integer of -limit … limit, halves away from zero as roundf has it.
inline int round_away(float value, int limit) {
    float bound = static_cast<float>(limit);
    float kept = value > -bound ? value : -bound;
    kept = kept < bound ? kept : bound;
    int whole = static_cast<int>(kept);
    float rest = kept - static_cast<float>(whole);
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

// To the nearest integer of -limit … limit, halves to even. REQUIRES: limit < 2^22.
inline int round_even(float value, int limit) {
    float bound = static_cast<float>(limit);
    float kept = value > -bound ? value : -bound;
    kept = kept < bound ? kept : bound;
    return static_cast<int>((kept + 0x1.8p23f) - 0x1.8p23f);
}

}  // namespace linnet::codec
