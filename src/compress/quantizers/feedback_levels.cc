// Feedback for formats whose levels or scales are few: MXFP4, whose scales are powers of two, Q2_0
// with its four levels, and IQ4_XS, whose parts have scales of 6 bits.
#include <algorithm>
#include <cmath>

#include "compress/quantizers/feedback_blocks.h"
#include "compress/quantizers/iq4_search.h"
#include "tensor/dtypes/e2m1_layouts.h"
#include "tensor/dtypes/q2_0_layout.h"

namespace linnet::quantize {
namespace {

// Of E2M1, doubled.
Floats nearest_e2m1(Floats x) {
    const Floats size = magnitude(x);
    Floats level{};
    for (int i = 0; i < 7; i++) {
        const float low = codec::e2m1_levels[i], high = codec::e2m1_levels[i + 1];
        level += select(size > (low + high) / 2, all(high - low), Floats{});
    }
    return select(x < 0, -level, level);
}

Floats round_e2m1(Floats x, Floats scale, Floats) {
    return nearest_e2m1(x / divisor(scale));
}

// The power of two that leaves the least error, of three around the one that fits the largest.
void fit_mxfp4(FeedbackBlock& block) {
    Floats top{};
    for (int i = 0; i < 32; i++) {
        const Floats size = magnitude(block.x[i]);
        top = select(size > top, size, top);
    }
    for (int lane = 0; lane < lanes; lane++) {
        int exponent = 0;
        if (top[lane] > 0) exponent = std::ilogb(top[lane]) + 125;
        block.scale_codes[lane][0] = static_cast<uint8_t>(std::clamp(exponent, 0, 254));
    }
    Floats best{};
    uint8_t chosen[lanes];
    for (int step = -1; step <= 1; step++) {
        Floats scale;
        uint8_t codes[lanes];
        for (int lane = 0; lane < lanes; lane++) {
            codes[lane] = static_cast<uint8_t>(
                std::clamp(block.scale_codes[lane][0] + step, 0, top[lane] > 0 ? 254 : 0));
            scale[lane] = codec::mxfp4_scale(codes[lane]);
        }
        Floats error{};
        for (int i = 0; i < 32; i++) {
            const Floats rest = block.x[i] - scale * nearest_e2m1(block.x[i] / scale);
            error += block.cost[i] * rest * rest;
        }
        const Mask better = step == -1 ? Mask{} - 1 : error < best;
        best = select(better, error, best);
        block.scale[0] = select(better, scale, block.scale[0]);
        for (int lane = 0; lane < lanes; lane++)
            if (better[lane]) chosen[lane] = codes[lane];
    }
    for (int lane = 0; lane < lanes; lane++) block.scale_codes[lane][0] = chosen[lane];
    block.offset[0] = Floats{};
}

void store_mxfp4(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::MXFP4*>(to);
    out.exponent = block.scale_codes[lane][0];
    auto code = [&](int i) {
        const float level = block.level[i][lane];
        const auto place = std::ranges::find(codec::e2m1_levels, std::fabs(level));
        return static_cast<int>(place - codec::e2m1_levels) + (level < 0 ? 8 : 0);
    };
    for (int i = 0; i < 16; i++) out.nibbles[i] = static_cast<uint8_t>(code(i) | code(16 + i) << 4);
}

// Levels -1 … 2. A negative scale turns them round, for blocks whose largest values are negative.
Floats round_q2_0(Floats x, Floats scale, Floats) {
    return rounded(at_least(at_most(x / divisor(scale), 2), -1));
}

void fit_q2_0(FeedbackBlock& block) {
    Floats top{};
    for (int i = 0; i < 64; i++) {
        const Floats size = magnitude(block.x[i]);
        top = select(size > top, size, top);
    }
    const Mask zero = top < smallest;
    Floats best{}, scale{};
    constexpr int tries = 14;
    for (int step = 0; step < 2 * tries; step++) {
        const float share = 0.3f + 0.05f * static_cast<float>(step % tries);
        const Floats tried = select(zero, all(1), top) * (step < tries ? share : -share);
        const Floats inverse = 1 / tried;
        Floats product{}, square{};
        for (int i = 0; i < 64; i++) {
            const Floats level = rounded(at_least(at_most(inverse * block.x[i], 2), -1));
            const Floats weighted = block.cost[i] * level;
            product += weighted * block.x[i];
            square += weighted * level;
        }
        const Mask better = (square > 0) & (product * product > best * square);
        const Floats refined = product / select(square > 0, square, all(1));
        scale = select(better, refined, scale);
        best = select(better, refined * product, best);
    }
    for (int lane = 0; lane < lanes; lane++)
        block.scale[0][lane] = zero[lane] ? 0 : half(scale[lane]);
    block.offset[0] = Floats{};
}

void store_q2_0(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::Q2_0*>(to);
    out.scale.set(block.scale[0][lane]);
    auto code = [&](int i) { return static_cast<int>(block.level[i][lane]) + 1; };
    for (int b = 0; b < 16; b++)
        out.q[b] = static_cast<uint8_t>(code(4 * b) | code(4 * b + 1) << 2 | code(4 * b + 2) << 4 |
                                        code(4 * b + 3) << 6);
}

Floats round_iq4(Floats x, Floats scale, Floats) {
    return nearest_level(x / divisor(scale));
}

// Parts of 32, whose scales are integers less 32.
void fit_iq4_xs(FeedbackBlock& block) {
    float scales[lanes][8], weights[8] = {};
    for (int part = 0; part < 8; part++) {
        Strip<32> strip;
        for (int i = 0; i < 32; i++) {
            strip.x[i] = block.x[32 * part + i];
            strip.weight[i] = all(block.cost[32 * part + i]);
            weights[part] += block.cost[32 * part + i];
        }
        float found[lanes];
        fit_scales(strip, found);
        for (int lane = 0; lane < lanes; lane++) scales[lane][part] = found[lane];
    }
    for (int lane = 0; lane < lanes; lane++) {
        uint8_t* codes = block.scale_codes[lane];
        const float scale = half(fit_symmetric<8>(scales[lane], weights, 32, codes));
        block.whole_scale[lane] = scale;
        for (int part = 0; part < 8; part++) {
            block.scale[part][lane] = scale * static_cast<float>(codes[part] - 32);
            block.offset[part][lane] = 0;
        }
    }
}

void store_iq4_xs(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::IQ4_XS*>(to);
    out.scale.set(block.whole_scale[lane]);
    int high = 0;
    for (int part = 0; part < 8; part++) high |= (block.scale_codes[lane][part] >> 4) << 2 * part;
    out.scales_high[0] = static_cast<uint8_t>(high);
    out.scales_high[1] = static_cast<uint8_t>(high >> 8);
    for (int pair = 0; pair < 4; pair++)
        out.scales_low[pair] = static_cast<uint8_t>((block.scale_codes[lane][2 * pair] & 15) |
                                                    block.scale_codes[lane][2 * pair + 1] << 4);
    auto code = [&](int i) {
        return static_cast<int>(std::ranges::lower_bound(codec::iq4_levels, block.level[i][lane]) -
                                codec::iq4_levels);
    };
    for (int part = 0; part < 8; part++)
        for (int i = 0; i < 16; i++)
            out.nibbles[16 * part + i] =
                static_cast<uint8_t>(code(32 * part + i) | code(32 * part + 16 + i) << 4);
}

constexpr FeedbackCoder coders[] = {
    {"mxfp4", 32, 32, fit_mxfp4, round_e2m1, store_mxfp4, FeedbackCoder::Scale::Fixed},
    {"q2_0", 64, 64, fit_q2_0, round_q2_0, store_q2_0, FeedbackCoder::Scale::OfBlock},
    {"iq4_xs", 256, 32, fit_iq4_xs, round_iq4, store_iq4_xs, FeedbackCoder::Scale::OfParts},
};

}  // namespace

std::span<const FeedbackCoder> coders_of_few_levels() {
    return coders;
}

}  // namespace linnet::quantize
