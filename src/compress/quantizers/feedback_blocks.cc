#include "compress/quantizers/feedback_blocks.h"

#include <algorithm>
#include <cmath>

#include "compress/quantizers/iq4_search.h"
#include "compress/quantizers/k_pack.h"
#include "compress/quantizers/pack_codes.h"
#include "tensor/dtypes/round.h"
#include "tensor/dtypes/simple_layouts.h"

namespace linnet::quantize {
namespace {

constexpr int width = 32;

template <int n>
Strip<n> strip_of(const FeedbackBlock& block, int part = 0) {
    Strip<n> strip;
    for (int i = 0; i < n; i++) {
        strip.x[i] = block.x[part * n + i];
        strip.weight[i] = all(block.cost[part * n + i]);
    }
    return strip;
}

template <int half>
void fit_without_offset(FeedbackBlock& block) {
    Fit<width> fit;
    fit_symmetric(strip_of<width>(block), half, fit);
    block.scale[0] = as_halves(fit.scale);
    block.offset[0] = Floats{};
}

template <int half>
Floats round_without_offset(Floats x, Floats scale, Floats) {
    constexpr float bound = half;
    const Floats level = rounded(at_least(at_most(x / divisor(scale), bound - 1), -bound));
    return select(scale == 0, Floats{}, level);
}

template <int top>
void fit_with_offset(FeedbackBlock& block) {
    Fit<width> fit;
    fit_offset(strip_of<width>(block), top, fine_grid, fit);
    for (float& offset : fit.offset) offset = -offset;
    block.scale[0] = as_halves(fit.scale);
    block.offset[0] = as_halves(fit.offset);
}

template <int top>
Floats round_with_offset(Floats x, Floats scale, Floats offset) {
    const Floats level = rounded(at_least(at_most((x - offset) / divisor(scale), top), 0));
    return select(scale == 0, Floats{}, level);
}

void codes_of(const FeedbackBlock& block, int lane, int lowest, int count, uint8_t* codes) {
    for (int i = 0; i < count; i++)
        codes[i] = static_cast<uint8_t>(static_cast<int>(block.level[i][lane]) + lowest);
}

// A code is the level and `lowest` more.
template <class Block, int lowest>
void store(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<Block*>(to);
    out.scale.set(block.scale[0][lane]);
    if constexpr (requires { out.offset; }) out.offset.set(block.offset[0][lane]);
    uint8_t codes[width];
    codes_of(block, lane, lowest, width, codes);
    pack_codes(codes, out);
}

void fit_iq4(FeedbackBlock& block) {
    float scales[lanes];
    fit_scales(strip_of<width>(block), scales);
    block.scale[0] = as_halves(scales);
    block.offset[0] = Floats{};
}

Floats round_iq4(Floats x, Floats scale, Floats) {
    return nearest_level(x / divisor(scale));
}

void store_iq4(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::IQ4_NL*>(to);
    out.scale.set(block.scale[0][lane]);
    uint8_t codes[width];
    for (int i = 0; i < width; i++)
        codes[i] = static_cast<uint8_t>(
            std::ranges::lower_bound(codec::iq4_levels, block.level[i][lane]) - codec::iq4_levels);
    pack_codes(codes, out);
}

// What is fitted to the parts of a block of 256, part by part.
struct PartFits {
    float scales[lanes][16], offsets[lanes][16], weights[16];
};

// search(strip, fit) for parts of n values.
template <int n, class Search>
PartFits fit_parts(const FeedbackBlock& block, Search search) {
    PartFits out;
    for (int part = 0; part < 256 / n; part++) {
        Fit<n> fit;
        search(strip_of<n>(block, part), fit);
        for (int lane = 0; lane < lanes; lane++)
            out.scales[lane][part] = fit.scale[lane], out.offsets[lane][part] = fit.offset[lane];
        out.weights[part] = 0;
        for (int i = 0; i < n; i++) out.weights[part] += block.cost[part * n + i];
    }
    return out;
}

// Q2_K, Q4_K and Q5_K: parts with offsets, whose scales and offsets are integers 0 … scale_top.
template <int n, int top, int scale_top>
void fit_k_offsets(FeedbackBlock& block) {
    constexpr int parts = 256 / n;
    PartFits fits = fit_parts<n>(
        block, [](const Strip<n>& strip, Fit<n>& fit) { fit_offset(strip, top, fine_grid, fit); });
    for (int lane = 0; lane < lanes; lane++) {
        uint8_t *scales = block.scale_codes[lane], *offsets = block.offset_codes[lane];
        const float scale =
            half(fit_positive(fits.scales[lane], fits.weights, parts, scale_top, scales));
        const float offset =
            half(fit_positive(fits.offsets[lane], fits.weights, parts, scale_top, offsets));
        block.whole_scale[lane] = scale, block.whole_offset[lane] = offset;
        for (int part = 0; part < parts; part++) {
            block.scale[part][lane] = scale * static_cast<float>(scales[part]);
            block.offset[part][lane] = -offset * static_cast<float>(offsets[part]);
        }
    }
}

// Q3_K: 16 parts, whose scales are integers less 32.
void fit_q3_k(FeedbackBlock& block) {
    PartFits fits = fit_parts<16>(
        block, [](const Strip<16>& strip, Fit<16>& fit) { fit_symmetric(strip, 4, fit); });
    for (int lane = 0; lane < lanes; lane++) {
        uint8_t* scales = block.scale_codes[lane];
        const float scale = half(fit_symmetric<16>(fits.scales[lane], fits.weights, 32, scales));
        block.whole_scale[lane] = scale;
        for (int part = 0; part < 16; part++) {
            block.scale[part][lane] = scale * static_cast<float>(scales[part] - 32);
            block.offset[part][lane] = 0;
        }
    }
}

// Q6_K: 16 parts, whose scales are int8.
void fit_q6_k(FeedbackBlock& block) {
    PartFits fits = fit_parts<16>(
        block, [](const Strip<16>& strip, Fit<16>& fit) { fit_symmetric(strip, 32, fit); });
    for (int lane = 0; lane < lanes; lane++) {
        const float most = codec::largest(fits.scales[lane], 16);
        const float inverse = std::fabs(most) < smallest ? 0 : -128 / most;
        const float scale = half(codec::inverse_of(inverse));
        block.whole_scale[lane] = scale;
        for (int part = 0; part < 16; part++) {
            const int code = codec::round_even(inverse * fits.scales[lane][part], 128);
            block.scale_codes[lane][part] = static_cast<uint8_t>(std::min(code, 127));
            block.scale[part][lane] = scale * static_cast<float>(std::min(code, 127));
            block.offset[part][lane] = 0;
        }
    }
}

void store_q2_k(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::Q2_K*>(to);
    uint8_t codes[256];
    codes_of(block, lane, 0, 256, codes);
    for (int part = 0; part < 16; part++)
        out.scales[part] = static_cast<uint8_t>(block.scale_codes[lane][part] |
                                                block.offset_codes[lane][part] << 4);
    out.scale.set(block.whole_scale[lane]);
    out.offset.set(block.whole_offset[lane]);
    pack_twos(codes, out.q);
}

void store_q3_k(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::Q3_K*>(to);
    uint8_t codes[256];
    codes_of(block, lane, 4, 256, codes);
    out.scale.set(block.whole_scale[lane]);
    pack_scales(block.scale_codes[lane], out.scales);
    pack_twos(codes, out.q);
    pack_high_bits(codes, 2, out.third);
}

template <class Block>
void store_k_offsets(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<Block*>(to);
    uint8_t codes[256];
    codes_of(block, lane, 0, 256, codes);
    out.scale.set(block.whole_scale[lane]);
    out.offset.set(block.whole_offset[lane]);
    pack_scales_offsets(block.scale_codes[lane], block.offset_codes[lane], out.scales);
    pack_nibbles(codes, out.nibbles);
    if constexpr (requires { out.fifth; }) pack_high_bits(codes, 4, out.fifth);
}

void store_q6_k(const FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::Q6_K*>(to);
    uint8_t codes[256];
    codes_of(block, lane, 32, 256, codes);
    out.scale.set(block.whole_scale[lane]);
    for (int part = 0; part < 16; part++)
        out.scales[part] = static_cast<int8_t>(block.scale_codes[lane][part]);
    pack_sixes(codes, out);
}

using codec::Q4_K, codec::Q5_K;
constexpr auto parts = FeedbackCoder::Scale::OfParts;
// clang-format off
constexpr FeedbackCoder coders[] = {
    {"q4_0", 32, 32, fit_without_offset<8>, round_without_offset<8>, store<codec::Q4_0, 8>},
    {"q5_0", 32, 32, fit_without_offset<16>, round_without_offset<16>, store<codec::Q5_0, 16>},
    {"q4_1", 32, 32, fit_with_offset<15>, round_with_offset<15>, store<codec::Q4_1, 0>},
    {"q5_1", 32, 32, fit_with_offset<31>, round_with_offset<31>, store<codec::Q5_1, 0>},
    {"iq4_nl", 32, 32, fit_iq4, round_iq4, store_iq4},
    {"q2_k", 256, 16, fit_k_offsets<16, 3, 15>, round_with_offset<3>, store_q2_k, parts},
    {"q3_k", 256, 16, fit_q3_k, round_without_offset<4>, store_q3_k, parts},
    {"q4_k", 256, 32, fit_k_offsets<32, 15, 63>, round_with_offset<15>, store_k_offsets<Q4_K>, parts},
    {"q5_k", 256, 32, fit_k_offsets<32, 31, 63>, round_with_offset<31>, store_k_offsets<Q5_K>, parts},
    {"q6_k", 256, 16, fit_q6_k, round_without_offset<32>, store_q6_k, parts},
};
// clang-format on

}  // namespace

const FeedbackCoder* feedback_coder(std::string_view dtype) {
    for (std::span<const FeedbackCoder> table :
         {std::span<const FeedbackCoder>(coders), coders_of_few_levels()})
        for (const FeedbackCoder& coder : table)
            if (coder.name == dtype) return &coder;
    return nullptr;
}

}  // namespace linnet::quantize
