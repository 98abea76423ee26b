// What a model's matrices are multiplied with, by reading a text with it: how far each column goes,
// and its mean square.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/progress.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

struct ActivationRange {
    std::vector<float> farthest;      // of each column, the magnitude
    std::vector<float> mean_squares;  // of each column

    float whole() const;  // of all columns
};

// By the name of the tensor.
using ActivationRanges = std::map<std::string, ActivationRange, std::less<>>;

// Of all matrices of layers, and of the head. `checkpoint` is what the scorer's model was loaded
// from. Usage where the text is shorter than a chunk.
Result<ActivationRanges> measure_ranges(Scorer& scorer, const Checkpoint& checkpoint,
                                        std::span<const int32_t> tokens,
                                        const ChunkOptions& options, Progress& progress,
                                        const Cancel& cancel);

}  // namespace linnet
