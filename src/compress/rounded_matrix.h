// A matrix rounded to a folder scheme: level by level to the nearest, or with feedback.
#pragma once

#include <cstdint>
#include <vector>

#include "base/threads.h"
#include "compress/feedback.h"
#include "compress/grid.h"

namespace linnet {

struct RoundedMatrix {
    uint64_t rows = 0, columns = 0;
    std::vector<uint8_t> codes;  // (rows, columns), see Grid
    // (down, across): of each part that shares one.
    uint64_t down = 0, across = 0;
    std::vector<float> scales, zeros;
    float whole = 1;  // what scales in E4M3 are divided by; a power of two
};

struct RoundingInput {
    const FolderScheme& scheme;
    const DType& stored;             // of scales
    std::span<const float> weights;  // (rows, columns)
    uint64_t rows, columns;
    std::span<const float> costs{};  // of an error in each column; empty: all count alike
    const Feedback* feedback = nullptr;
    float farthest = 0;  // the magnitude that scales in E4M3 must reach; 0: that of the weights
};

// With feedback, columns are rounded in order, each with what those before it leave, and then gone
// through again (feedback.h has the mathematics and its papers); scales of groups are fitted to the
// columns as they have become by then, the others before. REQUIRES: all weights are finite, and
// columns are whole groups.
RoundedMatrix round_matrix(const RoundingInput& input, ThreadPool& pool);

}  // namespace linnet
