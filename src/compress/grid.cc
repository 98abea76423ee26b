#include "compress/grid.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace linnet {
namespace {

constexpr float e2m1[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

// To the nearest integer, halves to even. REQUIRES: |x| < 2^22.
float round_whole(float x) {
    return (x + 0x1.8p23f) - 0x1.8p23f;
}

// To the nearest, halves to even, whose mantissa has three bits; below 2^-6 steps are 2^-9.
float round_e4m3(float x) {
    const float size = std::min(std::fabs(x), 448.0f);
    const uint32_t bits = std::bit_cast<uint32_t>(size);
    const uint32_t rounded = (bits + 0x7FFFF + (bits >> 20 & 1)) & ~uint32_t{0xFFFFF};
    const float out =
        size < 0x1p-6f ? (size + 0x1.8p14f) - 0x1.8p14f : std::bit_cast<float>(rounded);
    return std::copysign(out, x);
}

// Halves to the level with an even code.
float round_e2m1(float x) {
    const float size = std::fabs(x);
    const float out = size < 1.75f   ? size <= 0.25f   ? 0.0f
                                       : size < 0.75f  ? 0.5f
                                       : size <= 1.25f ? 1.0f
                                                       : 1.5f
                      : size <= 2.5f ? 2.0f
                      : size < 3.5f  ? 3.0f
                      : size <= 5.0f ? 4.0f
                                     : 6.0f;
    return std::copysign(out, x);
}

}  // namespace

Grid::Grid(const FolderScheme& scheme, const DType& stored, float whole)
    : levels_(scheme.levels),
      scales_(scheme.scales),
      symmetric_(scheme.symmetric),
      bits_(scheme.bits),
      stored_(stored),
      whole_(whole) {
    const auto half = static_cast<float>(1u << (bits_ - 1));
    least_ = levels_ == FolderScheme::Levels::Int    ? -half
             : levels_ == FolderScheme::Levels::E4M3 ? -448
                                                     : -6;
    most_ = levels_ == FolderScheme::Levels::Int ? half - 1 : -least_;
}

float Grid::nearest(float x) const {
    x = std::clamp(x, least_, most_);
    switch (levels_) {
        case FolderScheme::Levels::Int:
            return round_whole(x);
        case FolderScheme::Levels::E4M3:
            return round_e4m3(x);
        case FolderScheme::Levels::E2M1:
            break;
    }
    return round_e2m1(x);
}

float Grid::level(float weight, GridScale scale) const {
    return scale.scale == 0 ? scale.zero : nearest(weight / scale.scale + scale.zero);
}

uint8_t Grid::code(float level) const {
    switch (levels_) {
        case FolderScheme::Levels::Int:
            return static_cast<uint8_t>(static_cast<int8_t>(level));
        case FolderScheme::Levels::E4M3: {
            // The exponent's bias is 7; below 2^-6 the mantissa counts in 2^-9.
            const float size = std::fabs(level);
            const uint32_t bits = std::bit_cast<uint32_t>(size);
            const uint32_t code =
                size < 0x1p-6f ? static_cast<uint32_t>(size * 0x1p9f) : (bits >> 20) - (120u << 3);
            return static_cast<uint8_t>(code | (std::signbit(level) ? 0x80 : 0));
        }
        case FolderScheme::Levels::E2M1:
            break;
    }
    const auto place = std::ranges::lower_bound(e2m1, std::fabs(level)) - e2m1;
    return static_cast<uint8_t>(place | (std::signbit(level) ? 8 : 0));
}

// The nearest that the folder can keep.
float Grid::stored_scale(float scale) const {
    switch (scales_) {
        case FolderScheme::Scales::PowerOfTwo:
            return std::exp2(std::clamp(std::ceil(std::log2(scale)), -126.0f, 127.0f));
        case FolderScheme::Scales::E4M3:
            return std::max(round_e4m3(scale * whole_), 0x1p-9f) / whole_;
        case FolderScheme::Scales::Float:
            break;
    }
    // A float's precision is the same at any scale, so that of E4M3 is a power of two: the weights
    // that it stands for are then float16 as well.
    if (levels_ == FolderScheme::Levels::E4M3) scale = std::exp2(std::ceil(std::log2(scale)));
    std::byte bytes[4];
    stored_.encode(&scale, bytes, 1);
    stored_.decode(bytes, &scale, 1);
    return scale;
}

// With which levels reach a share of the way to the farthest weights.
GridScale Grid::obvious(float least, float most, float share) const {
    least = std::min(least, 0.0f) * share;
    most = std::max(most, 0.0f) * share;
    if (symmetric_) {
        const float reach = levels_ == FolderScheme::Levels::Int ? (most_ - least_) / 2 : most_;
        const float size = std::max(-least, most);
        return {size == 0 ? stored_scale(1) : stored_scale(size / reach), 0};
    }
    if (least == most) return {stored_scale(1), 0};
    const float scale = stored_scale((most - least) / (most_ - least_));
    if (scale == 0) return {stored_scale(1), 0};
    return {scale, std::clamp(round_whole(least_ - least / scale), least_, most_)};
}

// The scale that least squares finds for the levels that another one gives.
GridScale Grid::refined(std::span<const float> weights, std::span<const float> costs,
                        GridScale scale) const {
    float pull = 0, square = 0;
    for (size_t i = 0; i < weights.size(); i++) {
        const float steps = level(weights[i], scale) - scale.zero;
        const float cost = costs.empty() ? 1 : costs[i];
        pull += cost * steps * weights[i];
        square += cost * steps * steps;
    }
    if (!(square > 0 && pull > 0)) return scale;
    return {stored_scale(pull / square), scale.zero};
}

GridScale Grid::fit(std::span<const float> weights, std::span<const float> costs) const {
    const auto [least, most] = std::ranges::minmax(weights);
    GridScale best = obvious(least, most, 1);
    if (best.scale == 0) best.scale = stored_scale(1);
    if (bits_ > 5) return best;
    auto error_of = [&](GridScale scale) {
        float sum = 0;
        for (size_t i = 0; i < weights.size(); i++) {
            const float rest = value(level(weights[i], scale), scale) - weights[i];
            sum += (costs.empty() ? 1 : costs[i]) * rest * rest;
        }
        return sum;
    };
    float best_error = error_of(best);
    auto consider = [&](GridScale other) {
        if (other.scale == 0) return;
        const float error = error_of(other);
        if (error < best_error) best = other, best_error = error;
    };
    // Powers of two have few neighbours.
    const bool coarse = scales_ == FolderScheme::Scales::PowerOfTwo;
    constexpr int steps = 16;
    for (int step = -1; step <= (coarse ? 1 : steps); step++) {
        const float share =
            coarse ? std::exp2(static_cast<float>(-step)) : 1 - 0.03f * static_cast<float>(step);
        consider(obvious(least, most, share));
        if (!coarse) consider(refined(weights, costs, obvious(least, most, share)));
    }
    return best;
}

}  // namespace linnet
