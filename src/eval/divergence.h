// How far a model's predictions are from those of another, token by token: the Kullback-Leibler
// divergence, in nats, that the better model would notice. What compression costs is best told so:
// it is never negative, and needs far fewer tokens than perplexity to tell models apart.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/progress.h"
#include "engine/scorer.h"
#include "eval/chunks.h"

namespace linnet {

struct Divergence {
    double mean = 0, standard_error = 0;  // of the tokens counted
    double median = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, most = 0;
    double same_top = 0, same_top_error = 0;  // share of tokens whose likeliest next is the same
    double perplexity = 0, reference_perplexity = 0;
    size_t tokens = 0, chunks = 0;

    static constexpr double sigmas_of_95_percent = 1.96;
    double low() const { return mean - sigmas_of_95_percent * standard_error; }
    double high() const { return mean + sigmas_of_95_percent * standard_error; }
};

// Both models read the text side by side, some tokens at a time, so no predictions are kept but a
// float for each counted token. Chunks and counted tokens are those of llama-perplexity's
// --kl-divergence. Usage where the models have other vocabularies or contexts, or the text is too
// short.
Result<Divergence> measure_divergence(Scorer& model, Scorer& reference,
                                      std::span<const int32_t> tokens, const ChunkOptions& options,
                                      Progress& progress, const Cancel& cancel);

// Many models against one, on a short text: the reference's predictions are kept, 4 bytes for each
// token of the vocabulary and of the text.
class DivergenceProbe {
  public:
    // The text is one chunk; tokens from `first` on are counted. REQUIRES: 1 <= first <
    // tokens.size() <= reference.context(), all in the vocabulary.
    static Result<DivergenceProbe> make(Scorer& reference, std::span<const int32_t> tokens,
                                        size_t first, const Cancel& cancel);
    // The mean divergence of a model with the same vocabulary and context.
    Result<double> measure(Scorer& model, const Cancel& cancel) const;

  private:
    std::vector<int32_t> tokens_;
    size_t first_ = 1;
    std::vector<float> logits_;  // (tokens_.size() - first_, vocabulary)
};

}  // namespace linnet
