// How blocks are rounded one column after the other, with scales that are fitted before. Four rows
// at a time, one per lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "compress/quantizers/lanes.h"
#include "kernels/half.h"

namespace linnet::quantize {

struct FeedbackBlock {
    static constexpr size_t width_max = 256, parts_max = 16;
    Floats x[width_max];    // as they have become
    float cost[width_max];  // of an error in each column
    // Of each part of the block, as the format keeps them; blocks of 32 have one.
    Floats scale[parts_max], offset[parts_max];
    Floats level[width_max];  // what the scale is multiplied with
    // Of formats whose parts have scales of their own: the codes of these, and the block's.
    uint8_t scale_codes[lanes][parts_max], offset_codes[lanes][parts_max];
    float whole_scale[lanes], whole_offset[lanes];
};

// What to divide by: ones where the scale is zero, as every level is then as good.
inline Floats divisor(Floats scale) {
    return select(scale == 0, all(1), scale);
}

// As a block keeps it.
inline float half(float value) {
    return half_to_float(float_to_half(value));
}
inline Floats as_halves(const float* values) {
    Floats out;
    for (int lane = 0; lane < lanes; lane++) out[lane] = half(values[lane]);
    return out;
}

struct FeedbackCoder {
    // Which scale is a float that can be any: that of the block, or one that those of its parts are
    // multiples of.
    enum class Scale { OfBlock, OfParts, Fixed };

    std::string_view name;
    size_t width, part;  // values of a block, and of a part of it
    void (*fit)(FeedbackBlock& block);
    // The level that is nearest to x, as it is multiplied.
    Floats (*round)(Floats x, Floats scale, Floats offset);
    void (*store)(const FeedbackBlock& block, int lane, std::byte* to);
    Scale kind = Scale::OfBlock;

    Floats level(const FeedbackBlock& block, size_t i) const {
        return round(block.x[i], block.scale[i / part], block.offset[i / part]);
    }
    Floats value(const FeedbackBlock& block, size_t i) const {
        return block.scale[i / part] * block.level[i] + block.offset[i / part];
    }
    // The level that is nearest to some other value there.
    Floats level_for(const FeedbackBlock& block, size_t i, Floats x) const {
        return round(x, block.scale[i / part], block.offset[i / part]);
    }
};

// Null for a format that is not rounded so.
const FeedbackCoder* feedback_coder(std::string_view dtype);
// feedback_levels.cc
std::span<const FeedbackCoder> coders_of_few_levels();

}  // namespace linnet::quantize
