// How likely a model finds given tokens: the log-probability of each behind those before it. Not
// thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "base/cancel.h"
#include "base/threads.h"
#include "model/model.h"

namespace linnet {

struct ScorerOptions {
    size_t threads = 1;
    uint32_t context = 512;  // tokens of one text
    KvType kv = KvType::I16;
    std::optional<uint64_t> memory_max{};  // bytes that model and buffers may take; NoFit beyond
    Adapters adapters{};                   // of the model
};

class Scorer {
  public:
    // Unsupported for a model that predicts no next token.
    static Result<std::unique_ptr<Scorer>> make(std::shared_ptr<const Model> model,
                                                const Kernels& kernels,
                                                const ScorerOptions& options);

    // out[i] = log p(tokens[first + i] | tokens before it), for all from `first` on. Interrupted
    // between batches. REQUIRES: 1 <= first < tokens.size() <= context(), all in the vocabulary,
    // and room in `out`.
    Result<> score(std::span<const int32_t> tokens, size_t first, const Cancel& cancel,
                   std::span<double> out);

    // Computes tokens [from, until), which gives no logits. The tokens before are computed.
    Result<> advance(std::span<const int32_t> tokens, size_t from, size_t until,
                     const Cancel& cancel);
    // The same with the logits behind each, (until - from, vocabulary): the caller's until the next
    // call. REQUIRES: until - from <= rows_max().
    Result<std::span<float>> logits(std::span<const int32_t> tokens, size_t from, size_t until,
                                    const Cancel& cancel);
    size_t rows_max() const;
    // Shows what each matrix is multiplied with by all these tokens: the head as well where it is
    // wanted, which takes longer.
    Result<> show(std::span<const int32_t> tokens, bool head, ActivationObserver& observer,
                  const Cancel& cancel);

    ThreadPool& pool() { return pool_; }
    const Kernels& kernels() const { return kernels_; }
    const Model& model() const { return *model_; }
    uint32_t context() const { return workspace_.size().context_max; }

  private:
    Scorer(std::shared_ptr<const Model> model, const Kernels& kernels, size_t threads,
           Workspace::Size size, KvCache cache, Adapters adapters);
    std::span<const float> forward(std::span<const int32_t> tokens, size_t from, size_t until,
                                   bool logits, ActivationObserver* observer = nullptr);

    std::shared_ptr<const Model> model_;
    const Kernels& kernels_;
    ThreadPool pool_;
    KvCache cache_;
    Workspace workspace_;
    std::vector<uint32_t> pages_;
    std::vector<float> state_;  // of a recurrent model, behind the tokens computed so far
    Adapters adapters_;
};

// The logarithm of a softmax at one place; the logits are changed.
double log_softmax(const Kernels& kernels, std::span<float> logits, size_t at);

}  // namespace linnet
