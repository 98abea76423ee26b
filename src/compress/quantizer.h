// From float32 weights to the blocks of a number format, with the scales and levels that cost least
// where some columns matter more than others. One row of the table (quantizer.cc) for each format;
// the searches are in quantizers/, a file for each family of layouts.
//
// Given equal weights and importances the bytes are those that llama-quantize writes (compiled
// without fused multiply-add), but for IQ1, IQ2 and IQ3, whose searches are linnet's own. Sums are
// therefore taken in one order, that of the values.
#pragma once

#include <cstddef>
#include <span>

#include "tensor/dtype.h"

namespace linnet {

struct Quantizer {
    const DType* dtype;
    // Null where the format's plain rounding leaves nothing to search for.
    void (*search)(const float* row, const float* importance, size_t columns, std::byte* blocks);

    bool uses_importance() const { return search != nullptr; }
    // A row of weights to blocks. `importance` has a value for each column: how much its error
    // counts, the mean square of what the column is multiplied with; null where that is not known.
    // REQUIRES: `columns` is a multiple of dtype->block_values, all values are finite.
    void quantize(const float* row, const float* importance, size_t columns,
                  std::byte* blocks) const {
        if (search)
            search(row, importance, columns, blocks);
        else
            dtype->encode(row, blocks, columns);
    }
};

std::span<const Quantizer> quantizers();
// Null for a format that is not written.
const Quantizer* quantizer_of(const DType& dtype);

}  // namespace linnet
