#include "engine/text_encoder.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "model/memory_use.h"

namespace linnet {
namespace {

constexpr size_t batch_tokens = 512;  // that are worth computing together
constexpr size_t batch_texts = 64;

// The states of recurrent models may be large.
size_t texts_max(const Model& model) {
    return model.state_floats() > 0 ? 1 : batch_texts;
}

Workspace::Size size_for(const Model& model, uint32_t context) {
    // An encoder's text is one batch, as each of its tokens sees all others.
    size_t whole = model.causal() ? 0 : context;
    return {.tokens_max = std::max(batch_tokens, whole), .outputs_max = 0, .context_max = context};
}

// Every text of a batch begins at a page.
size_t pages_needed(const Model& model, const Workspace::Size& size) {
    return std::max(KvCache::pages_for(size.context_max),
                    size.tokens_max / KvCache::page_tokens + texts_max(model));
}

}  // namespace

Result<std::unique_ptr<TextEncoder>> TextEncoder::make(std::shared_ptr<const Model> model,
                                                       const Kernels& kernels,
                                                       const TextEncoderOptions& options) {
    TextEncoderOptions o = options;
    o.threads = std::max<size_t>(o.threads, 1);
    uint32_t trained = model->config().context;
    if (o.context == 0) o.context = std::min(trained, TextEncoderOptions::context_usual);
    o.context = std::min(o.context, trained);
    const KvType kv = o.kv.value_or(usual_kv(model->math()));
    Workspace::Size size = size_for(*model, o.context);
    size_t pages = pages_needed(*model, size);
    uint64_t needed = memory_use(*model, {pages, kv}, o.threads, size).total() +
                      texts_max(*model) * model->state_floats() * sizeof(float);
    if (o.memory_max && needed > *o.memory_max)
        return Error{Code::NoFit,
                     cat("the model needs ", bytes_text(needed), " for texts of ", o.context,
                         " tokens, and ", bytes_text(*o.memory_max), " are available"),
                     "use a smaller --context or a smaller model, or free memory"};
    KvCache cache = TRY(KvCache::make(model->kv_shapes(), pages, kv));
    return std::unique_ptr<TextEncoder>(
        new TextEncoder(std::move(model), kernels, o, size, std::move(cache)));
}

TextEncoder::TextEncoder(std::shared_ptr<const Model> model, const Kernels& kernels,
                         const TextEncoderOptions& options, Workspace::Size size, KvCache cache)
    : model_(std::move(model)),
      kernels_(kernels),
      context_(options.context),
      pool_(options.threads),
      cache_(std::move(cache)),
      workspace_(*model_, kernels, pool_, size),
      pages_(cache_.pages()),
      texts_max_(texts_max(*model_)),
      states_(texts_max_ * model_->state_floats()) {
    std::iota(pages_.begin(), pages_.end(), 0u);
}

Result<> TextEncoder::encode(std::span<const EncoderText> texts, const Cancel& cancel,
                             Visit visit) {
    for (size_t index = 0; index < texts.size();) {
        TRY(cancel.check());
        if (texts[index].tokens.size() > workspace_.size().tokens_max) {
            encode_pieces(texts[index], index, visit);
            index++;
        } else {
            index += encode_batch(texts.subspan(index), index, visit);
        }
    }
    return Done{};
}

void TextEncoder::encode_pieces(const EncoderText& text, size_t index, Visit visit) {
    const size_t step = workspace_.size().tokens_max;
    std::ranges::fill(states_, 0.0f);
    for (size_t first = 0; first < text.tokens.size(); first += step) {
        size_t count = std::min(step, text.tokens.size() - first);
        Run run{.tokens = text.tokens.subspan(first, count),
                .position = static_cast<uint32_t>(first),
                .pages = pages_,
                .state = states_.data(),
                .types = text.types.empty() ? text.types : text.types.subspan(first, count)};
        visit(index, first, model_->encode({std::span(&run, 1)}, cache_, workspace_));
    }
}

// As many of the first texts as fit a batch; how many these were.
size_t TextEncoder::encode_batch(std::span<const EncoderText> texts, size_t index, Visit visit) {
    runs_.clear();
    size_t tokens = 0, page = 0;
    std::ranges::fill(states_, 0.0f);
    for (const EncoderText& text : texts.first(std::min(texts.size(), texts_max_))) {
        size_t size = text.tokens.size(), pages = KvCache::pages_for(size);
        if (tokens + size > workspace_.size().tokens_max) break;
        runs_.push_back({.tokens = text.tokens,
                         .pages = std::span(pages_).subspan(page, pages),
                         .state = states_.data() + runs_.size() * model_->state_floats(),
                         .types = text.types});
        tokens += size;
        page += pages;
    }
    auto states = model_->encode({runs_}, cache_, workspace_);
    for (const Run& run : runs_) {
        size_t floats = run.tokens.size() * model_->config().dim;
        visit(index++, 0, states.first(floats));
        states = states.subspan(floats);
    }
    return runs_.size();
}

}  // namespace linnet
