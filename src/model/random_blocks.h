// Random weights in a number format: blocks whose values have mean 0 and a given deviation.
#pragma once

#include <vector>

#include "base/rng.h"
#include "tensor/dtype.h"

namespace linnet {

// Whether there is a way to make some.
bool can_make_random(const DType& dtype);

// A stock of pieces, each a whole number of blocks; a weight matrix is drawn from it piece by
// piece, at the speed of copying.
class RandomBlocks {
  public:
    // REQUIRES: can_make_random(dtype).
    RandomBlocks(const DType& dtype, double deviation, Rng& rng);

    size_t piece_values() const { return piece_values_; }
    size_t piece_bytes() const { return piece_bytes_; }
    // One of the pieces, drawn anew.
    Bytes draw(Rng& rng) const {
        return Bytes(stock_).subspan(rng.below(pieces) * piece_bytes_, piece_bytes_);
    }

    static constexpr size_t pieces = 2048;

  private:
    size_t piece_values_, piece_bytes_;
    std::vector<std::byte> stock_;
};

}  // namespace linnet
