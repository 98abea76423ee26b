#include "engine/scorer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "model/adapters/adapter.h"
#include "model/memory_use.h"

namespace linnet {

// Tokens that are worth computing together, and rows of logits that are held at once.
constexpr size_t batch_tokens = 256, batch_outputs = 64;

double log_softmax(const Kernels& kernels, std::span<float> logits, size_t at) {
    const float most = kernels.max_f32(logits.data(), logits.size());
    const double chosen = static_cast<double>(logits[at]) - most;
    // Summed in stretches, as float32 would lose digits over a large vocabulary.
    constexpr size_t stretch = 2048;
    double sum = 0;
    for (size_t begin = 0; begin < logits.size(); begin += stretch)
        sum += kernels.exp_sum_f32(logits.data() + begin, most,
                                   std::min(stretch, logits.size() - begin));
    return chosen - std::log(sum);
}

Result<std::unique_ptr<Scorer>> Scorer::make(std::shared_ptr<const Model> model,
                                             const Kernels& kernels, const ScorerOptions& options) {
    if (!model->predicts() || !model->causal())
        return Error{Code::Unsupported, "the model predicts no next token",
                     "use a model that generates text"};
    if (options.context < 2 || options.context > model->config().context)
        return Error{Code::Usage, cat("a context of ", options.context, " is not within 2 and the ",
                                      model->config().context, " tokens that the model knows")};
    Workspace::Size size{.tokens_max = std::min<size_t>(batch_tokens, options.context),
                         .outputs_max = batch_outputs,
                         .context_max = options.context};
    size_t threads = std::max<size_t>(options.threads, 1);
    size_t pages = KvCache::pages_for(options.context);
    uint64_t needed = memory_use(*model, {pages, options.kv}, threads, size).total();
    for (const AppliedAdapter& applied : options.adapters) needed += applied.adapter->bytes();
    if (options.memory_max && needed > *options.memory_max)
        return Error{Code::NoFit,
                     cat("the model needs ", bytes_text(needed), " for texts of ", options.context,
                         " tokens, and ", bytes_text(*options.memory_max), " are available"),
                     "use a smaller context or a smaller model, or free memory"};
    KvCache cache = TRY(KvCache::make(model->kv_shapes(), pages, options.kv));
    return std::unique_ptr<Scorer>(
        new Scorer(std::move(model), kernels, threads, size, std::move(cache), options.adapters));
}

Scorer::Scorer(std::shared_ptr<const Model> model, const Kernels& kernels, size_t threads,
               Workspace::Size size, KvCache cache, Adapters adapters)
    : model_(std::move(model)),
      kernels_(kernels),
      pool_(threads),
      cache_(std::move(cache)),
      workspace_(*model_, kernels, pool_, size),
      pages_(cache_.pages()),
      state_(model_->state_floats()),
      adapters_(std::move(adapters)) {
    std::iota(pages_.begin(), pages_.end(), 0u);
}

std::span<const float> Scorer::forward(std::span<const int32_t> tokens, size_t from, size_t until,
                                       bool logits, ActivationObserver* observer) {
    if (from == 0) std::ranges::fill(state_, 0.0f);
    Run run{.tokens = tokens.subspan(from, until - from),
            .position = static_cast<uint32_t>(from),
            .pages = pages_,
            .all_logits = logits,
            .last_logits = logits,
            .state = state_.empty() ? nullptr : state_.data(),
            .adapters = adapters_};
    return model_->forward({std::span(&run, 1), observer}, cache_, workspace_);
}

size_t Scorer::rows_max() const {
    return std::min(batch_outputs, workspace_.size().tokens_max);
}

Result<> Scorer::advance(std::span<const int32_t> tokens, size_t from, size_t until,
                         const Cancel& cancel) {
    while (from < until) {
        TRY(cancel.check());
        const size_t next = std::min(until, from + workspace_.size().tokens_max);
        forward(tokens, from, next, false);
        from = next;
    }
    return Done{};
}

Result<std::span<float>> Scorer::logits(std::span<const int32_t> tokens, size_t from, size_t until,
                                        const Cancel& cancel) {
    TRY(cancel.check());
    check(until - from <= rows_max(), "as many rows of logits as there is room for");
    auto rows = forward(tokens, from, until, true);
    // They are the workspace's, and ours until the next step.
    return std::span(const_cast<float*>(rows.data()), rows.size());
}

Result<> Scorer::show(std::span<const int32_t> tokens, bool head, ActivationObserver& observer,
                      const Cancel& cancel) {
    const size_t step = head ? rows_max() : workspace_.size().tokens_max;
    for (size_t from = 0; from < tokens.size(); from += step) {
        TRY(cancel.check());
        forward(tokens, from, std::min(tokens.size(), from + step), head, &observer);
    }
    return Done{};
}

Result<> Scorer::score(std::span<const int32_t> tokens, size_t first, const Cancel& cancel,
                       std::span<double> out) {
    const size_t vocabulary = model_->config().vocabulary;
    check(first >= 1 && first < tokens.size() && tokens.size() <= context(), "tokens to score");
    for (int32_t token : tokens)
        check(token >= 0 && static_cast<size_t>(token) < vocabulary, "tokens of the vocabulary");
    // The token at i is foretold by the logits at i - 1; the last token foretells nothing.
    TRY(advance(tokens, 0, first - 1, cancel));
    for (size_t at = first - 1; at + 1 < tokens.size();) {
        const size_t count = std::min(rows_max(), tokens.size() - 1 - at);
        auto rows = TRY(logits(tokens, at, at + count, cancel));
        pool_.for_each(count, [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++)
                out[at + 1 + i - first] =
                    log_softmax(kernels_, rows.subspan(i * vocabulary, vocabulary),
                                static_cast<size_t>(tokens[at + 1 + i]));
        });
        at += count;
    }
    return Done{};
}

}  // namespace linnet
