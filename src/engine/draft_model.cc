#include "engine/draft_model.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "model/memory_use.h"
#include "text/tokenizer.h"

namespace linnet {
namespace {

constexpr size_t chunk_tokens = 256;

size_t common_beginning(std::span<const int32_t> a, std::span<const int32_t> b) {
    return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// The token with the highest logit, and its probability.
std::pair<size_t, double> most_likely(std::span<const float> logits) {
    size_t best = static_cast<size_t>(std::ranges::max_element(logits) - logits.begin());
    double sum = 0;
    for (float logit : logits) sum += std::exp(static_cast<double>(logit) - logits[best]);
    return {best, 1 / sum};
}

}  // namespace

Workspace::Size DraftModel::workspace_size(Size size) {
    return {.tokens_max = chunk_tokens, .outputs_max = 1, .context_max = size.context};
}

uint64_t DraftModel::bytes(const Model& model, size_t threads, Size size) {
    size.context = std::min(size.context, model.config().context);
    size_t pages = KvCache::pages_for(size.context) * size.sequences_max;
    return memory_use(model, {pages, size.kv}, threads, workspace_size(size)).total();
}

Result<std::unique_ptr<DraftModel>> DraftModel::make(std::shared_ptr<const Model> model,
                                                     const Kernels& kernels, ThreadPool& pool,
                                                     Size size) {
    if (!model->predicts())
        return Error{Code::Unsupported, "the draft model turns texts into vectors and writes none",
                     "use a smaller model of the same family as the draft"};
    if (model->state_floats() > 0)
        return Error{Code::Unsupported,
                     "the draft model is recurrent, and what it has read cannot be taken back",
                     "use a draft model with attention only, or leave --draft out"};
    size.context = std::min(size.context, model->config().context);
    size_t pages = KvCache::pages_for(size.context) * size.sequences_max;
    KvCache cache = TRY(KvCache::make(model->kv_shapes(), pages, size.kv));
    return std::unique_ptr<DraftModel>(
        new DraftModel(std::move(model), kernels, pool, size, std::move(cache)));
}

DraftModel::DraftModel(std::shared_ptr<const Model> model, const Kernels& kernels, ThreadPool& pool,
                       Size size, KvCache cache)
    : model_(std::move(model)),
      context_(size.context),
      cache_(std::move(cache)),
      workspace_(*model_, kernels, pool, workspace_size(size)),
      places_(size.sequences_max) {
    const size_t pages = KvCache::pages_for(size.context);
    uint32_t next = 0;
    for (Place& place : places_)
        for (size_t page = 0; page < pages; page++) place.pages.push_back(next++);
}

size_t DraftModel::take(std::span<const int32_t> tokens) {
    size_t best = places_.size(), known = 0;
    for (size_t i = 0; i < places_.size(); i++) {
        if (places_[i].taken) continue;
        size_t common = common_beginning(places_[i].tokens, tokens);
        if (best < places_.size() && common <= known) continue;
        best = i;
        known = common;
    }
    check(best < places_.size(), "there is a place for every sequence");
    places_[best].taken = true;
    return best;
}

std::vector<int32_t> DraftModel::guess(size_t place, std::span<const int32_t> tokens, size_t most) {
    constexpr double sure_min = 0.3;
    Place& at = places_[place];
    std::vector<int32_t> out;
    const auto vocabulary = static_cast<int32_t>(model_->config().vocabulary);
    if (tokens.size() + most > context_) return out;
    // The last token is computed even where it is known: its logits are what is wanted.
    at.tokens.resize(std::min(common_beginning(at.tokens, tokens), tokens.size() - 1));
    auto unread = tokens.subspan(at.tokens.size());
    if (std::ranges::any_of(unread, [&](int32_t token) { return token >= vocabulary; })) return out;
    if (unread.size() > chunk_tokens) {
        read(at, unread.first(chunk_tokens), false);
        return out;
    }
    std::span<const float> logits = read(at, unread, true);
    for (;;) {
        auto [token, probability] = most_likely(logits);
        if (!(probability >= sure_min)) return out;
        out.push_back(static_cast<int32_t>(token));
        if (out.size() >= most) return out;
        logits = read(at, std::span(out).last(1), true);
    }
}

std::span<const float> DraftModel::read(Place& place, std::span<const int32_t> tokens,
                                        bool logits) {
    Run run{.tokens = tokens,
            .position = static_cast<uint32_t>(place.tokens.size()),
            .pages = place.pages,
            .last_logits = logits};
    auto out = model_->forward({std::span(&run, 1)}, cache_, workspace_);
    place.tokens.insert(place.tokens.end(), tokens.begin(), tokens.end());
    return out;
}

Result<> check_same_vocabulary(const Checkpoint& model, const Checkpoint& draft) {
    Tokenizer theirs = TRY(Tokenizer::from(draft)), ours = TRY(Tokenizer::from(model));
    int32_t size = std::min(ours.size(), theirs.size());
    auto refused = [](std::string how) {
        return Error{Code::Usage, cat("the draft model has another vocabulary: ", how),
                     "use a smaller model of the same family as the draft"};
    };
    for (TokenId id = 0; id < size; id++)
        if (ours.piece(id) != theirs.piece(id))
            return refused(cat("its token ", id, " is '", printable(theirs.piece(id), 40),
                               "', and the model's is '", printable(ours.piece(id), 40), "'"));
    // Some models of a family have a few more tokens for special uses.
    if (size < std::max(ours.size(), theirs.size()) / 100 * 99)
        return refused(cat("it has ", theirs.size(), " tokens, and the model has ", ours.size()));
    return Done{};
}

}  // namespace linnet
