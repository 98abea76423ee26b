// How well a model foretells a text: e to the mean surprise of its tokens.
#pragma once

#include <cstdint>
#include <span>

#include "base/progress.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

struct Perplexity {
    double value = 0, standard_error = 0;
    double surprise = 0;  // the mean, in nats a token
    size_t tokens = 0;    // counted
    size_t chunks = 0;
};

// Over chunks of as many tokens as the scorer takes; what llama.cpp's perplexity tool does, and
// what its published figures mean. Usage where the text is shorter than a chunk.
Result<Perplexity> measure_perplexity(Scorer& scorer, std::span<const int32_t> tokens,
                                      const ChunkOptions& options, Progress& progress,
                                      const Cancel& cancel);

}  // namespace linnet
