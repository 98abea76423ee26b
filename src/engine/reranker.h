// How well texts answer a question, by a model that reads both together (Nogueira and Cho 2019):
// slower than comparing vectors, and better. Not thread-safe.
#pragma once

#include "engine/embedder.h"

namespace linnet {

struct Rank {
    float logit = 0;  // as the model gives it
    float score = 0;  // of 0 to 1: the logistic function of it
    size_t tokens = 0;
    bool cut = false;  // the document was longer than the model takes
};

class Reranker {
  public:
    // Unsupported for a model that has no single score for a pair of texts.
    static Result<std::unique_ptr<Reranker>> open(const Checkpoint& checkpoint, Math math,
                                                  const Kernels& kernels,
                                                  TextEncoderOptions options);

    // One for each document, in their order. NoFit where the query leaves no room for a document.
    Result<std::vector<Rank>> rank(std::string_view query, std::span<const std::string> documents,
                                   const Cancel& cancel);

    const Tokenizer& tokenizer() const { return opened_.tokenizer; }

  private:
    explicit Reranker(OpenedModel opened) : opened_(std::move(opened)) {}
    Result<> rank_some(std::span<const int32_t> query, std::span<const std::string> documents,
                       const Cancel& cancel, std::vector<Rank>& out);

    OpenedModel opened_;
};

}  // namespace linnet
