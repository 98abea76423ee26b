// Q4_0 Q4_1 Q5_0 Q5_1: 32 values share a scale, and where the name ends in 1 an offset.
#include <algorithm>
#include <cmath>

#include "compress/quantizers/pack_codes.h"
#include "compress/quantizers/quantizers.h"
#include "compress/quantizers/search.h"
#include "tensor/dtypes/codecs.h"
#include "tensor/dtypes/simple_layouts.h"

namespace linnet::quantize {
namespace {

constexpr int width = 32;

// Errors count by their column's importance, and more for large values, which tend to stand out in
// the product as well.
template <class Block, class Search>
void quantize_row(const float* row, const float* importance, size_t columns, std::byte* to,
                  Search search) {
    const float variance = sum_of_squares(row, columns) / static_cast<float>(columns);
    auto* block = reinterpret_cast<Block*>(to);
    const size_t blocks = columns / width;
    for (size_t first = 0; first < blocks; first += lanes) {
        const int count = static_cast<int>(std::min<size_t>(lanes, blocks - first));
        const float *x = row + first * width, *importances = importance + first * width;
        float weight[lanes * width];
        for (int i = 0; i < count * width; i++)
            weight[i] = importances[i] * std::sqrt(variance + x[i] * x[i]);
        Fit<width> fit;
        search(Strip<width>(x, weight, count), fit);
        for (int lane = 0; lane < count; lane++) {
            Block& out = block[first + static_cast<size_t>(lane)];
            out.scale.set(fit.scale[lane]);
            if constexpr (requires { out.offset; }) out.offset.set(-fit.offset[lane]);
            pack_codes(fit.levels + lane * width, out);
        }
    }
}

template <class Block, int half>
void symmetric(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<Block>(
        row, importance, columns, blocks,
        [](const Strip<width>& strip, Fit<width>& fit) { fit_symmetric(strip, half, fit); });
}

template <class Block, int top>
void with_offset(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    quantize_row<Block>(
        row, importance, columns, blocks,
        [](const Strip<width>& strip, Fit<width>& fit) { fit_offset(strip, top, fine_grid, fit); });
}

}  // namespace

void q4_0(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    if (!importance) return codec::to_q4_0(row, blocks, columns);
    symmetric<codec::Q4_0, 8>(row, importance, columns, blocks);
}

void q4_1(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    if (!importance) return codec::to_q4_1(row, blocks, columns);
    with_offset<codec::Q4_1, 15>(row, importance, columns, blocks);
}

void q5_0(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    if (!importance) return codec::to_q5_0(row, blocks, columns);
    symmetric<codec::Q5_0, 16>(row, importance, columns, blocks);
}

void q5_1(const float* row, const float* importance, size_t columns, std::byte* blocks) {
    if (!importance) return codec::to_q5_1(row, blocks, columns);
    with_offset<codec::Q5_1, 31>(row, importance, columns, blocks);
}

}  // namespace linnet::quantize
