// The grid that the weights of a folder scheme are rounded to: (level - zero) * scale.
#pragma once

#include <cstdint>
#include <span>

#include "compress/folder_scheme.h"
#include "tensor/dtype.h"

namespace linnet {

struct GridScale {
    float scale = 1, zero = 0;
};

class Grid {
  public:
    // `stored`: float16, bfloat16 or float32, which scales are kept in. `whole` is what scales in
    // E4M3 are divided by.
    Grid(const FolderScheme& scheme, const DType& stored, float whole = 1);

    // The scale (and zero) for some weights, with the least error weighted by `costs` (empty: all
    // count alike) of those tried: the one that reaches the farthest weight, and smaller ones for
    // levels of few bits.
    GridScale fit(std::span<const float> weights, std::span<const float> costs) const;
    float level(float weight, GridScale scale) const;  // the nearest
    float value(float level, GridScale scale) const { return (level - scale.zero) * scale.scale; }
    // As the folder has it: the integer, the bits of E4M3, the 4 bits of E2M1.
    uint8_t code(float level) const;

  private:
    float nearest(float x) const;
    float stored_scale(float scale) const;
    GridScale obvious(float least, float most, float share) const;
    GridScale refined(std::span<const float> weights, std::span<const float> costs,
                      GridScale scale) const;

    FolderScheme::Levels levels_;
    FolderScheme::Scales scales_;
    bool symmetric_;
    unsigned bits_;
    const DType& stored_;
    float whole_;
    float least_, most_;  // levels
};

}  // namespace linnet
