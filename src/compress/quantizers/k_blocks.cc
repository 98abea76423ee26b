// Q2_K Q3_K Q4_K Q5_K Q6_K: 256 values in parts of 16 or 32, whose own scales (and offsets) are
// small integers under one float scale of the whole. tensor/dtypes/k_blocks.cc tells how the bits
// lie.
//
// The parts are fitted first, each as if its scale were free; then the scales of all parts to the
// integers that keep them; then the values anew to the scales that are kept.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "compress/quantizers/k_pack.h"
#include "compress/quantizers/quantizers.h"
#include "compress/quantizers/search.h"
#include "tensor/dtypes/round.h"

namespace linnet::quantize {
namespace {

constexpr int values = 256;

// A super-block in parts of n values: what the fits find.
template <int n>
struct Parts {
    static constexpr int count = values / n;
    float weight[values];
    float scales[count], offsets[count], weights[count];  // weights: summed over a part
    uint8_t levels[values];

    void weigh(const float* x, const float* importance, float square) {
        for (int i = 0; i < values; i++)
            weight[i] = importance[i] * std::sqrt(square + x[i] * x[i]);
        for (int part = 0; part < count; part++) {
            weights[part] = 0;
            for (int i = 0; i < n; i++) weights[part] += weight[part * n + i];
        }
    }

    // search(strip, fit) for all parts.
    template <class Search>
    void fit(const float* x, Search search) {
        for (int first = 0; first < count; first += lanes) {
            Fit<n> found;
            search(Strip<n>(x + first * n, weight + first * n, lanes), found);
            std::copy_n(found.scale, lanes, scales + first);
            std::copy_n(found.offset, lanes, offsets + first);
            std::copy_n(found.levels, lanes * n, levels + first * n);
        }
    }

