// What can be taken out of the models of a family so that its files still mean the same.
#pragma once

#include <string_view>

#include "formats/checkpoint.h"

namespace linnet {

// A sentence's end where something cannot be taken out: why. Empty where it can.
struct PrunableFamily {
    std::string_view architecture;
    std::string_view layers{}, heads{}, channels{};
};

// The sizes of a model that pruning is about.
struct PrunableModel {
    const PrunableFamily* family;
    uint32_t layers, heads, kv_heads, head_dim, value_dim, channels;

    // Unsupported for a family that is not in the table; BadInput where sizes are missing. Sizes
    // that the family does not have, or not alike in all layers, are 0.
    static Result<PrunableModel> of(const Checkpoint& checkpoint);
};

}  // namespace linnet
