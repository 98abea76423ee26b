// The search for blocks of 256 values whose groups of 16 or 32 have a scale of some bits each, and
// whose values are points of a codebook: IQ1, IQ2 and IQ3. A format (iq_blocks.cc, iq1_blocks.cc)
// tells how a group takes its values and finds points for a scale.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "compress/quantizers/search.h"
#include "kernels/half.h"

namespace linnet::quantize {

// What rounding a group's values x to some levels comes to: sum of weight x level, and of weight
// level^2. Any scale then leaves the error sum of weight x^2 - 2 scale product + scale^2 square.
struct LevelSums {
    float product = 0, square = 0;

    void add(float weight, float x, float level) {
        product += weight * x * level;
        square += weight * level * level;
    }
    float error(float scale) const { return scale * (scale * square - 2 * product); }
};

// group.at(scale) finds points and returns their sums. Tries scales that put the value of largest
// magnitude, `most`, at some shares of the highest level, and returns the best that least squares
// finds.
template <class Group>
float best_scale(Group& group, float most, float top_level) {
    constexpr int tries = 16;
    if (most < smallest) return 0;
    float best = 0, scale = 0;
    for (int i = 0; i < tries; i++) {
        const float share = Group::share_least + Group::share_step * static_cast<float>(i);
        const LevelSums sums = group.at(most / (top_level * share));
        if (sums.product <= 0 || sums.product * sums.product <= best * sums.square) continue;
        best = sums.product * sums.product / sums.square;
        scale = sums.product / sums.square;
    }
    return scale;
}

// The groups of a block, each with the code of its scale, which is the block's times unit(code).
template <class Format>
class BlockSearch {
  public:
    using Group = typename Format::Group;
    static constexpr int values = 256, groups = values / Group::values;

    // The block's scale; 0 where all are zeros.
    float find(const float* x, const float* importance) {
        float weight[values];
        weigh(x, importance, values, twice_mean_square(x, values), weight);
        float wanted[groups], most = 0;
        for (int g = 0; g < groups; g++) {
            const float top = group[g].take(x + g * Group::values, weight + g * Group::values);
            wanted[g] = best_scale(group[g], top, Format::top_level);
            most = std::max(most, wanted[g]);
        }
        if (most < smallest) return 0;
        float scale = most / unit(codes - 1), product = 0, square = 0;
        for (int g = 0; g < groups; g++) {
            const LevelSums sums = choose(g, scale, wanted[g]);
            product += unit(code[g]) * sums.product;
            square += unit(code[g]) * unit(code[g]) * sums.square;
        }
        if (product > 0) scale = product / square;
        scale = half_to_float(float_to_half(scale));
        if (!(scale > 0)) return 0;
        for (int g = 0; g < groups; g++) choose(g, scale, wanted[g]);
        return scale;
    }

    std::array<Group, groups> group;
    std::array<uint8_t, groups> code{};

  private:
    static constexpr int codes = Format::codes;
    static float unit(int code) { return Format::unit(code); }

    // Of the codes next to what a group wants, the one that leaves least, and its points.
    LevelSums choose(int g, float scale, float wanted) {
        const float step = unit(1) - unit(0);
        const int near = nearest(std::min((wanted / scale - unit(0)) / step, float{codes}));
        float least = 0;
        int best = -1;
        for (int tried = near - 1; tried <= near + 1; tried++) {
            if (tried < 0 || tried >= codes) continue;
            const float error = group[g].at(scale * unit(tried)).error(scale * unit(tried));
            if (best < 0 || error < least) least = error, best = tried;
        }
        code[g] = static_cast<uint8_t>(best);
        return group[g].at(scale * unit(best));
    }
};

// Rows of blocks; Format::store(search, scale, block) fills one, which is zero before.
template <class Format>
void quantize_by_points(const float* row, const float* importance, size_t columns, std::byte* to) {
    using Search = BlockSearch<Format>;
    auto* block = reinterpret_cast<typename Format::Block*>(to);
    for (size_t at = 0; at < columns; at += Search::values, block++) {
        Search search;
        std::memset(block, 0, sizeof *block);
        const float scale = search.find(row + at, importance ? importance + at : nullptr);
        if (scale != 0) Format::store(search, scale, *block);
    }
}

}  // namespace linnet::quantize