    // The levels 0 … top of a part whose scale and offset are settled; a scale of zero leaves them.
    void settle(const float* x, int part, float scale, float offset, int top) {
        if (scale == 0) return;
        for (int i = part * n; i < (part + 1) * n; i++)
            levels[i] = static_cast<uint8_t>(std::clamp(nearest((x[i] + offset) / scale), 0, top));
    }
    // Levels that stand for -half … half - 1.
    void settle_centred(const float* x, int part, float scale, int half) {
        if (scale == 0) return;
        for (int i = part * n; i < (part + 1) * n; i++)
            levels[i] =
                static_cast<uint8_t>(std::clamp(nearest(x[i] / scale), -half, half - 1) + half);
    }
};

// The scales of the parts as integers 0 … top of the largest.
template <int count>
float fit_to_largest(const float* x, int top, uint8_t* levels) {
    const float most = std::max(0.0f, *std::max_element(x, x + count));
    const float inverse = most > 0 ? static_cast<float>(top) / most : 0;
    for (int i = 0; i < count; i++)
        levels[i] = static_cast<uint8_t>(std::clamp(nearest(inverse * x[i]), 0, top));
    return most / static_cast<float>(top);
}

// Q4_K and Q5_K: 8 parts with offsets. `plain` is the search where no importance is known.
template <class Block, int top>
void with_offsets(const float* x, const float* importance, Grid plain, Block& block) {
    Parts<32> parts;
    uint8_t scales[8], offsets[8];
    if (importance) {
        parts.weigh(x, importance, 2 * sum_of_squares(x, values) / values);
        parts.fit(x, [](const Strip<32>& strip, Fit<32>& fit) {
            fit_offset(strip, top, fine_grid, fit);
        });
        block.scale.set(fit_positive(parts.scales, parts.weights, 8, 63, scales));
        block.offset.set(fit_positive(parts.offsets, parts.weights, 8, 63, offsets));
    } else {
        for (int part = 0; part < 8; part++) {
            const float* own = x + 32 * part;
            const float typical = std::sqrt(sum_of_squares(own, 32) / 32);
            for (int i = 0; i < 32; i++) parts.weight[32 * part + i] = typical + std::fabs(own[i]);
        }
        parts.fit(
            x, [&](const Strip<32>& strip, Fit<32>& fit) { fit_offset(strip, top, plain, fit); });
        block.scale.set(fit_to_largest<8>(parts.scales, 63, scales));
        block.offset.set(fit_to_largest<8>(parts.offsets, 63, offsets));
    }
    pack_scales_offsets(scales, offsets, block.scales);
    for (int part = 0; part < 8; part++)
        parts.settle(x, part, block.scale.value() * static_cast<float>(scales[part]),
                     block.offset.value() * static_cast<float>(offsets[part]), top);
    pack_nibbles(parts.levels, block.nibbles);
    if constexpr (requires { block.fifth; }) pack_high_bits(parts.levels, 4, block.fifth);
}

void quantize_block(const float* x, const float* importance, codec::Q4_K& block) {
    with_offsets<codec::Q4_K, 15>(x, importance, {-1, 0.1f, 20}, block);
}

void quantize_block(const float* x, const float* importance, codec::Q5_K& block) {
    with_offsets<codec::Q5_K, 31>(x, importance, {-0.5f, 0.1f, 15}, block);
}

void quantize_block(const float* x, const float* importance, codec::Q2_K& block) {
    Parts<16> parts;
    uint8_t scales[16], offsets[16];
    if (importance) {
        parts.weigh(x, importance, sum_of_squares(x, values) / values);
        parts.fit(
            x, [](const Strip<16>& strip, Fit<16>& fit) { fit_offset(strip, 3, fine_grid, fit); });
        block.scale.set(fit_positive(parts.scales, parts.weights, 16, 15, scales));
        block.offset.set(fit_positive(parts.offsets, parts.weights, 16, 15, offsets));
    } else {
        for (int i = 0; i < values; i++) parts.weight[i] = std::fabs(x[i]);
        parts.fit(x, [](const Strip<16>& strip, Fit<16>& fit) {
            fit_offset(strip, 3, Grid{-0.5f, 0.1f, 15, true}, fit);
        });
        block.scale.set(fit_to_largest<16>(parts.scales, 15, scales));
        block.offset.set(fit_to_largest<16>(parts.offsets, 15, offsets));
    }
    for (int part = 0; part < 16; part++) {
        block.scales[part] = static_cast<uint8_t>(scales[part] | offsets[part] << 4);
        parts.settle(x, part, block.scale.value() * static_cast<float>(scales[part]),
                     block.offset.value() * static_cast<float>(offsets[part]), 3);
    }
    pack_twos(parts.levels, block.q);
}

void quantize_block(const float* x, const float* importance, codec::Q3_K& block) {
    Parts<16> parts;
    uint8_t scales[16];
    if (importance) {
        parts.weigh(x, importance, 2 * sum_of_squares(x, values) / values);
        parts.fit(x, [](const Strip<16>& strip, Fit<16>& fit) { fit_symmetric(strip, 4, fit); });
        block.scale.set(fit_symmetric<16>(parts.scales, parts.weights, 32, scales));
    } else {
        for (int part = 0; part < 16; part++)
            parts.scales[part] = fit_by_moves(x + 16 * part, 16, 4, parts.levels + 16 * part);
        const float most = codec::largest(parts.scales, 16);
        const float inverse = most == 0 ? 0 : -32 / most;
        for (int part = 0; part < 16; part++) {
            int whole = std::clamp(nearest(inverse * parts.scales[part]), -32, 31);
            scales[part] = static_cast<uint8_t>(most == 0 ? 0 : whole + 32);
        }
        block.scale.set(codec::inverse_of(inverse));
    }
    pack_scales(scales, block.scales);
    for (int part = 0; part < 16; part++)
        parts.settle_centred(x, part, block.scale.value() * static_cast<float>(scales[part] - 32),
                             4);
    pack_twos(parts.levels, block.q);
    pack_high_bits(parts.levels, 2, block.third);
}

void quantize_block(const float* x, const float* importance, codec::Q6_K& block) {
    Parts<16> parts;
    for (int i = 0; i < values; i++) parts.weight[i] = importance ? importance[i] : x[i] * x[i];
    parts.fit(x, [](const Strip<16>& strip, Fit<16>& fit) { fit_symmetric(strip, 32, fit); });
    const float most = codec::largest(parts.scales, 16);
    if (std::fabs(most) < smallest) {
        std::memset(&block, 0, sizeof block);
        return;
    }
    const float inverse = -128 / most;
    block.scale.set(1 / inverse);
    for (int part = 0; part < 16; part++) {
        block.scales[part] =
            static_cast<int8_t>(std::min(127, nearest(inverse * parts.scales[part])));
        parts.settle_centred(x, part, block.scale.value() * static_cast<float>(block.scales[part]),
                             32);
    }
    pack_sixes(parts.levels, block);
}

template <class Block>
void quantize_row(const float* row, const float* importance, size_t columns, std::byte* to) {
    auto* block = reinterpret_cast<Block*>(to);
    for (size_t i = 0; i < columns / values; i++)
        quantize_block(row + i * values, importance ? importance + i * values : nullptr, block[i]);
}

}  // namespace

void q2_k(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<codec::Q2_K>(row, importance, columns, blocks);
}

void q3_k(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<codec::Q3_K>(row, importance, columns, blocks);
}

void q4_k(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<codec::Q4_K>(row, importance, columns, blocks);
}

void q5_k(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<codec::Q5_K>(row, importance, columns, blocks);
}

void q6_k(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<codec::Q6_K>(row, importance, columns, blocks);
}

}  // namespace linnet::quantize
