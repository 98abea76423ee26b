// The loops under everything, each written once over a vector of 16 lanes and compiled once per
// instruction set.
//
// The order of every sum is part of the contract, the same on every instruction set and for every
// batch shape: lane i of 16 adds the products of elements i, i + 16, i + 32 … with one fused
// multiply-add each, and the lanes are then added as a tree (i and i + 8, then + 4, + 2, + 1). So
// each result is the same bits whatever runs it, and whatever shares the batch.
//
// Freestanding: raw pointers and sizes, no allocation, no library call but fmaf in the scalar set.
// All pointers may be unaligned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/packed.h"

namespace linnet {

// The upper half of a float32.
struct Bfloat {
    uint16_t bits;
};

struct Kernels {
    const char* name;

    // y[t * y_stride + r] = sum over k of w[r * n + k] * x[t * x_stride + k], for all r < rows and
    // t < tokens. Of float16 (its bits) and bfloat16 the bits that their float32 gives.
    template <class Number>
    using Matmul = void (*)(const Number* w, size_t rows, size_t n, const float* x, size_t x_stride,
                            size_t tokens, float* y, size_t y_stride);
    Matmul<float> matmul_f32;
    Matmul<uint16_t> matmul_f16;
    Matmul<Bfloat> matmul_bf16;
    float (*dot_f32)(const float* a, const float* b, size_t n);
    // sum of x[k] * x[k] and of x[k]
    float (*sum_squares_f32)(const float* x, size_t n);
    float (*sum_f32)(const float* x, size_t n);
    // y += scale * x
    void (*add_scaled_f32)(float* y, const float* x, float scale, size_t n);
    // out[t * out_stride + c] += sum over k < depth of a[t * a_stride + k] * b[k * n + c], for all
    // t < rows and c < n, k in order, one fused multiply-add each. n is a multiple of 16.
    template <class Factor, class Number, class Sum>
    using Accumulate = void (*)(const Factor* a, size_t a_stride, size_t rows, const Number* b,
                                size_t depth, size_t n, Sum* out, size_t out_stride);
    Accumulate<float, float, float> accumulate_f32;
    Accumulate<float, uint16_t, float> accumulate_f16;
    // The same of whole numbers, with exact sums: the caller sees to it that they fit int32. b has
    // its rows in pairs, b[(k / 2 * n + c) * 2 + k % 2]; depth is even.
    Accumulate<int16_t, int16_t, int32_t> accumulate_i16;
    Accumulate<int16_t, int8_t, int32_t> accumulate_i8;
    // out = x * scale * weight, element by element
    void (*scale_f32)(const float* x, float scale, const float* weight, float* out, size_t n);
    // x = exp(x - maximum); returns the sum
    float (*exp_sum_f32)(float* x, float maximum, size_t n);
    float (*max_f32)(const float* x, size_t n);
    // x = cap * tanh(x / cap)
    void (*soft_cap_f32)(float* x, float cap, size_t n);
    // out = f(gate) * up; `up` null counts as ones. f: silu, gelu in its tanh form, and in its own
    void (*silu_mul_f32)(const float* gate, const float* up, float* out, size_t n);
    void (*gelu_mul_f32)(const float* gate, const float* up, float* out, size_t n);
    void (*gelu_erf_mul_f32)(const float* gate, const float* up, float* out, size_t n);
    // to nearest even, here and below
    void (*float_to_half)(const float* x, uint16_t* out, size_t n);
    // out = x * factor, which fits
    void (*float_to_i16)(const float* x, float factor, int16_t* out, size_t n);
    // out = x * weight / the result, such that none is above 32767 and their sum not above 65000.
    // No x or weight is below 0; the result is 0 where all products are.
    float (*weights_to_i16)(const float* x, const float* weight, int16_t* out, size_t n);
    // out = x * scale * weight; `weight` null counts as ones
    void (*i32_to_float)(const int32_t* x, float scale, const float* weight, float* out, size_t n);

    // Over packed weights: y[t * y_stride + r] for all r < rows and t < tokens; x is (tokens,
    // blocks). packed.h has the sums.
    void (*matmul_packed)(const PackLayout& layout, const std::byte* groups, size_t rows,
                          size_t blocks, const ActBlock* x, size_t tokens, float* y,
                          size_t y_stride);
    void (*quantize_activations)(const float* x, size_t blocks, ActBlock* out);

    // For measuring: `rounds` times products_per_round products of bytes as fast as the set can,
    // and their sum. lines: 128 bytes below 64; x: (tokens_of_round(), 32). The sum is right where
    // it fits int32 in every lane.
    float (*byte_products)(const uint8_t* lines, const int8_t* x, size_t rounds);
    size_t products_per_round;
    size_t tokens_of_round() const { return products_per_round / 1024; }
};

}  // namespace linnet
