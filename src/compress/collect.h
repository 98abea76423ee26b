// Measures how much the columns of a model's matrices matter, by reading a text with it.
#pragma once

#include <span>

#include "base/progress.h"
#include "compress/importance.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

struct CollectOptions {
    ChunkOptions chunks{};
    // The head as well, under the name of its tensor, which may be the embedding's. llama-imatrix
    // leaves it out.
    bool head = false;
};

// Reads chunks of as many tokens as the scorer takes. `checkpoint` is what the scorer's model was
// loaded from. Usage where the text is shorter than a chunk.
Result<Importance> collect_importance(Scorer& scorer, const Checkpoint& checkpoint,
                                      std::span<const int32_t> tokens,
                                      const CollectOptions& options, Progress& progress,
                                      const Cancel& cancel);

}  // namespace linnet
