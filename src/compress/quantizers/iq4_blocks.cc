// IQ4_NL IQ4_XS: 4 bits that choose one of 16 unevenly spaced levels, times a scale.
#include <algorithm>
#include <cmath>

#include "compress/quantizers/iq4_search.h"
#include "compress/quantizers/quantizers.h"
#include "tensor/dtypes/iq4_layouts.h"
#include "tensor/dtypes/round.h"

namespace linnet::quantize {
namespace {

constexpr int width = 32;

// The code of the nearest level, the upper of two that are equally near: the number of middles
// between neighbours that it is not below. The middles are exact.
int nearest_code(float x) {
    int code = 0;
    for (int i = 0; i < 15; i++) code += x >= (codec::iq4_levels[i] + codec::iq4_levels[i + 1]) / 2;
    return code;
}

void pack(const float* x, float scale, uint8_t* nibbles) {
    const float inverse = codec::inverse_of(scale);
    for (int i = 0; i < 16; i++) {
        int low = nearest_code(inverse * x[i]), high = nearest_code(inverse * x[16 + i]);
        nibbles[i] = static_cast<uint8_t>(low | high << 4);
    }
}

void quantize_super_block(const float* x, const float* importance, codec::IQ4_XS& block) {
    constexpr int parts = 8;
    float weight[parts * width], scales[parts];
    weigh(x, importance, parts * width, twice_mean_square(x, parts * width), weight);
    for (int first = 0; first < parts; first += lanes)
        fit_scales(Strip<width>(x + first * width, weight + first * width, lanes), scales + first);
    const float most = codec::largest(scales, parts);
    const float scale = -most / 32, inverse = codec::inverse_of(scale);
    block.scale.set(scale);
    int high = 0;
    for (int part = 0; part < parts; part++) {
        const int whole = std::clamp(nearest(inverse * scales[part]), -32, 31);
        pack(x + part * width, scale * static_cast<float>(whole), block.nibbles + 16 * part);
        const int code = whole + 32;
        uint8_t& low = block.scales_low[part / 2];
        low = static_cast<uint8_t>(part % 2 == 0 ? code & 15 : low | (code & 15) << 4);
        high |= code >> 4 << 2 * part;
    }
    block.scales_high[0] = static_cast<uint8_t>(high);
    block.scales_high[1] = static_cast<uint8_t>(high >> 8);
}

}  // namespace

void iq4_nl(const float* row, const float* importance, size_t columns, std::byte* to) {
    auto* block = reinterpret_cast<codec::IQ4_NL*>(to);
    const size_t blocks = columns / width;
    for (size_t first = 0; first < blocks; first += lanes) {
        const int count = static_cast<int>(std::min<size_t>(lanes, blocks - first));
        const float* x = row + first * width;
        float weight[lanes * width], scales[lanes];
        for (int lane = 0; lane < count; lane++) {
            const float* part = x + lane * width;
            const float* columns_of =
                importance ? importance + first * width + lane * width : nullptr;
            weigh(part, columns_of, width, twice_mean_square(part, width), weight + lane * width);
        }
        fit_scales(Strip<width>(x, weight, count), scales);
        for (int lane = 0; lane < count; lane++) {
            codec::IQ4_NL& out = block[first + static_cast<size_t>(lane)];
            out.scale.set(scales[lane]);
            pack(x + lane * width, scales[lane], out.nibbles);
        }
    }
}

void iq4_xs(const float* row, const float* importance, size_t columns, std::byte* to) {
    auto* block = reinterpret_cast<codec::IQ4_XS*>(to);
    constexpr size_t values = codec::IQ4_XS::values;
    for (size_t i = 0; i < columns / values; i++)
        quantize_super_block(row + i * values, importance ? importance + i * values : nullptr,
                             block[i]);
}

}  // namespace linnet::quantize
