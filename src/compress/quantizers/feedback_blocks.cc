#include "compress/quantizers/feedback_blocks.h"

#include <algorithm>

#include "compress/quantizers/iq4_search.h"
#include "compress/quantizers/pack_codes.h"
#include "tensor/dtypes/simple_layouts.h"

namespace linnet::quantize {
namespace {

constexpr int width = FeedbackBlock::width;
constexpr Grid grid{-0.9f, 0.05f, 36};

Strip<width> strip_of(const FeedbackBlock& block) {
    Strip<width> strip;
    for (int i = 0; i < width; i++) strip.x[i] = block.x[i], strip.weight[i] = all(block.cost[i]);
    return strip;
}

Floats as_halves(const float* values) {
    Floats out;
    for (int lane = 0; lane < lanes; lane++) out[lane] = half_to_float(float_to_half(values[lane]));
    return out;
}

// What to divide by: ones where the scale is zero, as every level is then as good.
Floats divisor(Floats scale) {
    return select(scale == 0, all(1), scale);
}

template <int half>
void fit_without_offset(FeedbackBlock& block) {
    Fit<width> fit;
    fit_symmetric(strip_of(block), half, fit);
    block.scale = as_halves(fit.scale);
    block.offset = Floats{};
}

template <int half>
Floats round_without_offset(const FeedbackBlock& block, size_t i) {
    constexpr float bound = half;
    const Floats level =
        rounded(at_least(at_most(block.x[i] / divisor(block.scale), bound - 1), -bound));
    return select(block.scale == 0, Floats{}, level);
}

template <int top>
void fit_with_offset(FeedbackBlock& block) {
    Fit<width> fit;
    fit_offset(strip_of(block), top, grid, fit);
    for (float& offset : fit.offset) offset = -offset;
    block.scale = as_halves(fit.scale);
    block.offset = as_halves(fit.offset);
}

template <int top>
Floats round_with_offset(const FeedbackBlock& block, size_t i) {
    const Floats place = (block.x[i] - block.offset) / divisor(block.scale);
    return select(block.scale == 0, Floats{}, rounded(at_least(at_most(place, top), 0)));
}

// A code is the level and `lowest` more.
template <class Block, int lowest>
void store(FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<Block*>(to);
    out.scale.set(block.scale[lane]);
    if constexpr (requires { out.offset; }) out.offset.set(block.offset[lane]);
    uint8_t codes[width];
    for (int i = 0; i < width; i++)
        codes[i] = static_cast<uint8_t>(static_cast<int>(block.level[i][lane]) + lowest);
    pack_codes(codes, out);
}

void fit_iq4(FeedbackBlock& block) {
    float scales[lanes];
    fit_scales(strip_of(block), scales);
    block.scale = as_halves(scales);
    block.offset = Floats{};
}

Floats round_iq4(const FeedbackBlock& block, size_t i) {
    return nearest_level(block.x[i] / divisor(block.scale));
}

void store_iq4(FeedbackBlock& block, int lane, std::byte* to) {
    auto& out = *reinterpret_cast<codec::IQ4_NL*>(to);
    out.scale.set(block.scale[lane]);
    uint8_t codes[width];
    for (int i = 0; i < width; i++)
        codes[i] = static_cast<uint8_t>(
            std::ranges::lower_bound(codec::iq4_levels, block.level[i][lane]) - codec::iq4_levels);
    pack_codes(codes, out);
}

constexpr FeedbackCoder coders[] = {
    {"q4_0", fit_without_offset<8>, round_without_offset<8>, store<codec::Q4_0, 8>},
    {"q5_0", fit_without_offset<16>, round_without_offset<16>, store<codec::Q5_0, 16>},
    {"q4_1", fit_with_offset<15>, round_with_offset<15>, store<codec::Q4_1, 0>},
    {"q5_1", fit_with_offset<31>, round_with_offset<31>, store<codec::Q5_1, 0>},
    {"iq4_nl", fit_iq4, round_iq4, store_iq4},
};

}  // namespace

const FeedbackCoder* feedback_coder(std::string_view dtype) {
    for (const FeedbackCoder& coder : coders)
        if (coder.name == dtype) return &coder;
    return nullptr;
}

}  // namespace linnet::quantize
