// How well a model foretells a text: e to the mean surprise of its tokens.
#pragma once

#include <cstdint>
#include <span>

#include "base/progress.h"
#include "engine/scorer.h"

namespace linnet {

// The text is cut into chunks of `context` tokens, and only the second half of each is counted, so
// that every counted token has at least half a context before it: what llama.cpp's perplexity tool
// does, and what its published figures mean.
struct PerplexityOptions {
    size_t chunks_max = 0;  // 0: as many as there are
    // What each chunk begins with in place of its first token, where the model wants one.
    std::optional<int32_t> first_token{};
};

struct Perplexity {
    double value = 0, standard_error = 0;
    double surprise = 0;  // the mean, in nats a token
    size_t tokens = 0;    // counted
    size_t chunks = 0;
};

// Usage where the text is shorter than a chunk.
Result<Perplexity> measure_perplexity(Scorer& scorer, std::span<const int32_t> tokens,
                                      const PerplexityOptions& options, Progress& progress,
                                      const Cancel& cancel);

}  // namespace linnet
