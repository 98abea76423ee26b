#include "engine/local_engine.h"

#include <algorithm>

#include "base/text.h"
#include "model/memory_use.h"

namespace linnet {
namespace {

size_t pages_of(const EngineOptions& options) {
    return KvCache::pages_for(options.context) * options.sequences_max;
}

// The memory that options ask for, with the weights.
uint64_t memory_of(const Model& model, const EngineOptions& options) {
    return memory_use(model, {pages_of(options), *options.kv}, options.threads,
                      LocalEngine::workspace_size(options))
               .total() +
           LocalEngine::state_bytes(model, options) + options.adapter_bytes +
           (options.speculation.draft
                ? DraftModel::bytes(*options.speculation.draft, options.threads,
                                    LocalEngine::draft_size(options))
                : 0);
}

// How many states of earlier beginnings to keep: what the options ask for, or as many as are cheap,
// and few where memory is short.
size_t snapshots_for(const Model& model, EngineOptions options) {
    constexpr uint64_t least = 2, most = 64, bytes_max = 256u << 20;
    uint64_t bytes = model.state_floats() * sizeof(float);
    if (bytes == 0) return 0;
    size_t wanted = options.snapshots_max.value_or(std::clamp(bytes_max / bytes, least, most));
    if (!options.memory_max) return wanted;
    options.snapshots_max = 0;
    uint64_t needed = memory_of(model, options);
    uint64_t left = *options.memory_max > needed ? *options.memory_max - needed : 0;
    return std::min<uint64_t>(wanted, std::max(left / bytes, least));
}

// The largest context, in whole pages, that fits the memory with the weights; 0 where none does.
uint32_t largest_context(const Model& model, EngineOptions options, uint64_t memory) {
    uint32_t fits = 0;
    for (uint32_t step = 1u << 20; step >= KvCache::page_tokens; step /= 2) {
        options.context = fits + step;
        if (options.context <= model.config().context && memory_of(model, options) <= memory)
            fits += step;
    }
    return fits;
}

// The options with what was left out.
EngineOptions completed(const Model& model, EngineOptions options) {
    constexpr uint32_t usual_context = 4096;
    options.kv = options.kv.value_or(usual_kv(model.math()));
    options.threads = std::max<size_t>(options.threads, 1);
    options.sequences_max = std::clamp<size_t>(options.sequences_max, 1, 1024);
    if (options.context == 0) options.context = std::min(model.config().context, usual_context);
    return options;
}

}  // namespace

LocalEngine::LocalEngine(std::shared_ptr<const Model> model, const Kernels& kernels, Clock& clock,
                         EngineOptions options, KvCache cache)
    : model_(std::move(model)),
      clock_(clock),
      options_(options),
      pool_(options.threads),
      cache_(std::move(cache)),
      pages_(cache_.pages(), KvCache::page_tokens),
      snapshots_(options.snapshots_max.value_or(0)),
      workspace_(*model_, kernels, pool_, workspace_size(options)),
      waiting_(options.queue_max) {}

LocalEngine::~LocalEngine() {
    stopping_ = true;
    waiting_.close();
}

Result<> LocalEngine::begin(const Kernels& kernels) {
    std::unique_ptr<DraftModel> draft;
    if (options_.speculation.draft)
        draft =
            TRY(DraftModel::make(options_.speculation.draft, kernels, pool_, draft_size(options_)));
    drafter_.emplace(options_.speculation, std::move(draft));
    thread_ = std::jthread([this] { serve(); });
    return Done{};
}

Workspace::Size LocalEngine::workspace_size(const EngineOptions& options) {
    size_t tokens = std::max(options.batch_tokens_max, options.sequences_max);
    size_t guesses = options.speculation.guesses() ? Drafter::step_max : 0;
    return {.tokens_max = tokens,
            .outputs_max = options.sequences_max + guesses,
            .context_max = options.context};
}

DraftModel::Size LocalEngine::draft_size(const EngineOptions& options) {
    return {options.context, options.sequences_max, *options.kv};
}

uint64_t LocalEngine::state_bytes(const Model& model, const EngineOptions& options) {
    uint64_t bytes = model.state_floats() * sizeof(float);
    return bytes * (2 * options.sequences_max + options.snapshots_max.value_or(0));
}

uint64_t LocalEngine::memory_bytes() const {
    return memory_use(*model_, {cache_.pages(), *options_.kv}, pool_.size(), workspace_.size())
               .beside_weights() +
           state_bytes(*model_, options_) + options_.adapter_bytes;
}

uint64_t Engine::memory_beside_weights(const Model& model, EngineOptions options) {
    options = completed(model, options);
    options.snapshots_max = snapshots_for(model, options);
    return memory_of(model, options) - memory_use(model, {}, options.threads, {}).weights;
}

Result<std::unique_ptr<Engine>> Engine::make(std::shared_ptr<const Model> model,
                                             const Kernels& kernels, Clock& clock,
                                             EngineOptions options) {
    if (!model->predicts())
        return Error{Code::Unsupported, "the model turns texts into vectors and writes none",
                     "use linnet embed, or linnet rerank for a model that compares two texts"};
    options = completed(*model, options);
    uint32_t trained = model->config().context;
    if (options.context > trained)
        return Error{Code::Usage,
                     cat("a context of ", options.context, " is more than the ", trained,
                         " tokens that the model knows"),
                     cat("use --context ", trained, " or less")};
    options.snapshots_max = snapshots_for(*model, options);
    if (options.memory_max) {
        uint64_t needed = memory_of(*model, options);
        if (needed > *options.memory_max) {
            uint32_t fits = largest_context(*model, options, *options.memory_max);
            return Error{
                Code::NoFit,
                cat("the model needs ", bytes_text(needed), " with a context of ", options.context,
                    " tokens, and ", bytes_text(*options.memory_max), " are available"),
                fits > 0 ? cat("use --context ", fits, " or less")
                         : std::string("use a smaller model, or free memory")};
        }
    }
    KvCache cache = TRY(KvCache::make(model->kv_shapes(), pages_of(options), *options.kv));
    auto engine =
        std::make_unique<LocalEngine>(std::move(model), kernels, clock, options, std::move(cache));
    TRY(engine->begin(kernels));
    return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace linnet
