// What an adapter adds to the product with one matrix: y += scale * up(down(x)), in float32 (LoRA,
// Hu et al. 2021).
//
// A worker computes down(x) for itself, as it is small: nobody waits for another, and where no
// request uses an adapter nothing is done. The bits do not depend on who computes which rows, nor
// on what else is in the batch.
#pragma once

#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace linnet {

class LowRankUpdate {
  public:
    // down: (rank, columns), up: (rows, rank). REQUIRES: rank > 0, and whole rows in both.
    LowRankUpdate(std::span<const float> down, std::span<const float> up, size_t rank);

    size_t rank() const { return rank_; }
    size_t rows() const { return rows_; }
    size_t columns() const { return columns_; }
    // As they are kept: (rank, columns), and the rows in panels.
    std::span<const float> down() const { return down_; }
    std::span<const float> up() const { return up_; }
    size_t bytes() const { return (down_.size() + up_.size()) * sizeof(float); }

    // x: (tokens, columns). y[t * y_stride + r] of the rows begin to end. `room` holds room_floats
    // of this worker. REQUIRES: begin is a multiple of panel_rows.
    struct Rows {
        size_t begin, end;
    };
    void add(const Kernels& kernels, const float* x, size_t tokens, float scale, Rows rows,
             float* y, size_t y_stride, float* room) const;

    static constexpr size_t panel_rows = pack_rows;
    // Tokens and ranks that are taken at once, so that the room is small.
    static constexpr size_t tile_tokens = 8, tile_ranks = 128;
    static constexpr size_t room_floats = tile_tokens * (tile_ranks + panel_rows);

  private:
    struct Inner {
        const float* values;  // (tokens, stride): some of the ranks
        size_t tokens, first_rank, ranks, stride;
    };
    void spread(const Kernels& kernels, const Inner& inner, Rows rows, float* y, size_t y_stride,
                float* edge) const;

    size_t rank_, rows_, columns_;
    std::vector<float> down_;  // (rank, columns)
    std::vector<float> up_;    // (panels, rank, panel_rows): 16 rows lie together, rank by rank
};

}  // namespace linnet
