// How blocks of 32 are rounded one column after the other, with a scale that is fitted before.
// Four rows at a time, one per lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "compress/quantizers/lanes.h"

namespace linnet::quantize {

struct FeedbackBlock {
    static constexpr size_t width = 32;
    Floats x[width];       // as they have become
    float cost[width];     // of an error in each column
    Floats scale, offset;  // as the format keeps them
    Floats level[width];   // what the scale is multiplied with
};

struct FeedbackCoder {
    std::string_view name;
    void (*fit)(FeedbackBlock& block);
    // The level of column i that is nearest to block.x[i], as it is multiplied.
    Floats (*round)(const FeedbackBlock& block, size_t i);
    void (*store)(FeedbackBlock& block, int lane, std::byte* to);

    Floats value(const FeedbackBlock& block, size_t i) const {
        return block.scale * block.level[i] + block.offset;
    }
};

// Null for a format that is not rounded so.
const FeedbackCoder* feedback_coder(std::string_view dtype);

}  // namespace linnet::quantize
