#include "model/adapters/low_rank.h"

#include <algorithm>

#include "base/result.h"

namespace linnet {

LowRankUpdate::LowRankUpdate(std::span<const float> down, std::span<const float> up, size_t rank)
    : rank_(rank),
      rows_(up.size() / rank),
      columns_(down.size() / rank),
      down_(down.begin(), down.end()),
      up_((rows_ + panel_rows - 1) / panel_rows * rank * panel_rows) {
    check(down.size() == rank * columns_ && up.size() == rows_ * rank, "whole rows of a rank");
    for (size_t row = 0; row < rows_; row++)
        for (size_t k = 0; k < rank; k++)
            up_[(row / panel_rows * rank + k) * panel_rows + row % panel_rows] = up[row * rank + k];
}

void LowRankUpdate::add(const Kernels& kernels, const float* x, size_t tokens, float scale,
                        Rows rows, float* y, size_t y_stride, float* room) const {
    check(rows.begin % panel_rows == 0 && rows.end <= rows_, "rows of the matrix, in whole panels");
    float *values = room, *edge = room + tile_tokens * tile_ranks;
    for (size_t token = 0; token < tokens; token += tile_tokens) {
        const size_t count = std::min(tile_tokens, tokens - token);
        for (size_t first = 0; first < rank_; first += tile_ranks) {
            const size_t ranks = std::min(tile_ranks, rank_ - first);
            kernels.matmul_f32(down_.data() + first * columns_, ranks, columns_,
                               x + token * columns_, columns_, count, values, ranks);
            for (size_t i = 0; i < count * ranks; i++) values[i] *= scale;
            spread(kernels, {values, count, first, ranks, ranks}, rows, y + token * y_stride,
                   y_stride, edge);
        }
    }
}

// y += up(inner)
void LowRankUpdate::spread(const Kernels& kernels, const Inner& inner, Rows rows, float* y,
                           size_t y_stride, float* edge) const {
    for (size_t row = rows.begin; row < rows.end; row += panel_rows) {
        const float* panel =
            up_.data() + (row / panel_rows * rank_ + inner.first_rank) * panel_rows;
        const size_t width = std::min(panel_rows, rows.end - row);
        const bool whole = width == panel_rows;
        // The loop takes whole panels, so the last rows are computed beside.
        for (size_t t = 0; t < inner.tokens && !whole; t++)
            std::copy_n(y + t * y_stride + row, width, edge + t * panel_rows);
        kernels.accumulate_f32(inner.values, inner.stride, inner.tokens, panel, inner.ranks,
                               panel_rows, whole ? y + row : edge, whole ? y_stride : panel_rows);
        for (size_t t = 0; t < inner.tokens && !whole; t++)
            std::copy_n(edge + t * panel_rows, width, y + t * y_stride + row);
    }
}

}  // namespace linnet
