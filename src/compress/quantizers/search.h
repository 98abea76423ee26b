// Searches for the scale (and offset) of a block that leave the least weighted square error after
// rounding. Each tries some scales around the obvious one, and takes for each the best that least
// squares finds for the levels it rounds to.
//
// The grids and starting points are those of the published quantizers of these formats, so that
// equal weights give equal bytes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "compress/quantizers/lanes.h"
#include "tensor/dtypes/round.h"

namespace linnet::quantize {

// Blocks whose values are all smaller count as zeros.
constexpr float smallest = 1e-15f;

// To the nearest integer, halves to even; no level is beyond the bound.
inline int nearest(float x) {
    return codec::round_even(x, 1 << 20);
}

inline float sum_of_squares(const float* x, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
    return sum;
}

// How much the errors of n values count, whose mean square is `square / 2`.
inline void weigh(const float* x, const float* importance, int n, float square, float* weight) {
    for (int i = 0; i < n; i++)
        weight[i] = importance ? importance[i] * std::sqrt(square + x[i] * x[i]) : x[i] * x[i];
}

inline float twice_mean_square(const float* x, int n) {
    return sum_of_squares(x, static_cast<size_t>(n)) * (2 / static_cast<float>(n));
}

// What a search finds for up to four blocks: their levels one block after the other.
template <int n>
struct Fit {
    float scale[lanes], offset[lanes];
    uint8_t levels[lanes * n];
};

// The value of largest magnitude of each lane, the first of equals.
template <int n>
Floats largest(const Strip<n>& strip) {
    Floats best{}, value{};
    for (int i = 0; i < n; i++) {
        Floats size = magnitude(strip.x[i]);
        Mask more = size > best;
        best = select(more, size, best);
        value = select(more, strip.x[i], value);
    }
    return value;
}

template <int n>
void store(Fit<n>& fit, int i, Floats levels) {
    for (int lane = 0; lane < lanes; lane++)
        fit.levels[lane * n + i] = static_cast<uint8_t>(levels[lane]);
}

// x ~ scale * (level - half) with levels 0 … 2 * half - 1. The value of largest magnitude starts at
// the lowest level, whose place on the grid is then moved by up to 0.9 of a level either way.
template <int n>
void fit_symmetric(const Strip<n>& strip, int half, Fit<n>& fit) {
    const float bound = static_cast<float>(half);
    const Floats top = largest(strip);
    const Mask zero = magnitude(top) < smallest;
    const Floats divisor = select(zero, all(1), top);
    Floats weighted[n];
    for (int i = 0; i < n; i++) weighted[i] = strip.weight[i] * strip.x[i];

    Floats best_inverse{}, scale{}, best{};
    auto consider = [&](float place, bool first) {
        const Floats inverse = -place / divisor;
        Floats product{}, square{};
        for (int i = 0; i < n; i++) {
            Floats level = at_least(at_most(rounded(inverse * strip.x[i]), bound - 1), -bound);
            product += weighted[i] * level;
            square += strip.weight[i] * level * level;
        }
        const Floats refined =
            select(square != 0, product / select(square != 0, square, all(1)), Floats{});
        Mask better = (square > 0) & (product * product > best * square);
        if (first) better = Mask{} - 1;
        scale = select(better, refined, scale);
        best = select(better, refined * product, best);
        best_inverse = select(better, inverse, best_inverse);
    };
    consider(bound, true);
    for (int step = -9; step <= 9; step++)
        if (step != 0) consider(bound + 0.1f * static_cast<float>(step), false);

    for (int i = 0; i < n; i++) {
        Floats level = at_least(at_most(rounded(best_inverse * strip.x[i]), bound - 1), -bound);
        store(fit, i, select(zero, Floats{}, level + bound));
    }
    scale = select(zero, Floats{}, scale);
    for (int lane = 0; lane < lanes; lane++) fit.scale[lane] = scale[lane], fit.offset[lane] = 0;
}

// The scales that are tried: the range of the values in top + first + i * step levels.
struct Grid {
    float first, step;
    int steps;
    bool absolute = false;  // what is made small is the sum of |error|, else of its squares
};
// Where importances are known.
constexpr Grid fine_grid{-0.9f, 0.05f, 36};

// x ~ scale * level - offset with levels 0 … top and an offset that is not negative. What is found
// moves the range that the next scales are tried on.
template <int n>
void fit_offset(const Strip<n>& strip, int top, Grid grid, Fit<n>& fit) {
    const auto bound = static_cast<float>(top);
    Floats low = strip.x[0], high = strip.x[0];
    Floats sum_weight = strip.weight[0], sum_x = strip.weight[0] * strip.x[0];
    for (int i = 1; i < n; i++) {
        low = select(strip.x[i] < low, strip.x[i], low);
        high = select(strip.x[i] > high, strip.x[i], high);
        sum_weight += strip.weight[i];
        sum_x += strip.weight[i] * strip.x[i];
    }
    low = at_most(low, 0);
    const Mask flat = high <= low;
    auto level_of = [&](int i, Floats inverse, Floats lowest) {
        return at_least(at_most(rounded(inverse * (strip.x[i] - lowest)), bound), 0);
    };
    auto error_of = [&](int i, Floats level, Floats scale, Floats lowest) {
        Floats rest = scale * level + lowest - strip.x[i];
        return strip.weight[i] * (grid.absolute ? magnitude(rest) : rest * rest);
    };
    auto range = [&] { return select(flat, all(1), high - low); };

    Floats best_inverse = bound / range(), best_low = low, scale = 1 / best_inverse, best{};
    for (int i = 0; i < n; i++) best += error_of(i, level_of(i, best_inverse, low), scale, low);
    for (int step = 0; step <= grid.steps; step++) {
        const Floats inverse =
            (grid.first + grid.step * static_cast<float>(step) + bound) / range();
        Floats levels[n], sum_l{}, sum_ll{}, sum_lx{};
        for (int i = 0; i < n; i++) {
            levels[i] = level_of(i, inverse, low);
            Floats weighted = strip.weight[i] * levels[i];
            sum_l += weighted;
            sum_ll += weighted * levels[i];
            sum_lx += weighted * strip.x[i];
        }
        const Floats determinant = sum_weight * sum_ll - sum_l * sum_l;
        const Mask solvable = determinant > 0;
        const Floats divisor = select(solvable, determinant, all(1));
        Floats new_scale = (sum_weight * sum_lx - sum_x * sum_l) / divisor;
        Floats new_low = (sum_ll * sum_x - sum_l * sum_lx) / divisor;
        const Mask positive = new_low > 0;
        new_scale = select(positive, sum_lx / select(solvable, sum_ll, all(1)), new_scale);
        new_low = select(positive, Floats{}, new_low);
        Floats error{};
        for (int i = 0; i < n; i++) error += error_of(i, levels[i], new_scale, new_low);
        const Mask better = solvable & (error < best);
        best = select(better, error, best);
        best_inverse = select(better, inverse, best_inverse);
        best_low = select(better, low, best_low);
        scale = select(better, new_scale, scale);
        low = select(better, new_low, low);
    }

    for (int i = 0; i < n; i++)
        store(fit, i, select(flat, Floats{}, level_of(i, best_inverse, best_low)));
    scale = select(flat, Floats{}, scale);
    for (int lane = 0; lane < lanes; lane++)
        fit.scale[lane] = scale[lane], fit.offset[lane] = -low[lane];
}

// Of one block alone, such as the scales of a super-block's parts; returns the scale.
template <int n>
float fit_symmetric(const float* x, const float* weight, int half, uint8_t* levels) {
    Fit<n> fit;
    fit_symmetric(Strip<n>(x, weight, 1), half, fit);
    std::copy_n(fit.levels, n, levels);
    return fit.scale[0];
}
// x ~ scale * level, levels 0 … top: a search over scales, then single levels moved as long as that
// helps. REQUIRES: x is not negative, but for what rounding may leave.
float fit_positive(const float* x, const float* weight, int n, int top, uint8_t* levels);
// x ~ scale * (level - half), each value weighted by its own square: levels moved one by one.
float fit_by_moves(const float* x, int n, int half, uint8_t* levels);

}  // namespace linnet::quantize
