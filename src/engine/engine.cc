#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/text.h"
#include "engine/context_shift.h"
#include "engine/drafter.h"
#include "engine/pages.h"
#include "engine/sequence.h"
#include "engine/snapshots.h"

namespace linnet {
namespace {

constexpr size_t page_tokens = KvCache::page_tokens;

size_t pages_for(size_t tokens) {
    return (tokens + page_tokens - 1) / page_tokens;
}

class LocalEngine final : public Engine {
  public:
    LocalEngine(std::shared_ptr<const Model> model, const Kernels& kernels, Clock& clock,
                EngineOptions options, KvCache cache)
        : model_(std::move(model)),
          clock_(clock),
          options_(options),
          pool_(options.threads),
          cache_(std::move(cache)),
          pages_(cache_.pages(), page_tokens),
          snapshots_(options.snapshots_max.value_or(0)),
          workspace_(*model_, kernels, pool_, workspace_size(options)),
          waiting_(options.queue_max) {}

    // With a drafter, whose model works with the engine's threads, it begins to serve.
    Result<> begin(const Kernels& kernels) {
        std::unique_ptr<DraftModel> draft;
        if (options_.speculation.draft)
            draft = TRY(
                DraftModel::make(options_.speculation.draft, kernels, pool_, draft_size(options_)));
        drafter_.emplace(options_.speculation, std::move(draft));
        thread_ = std::jthread([this] { serve(); });
        return Done{};
    }

    ~LocalEngine() override {
        stopping_ = true;
        waiting_.close();
    }

    static Workspace::Size workspace_size(const EngineOptions& options) {
        size_t tokens = std::max(options.batch_tokens_max, options.sequences_max);
        size_t guesses = options.speculation.guesses() ? Drafter::step_max : 0;
        return {.tokens_max = tokens,
                .outputs_max = options.sequences_max + guesses,
                .context_max = options.context};
    }
    static DraftModel::Size draft_size(const EngineOptions& options) {
        return {options.context, options.sequences_max, options.kv};
    }

    // A sequence has its state, and a copy at the last full page.
    static uint64_t state_bytes(const Model& model, const EngineOptions& options) {
        uint64_t bytes = model.state_floats() * sizeof(float);
        return bytes * (2 * options.sequences_max + options.snapshots_max.value_or(0));
    }

    Result<std::unique_ptr<TokenStream>> submit(TokenRequest request) override;
    const Model& model() const override { return *model_; }
    uint32_t context() const override { return options_.context; }
    uint64_t memory_bytes() const override {
        return cache_.pages() * KvCache::bytes_per_page(model_->kv_shapes(), options_.kv) +
               Workspace::bytes(*model_, pool_.size(), workspace_.size()) +
               state_bytes(*model_, options_);
    }

  private:
    using SequencePtr = std::unique_ptr<Sequence>;
    void serve();
    void serve_requests();
    void admit();
    bool start(Sequence& sequence);
    bool take_pages(Sequence& sequence);
    void release_pages(Sequence& sequence);
    void step();
    size_t chunk_of(const Sequence& sequence, size_t budget) const;
    size_t guesses_for(const Sequence& sequence, size_t room) const;
    void advance_guesses(Sequence& sequence, float* rows);
    void advance(Sequence& sequence, size_t tokens, std::span<float> logits);
    void shift(Sequence& sequence);
    void remember_pages(Sequence& sequence);
    void restore_state(Sequence& sequence);
    void remember_state(Sequence& sequence);
    void settle();
    void finish(Sequence& sequence, FinishReason reason);

    std::shared_ptr<const Model> model_;
    Clock& clock_;
    EngineOptions options_;
    ThreadPool pool_;
    KvCache cache_;
    PagePool pages_;
    Snapshots snapshots_;
    Workspace workspace_;
    std::optional<Drafter> drafter_;
    BoundedQueue<SequencePtr> waiting_;
    SequencePtr next_;  // taken from the queue, and still without pages
    std::vector<SequencePtr> running_;
    std::vector<Run> runs_;
    std::vector<Sequence*> in_batch_;
    size_t prompt_turn_ = 0;
    std::atomic<bool> stopping_ = false;
    std::jthread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<TokenStream>> LocalEngine::submit(TokenRequest request) {
    TRY(request.sampling.validate());
    if (request.prompt.empty()) return Error{Code::Usage, "the prompt is empty"};
    for (int32_t token : request.prompt)
        if (token < 0 || static_cast<size_t>(token) >= model_->config().vocabulary)
            return Error{Code::Usage,
                         cat("the token ", token, " is not in the model's vocabulary of ",
                             model_->config().vocabulary)};
    size_t dropped = 0;
    if (request.shift_keep)
        dropped = drop_oldest(request.prompt, *request.shift_keep, options_.context - 1);
    if (request.prompt.size() >= options_.context)
        return Error{Code::NoFit,
                     cat("the prompt has ", request.prompt.size(),
                         " tokens, and the context holds ", options_.context),
                     "shorten it, or start with a larger --context"};
    auto room = static_cast<uint32_t>(options_.context - request.prompt.size());
    if (request.shift_keep && request.tokens_max == 0) request.tokens_max = options_.context;
    if (!request.shift_keep)
        request.tokens_max = request.tokens_max == 0 ? room : std::min(request.tokens_max, room);
    auto mailbox = std::make_shared<Mailbox>();
    auto sequence = std::make_unique<Sequence>(std::move(request), mailbox);
    sequence->submitted_s = clock_.now_s();
    sequence->stats.dropped_tokens = dropped;
    if (!waiting_.try_push(sequence))
        return Error{Code::Busy, cat(options_.queue_max, " requests are waiting already"),
                     "try again later"};
    return open_stream(std::move(mailbox));
}

void LocalEngine::serve() {
    serve_requests();
    // Whoever still reads is told that it is over.
    while (auto request = waiting_.try_pop()) running_.push_back(std::move(*request));
    if (next_) running_.push_back(std::move(next_));
    for (auto& sequence : running_) finish(*sequence, FinishReason::Cancelled);
}

void LocalEngine::serve_requests() {
    while (!stopping_) {
        admit();
        settle();
        bool blocked = std::ranges::none_of(running_, [&](auto& s) { return chunk_of(*s, 1) > 0; });
        if (blocked) {
            // Nothing to compute: wait for a request, or for readers to catch up.
            constexpr std::chrono::milliseconds pause(5);
            if (running_.empty() && !next_) {
                auto request = waiting_.pop();
                if (!request) return;
                next_ = std::move(*request);
            } else {
                std::this_thread::sleep_for(pause);
            }
            continue;
        }
        step();
    }
}

// Starts waiting requests in their order, as many as pages allow.
void LocalEngine::admit() {
    while (running_.size() < options_.sequences_max) {
        if (!next_) {
            auto request = waiting_.try_pop();
            if (!request) return;
            next_ = std::move(*request);
        }
        if (next_->wanted() && !start(*next_)) return;
        running_.push_back(std::move(next_));
    }
}

bool LocalEngine::start(Sequence& sequence) {
    if (!take_pages(sequence)) return false;
    sequence.stats.cached_tokens = sequence.computed;
    sequence.started_s = clock_.now_s();
    return true;
}

// Takes the pages for the whole of prompt and answer, so that it cannot run out half-way.
bool LocalEngine::take_pages(Sequence& sequence) {
    size_t left = sequence.request.tokens_max - sequence.stats.answer_tokens;
    size_t needed = pages_for(std::min<size_t>(sequence.tokens.size() + left, options_.context));
    // The last token of the prompt is always computed: its logits choose the first token of the
    // answer.
    sequence.pages =
        pages_.take_prefix(std::span(sequence.tokens).first(sequence.tokens.size() - 1));
    if (model_->state_floats() > 0) restore_state(sequence);
    sequence.remembered_pages = sequence.pages.size();
    while (sequence.pages.size() < needed) {
        auto page = pages_.take();
        if (!page) {
            release_pages(sequence);
            return false;
        }
        sequence.pages.push_back(*page);
    }
    sequence.computed = sequence.remembered_pages * page_tokens;
    return true;
}

// The youngest first, so that a chain is forgotten from its end.
void LocalEngine::release_pages(Sequence& sequence) {
    for (; !sequence.pages.empty(); sequence.pages.pop_back())
        pages_.release(sequence.pages.back());
}

// Keeps only the pages up to the nearest place where the state is known.
void LocalEngine::restore_state(Sequence& sequence) {
    const size_t shared = sequence.pages.size() * page_tokens;
    sequence.branch = shared;
    sequence.prompt_end = (sequence.tokens.size() - 1) / page_tokens * page_tokens;
    sequence.state.assign(model_->state_floats(), 0);
    size_t known = snapshots_.restore(std::span(sequence.tokens).first(shared), sequence.state);
    while (sequence.pages.size() * page_tokens > known) {
        pages_.release(sequence.pages.back());
        sequence.pages.pop_back();
    }
}

// How many of its tokens may go into a batch that has room for `budget`.
size_t LocalEngine::chunk_of(const Sequence& sequence, size_t budget) const {
    if (sequence.finish || !sequence.wanted()) return 0;
    // One place stays for the finish.
    if (sequence.mailbox->events.size() + 1 >= Mailbox::events_max) return 0;
    size_t end = sequence.tokens.size();
    if (!sequence.state.empty()) end = std::min(end, sequence.next_stop());
    return std::min(end - sequence.computed, budget);
}

void LocalEngine::step() {
    runs_.clear();
    in_batch_.clear();
    size_t budget = workspace_.size().tokens_max;
    auto add = [&](Sequence& sequence, std::span<const int32_t> tokens) {
        if (tokens.empty()) return;
        size_t end = sequence.computed + tokens.size();
        runs_.push_back({.tokens = tokens,
                         .position = static_cast<uint32_t>(sequence.computed),
                         .pages = sequence.pages,
                         .all_logits = end > sequence.tokens.size(),
                         .last_logits = end >= sequence.tokens.size(),
                         .state = sequence.state.data()});
        in_batch_.push_back(&sequence);
        budget -= tokens.size();
    };
    // Running answers first, with what is guessed; prompts take turns at who comes first.
    size_t guesses = budget - std::min(running_.size(), budget);
    guesses = std::min(guesses, workspace_.size().outputs_max - options_.sequences_max);
    for (auto& sequence : running_) {
        if (sequence->in_prompt() || chunk_of(*sequence, budget) == 0) continue;
        drafter_->draft(*sequence, guesses_for(*sequence, guesses));
        guesses -= sequence->checked.size() - 1;
        add(*sequence, sequence->checked);
    }
    prompt_turn_++;
    for (size_t i = 0; i < running_.size() && budget > 0; i++) {
        Sequence& sequence = *running_[(i + prompt_turn_) % running_.size()];
        if (sequence.in_prompt())
            add(sequence,
                std::span(sequence.tokens).subspan(sequence.computed, chunk_of(sequence, budget)));
    }
    auto logits = model_->forward({runs_}, cache_, workspace_);
    const size_t vocabulary = model_->config().vocabulary;
    float* row = const_cast<float*>(logits.data());  // the workspace's, ours until the next step
    for (size_t i = 0; i < runs_.size(); i++) {
        Sequence& sequence = *in_batch_[i];
        const Run& run = runs_[i];
        size_t tokens = run.tokens.size(), rows = run.all_logits ? tokens : run.last_logits;
        if (run.all_logits)
            advance_guesses(sequence, row);
        else
            advance(sequence, tokens, {row, rows * vocabulary});
        row += rows * vocabulary;
    }
}

// How many tokens may be guessed behind the last one: as many as could become part of the answer.
// A state that has gone too far cannot be taken back.
size_t LocalEngine::guesses_for(const Sequence& sequence, size_t room) const {
    if (!sequence.state.empty()) return 0;
    size_t answer = sequence.request.tokens_max - sequence.stats.answer_tokens - 1,
           context =
               options_.context - std::min<size_t>(sequence.tokens.size() + 1, options_.context),
           events = Mailbox::events_max - 2 - sequence.mailbox->events.size();
    return std::min({room, answer, context, events});
}

// Each token is chosen as if it had been computed alone; the first one that was not guessed makes
// what was computed behind it void.
void LocalEngine::advance_guesses(Sequence& sequence, float* rows) {
    const size_t vocabulary = model_->config().vocabulary, count = sequence.checked.size();
    size_t right = 0;
    for (;; right++) {
        advance(sequence, 1, {rows + right * vocabulary, vocabulary});
        if (sequence.finish || right + 1 == count) break;
        if (sequence.computed + 1 != sequence.tokens.size()) break;  // the context was cut
        if (sequence.tokens.back() != sequence.checked[right + 1]) break;
    }
    drafter_->observe(sequence, right);
}

// The cache holds `tokens` more tokens; with logits the next one is chosen.
void LocalEngine::advance(Sequence& sequence, size_t tokens, std::span<float> logits) {
    sequence.computed += tokens;
    remember_pages(sequence);
    if (!sequence.state.empty()) remember_state(sequence);
    if (logits.empty()) return;
    double now = clock_.now_s();
    if (sequence.stats.answer_tokens == 0) sequence.first_token_s = now;
    Constraint* constraint = sequence.request.constraint.get();
    TokenChoice choice = sequence.sampler.choose(logits, sequence.tokens, sequence.allowed());
    int32_t token = choice.id;
    if (!std::isfinite(logits[static_cast<size_t>(token)])) {
        sequence.finish = FinishReason::Broken;
        return;
    }
    sequence.stats.answer_tokens++;
    sequence.tokens.push_back(token);
    sequence.mailbox->events.try_push(
        TokenEvent{.token = std::move(choice), .finish = {}, .stats = {}});
    if (constraint) constraint->accept(token);
    if (std::ranges::find(sequence.request.end_tokens, token) !=
            sequence.request.end_tokens.end() ||
        (constraint && constraint->is_done()))
        sequence.finish = FinishReason::End;
    else if (sequence.stats.answer_tokens >= sequence.request.tokens_max)
        sequence.finish = FinishReason::Length;
    else if (sequence.tokens.size() >= options_.context)
        shift(sequence);
}

// Makes room in a full context. What stays is computed again at its new positions, as the prompt
// that it is now.
void LocalEngine::shift(Sequence& sequence) {
    check(sequence.request.shift_keep.has_value(), "an answer that may not shift fits the context");
    sequence.stats.dropped_tokens +=
        drop_oldest(sequence.tokens, *sequence.request.shift_keep, options_.context - 1);
    release_pages(sequence);
    check(take_pages(sequence), "the pages of one context stay available to it");
}

void LocalEngine::remember_pages(Sequence& sequence) {
    auto tokens = std::span<const int32_t>(sequence.tokens);
    for (; (sequence.remembered_pages + 1) * page_tokens <= sequence.computed;
         sequence.remembered_pages++) {
        size_t page = sequence.remembered_pages;
        auto parent = page == 0 ? std::nullopt : std::optional(sequence.pages[page - 1]);
        pages_.remember(parent, tokens.subspan(page * page_tokens, page_tokens),
                        sequence.pages[page]);
    }
}

void LocalEngine::remember_state(Sequence& sequence) {
    if (sequence.computed == sequence.branch || sequence.computed == sequence.prompt_end) {
        snapshots_.remember(std::span(sequence.tokens).first(sequence.computed), sequence.state);
    } else if (sequence.computed > sequence.prompt_size() && sequence.computed % page_tokens == 0) {
        sequence.answer_state = sequence.state;
        sequence.answer_state_at = sequence.computed;
    }
}

// Takes finished and cancelled sequences out and delivers their last events.
void LocalEngine::settle() {
    for (auto& sequence : running_) {
        if (!sequence->finish && !sequence->wanted()) sequence->finish = FinishReason::Cancelled;
        if (!sequence->finish) continue;
        finish(*sequence, *sequence->finish);
        sequence.reset();
    }
    std::erase(running_, nullptr);
}

void LocalEngine::finish(Sequence& sequence, FinishReason reason) {
    if (sequence.answer_state_at > 0)
        snapshots_.remember(std::span(sequence.tokens).first(sequence.answer_state_at),
                            sequence.answer_state);
    release_pages(sequence);
    if (drafter_) drafter_->release(sequence);
    double now = clock_.now_s();
    RunStats& stats = sequence.stats;
    bool answered = stats.answer_tokens > 0;
    stats.queued_s = sequence.started_s - sequence.submitted_s;
    stats.prompt_s = (answered ? sequence.first_token_s : now) - sequence.started_s;
    stats.answer_s = answered ? now - sequence.first_token_s : 0;
    stats.first_token_s = answered ? sequence.first_token_s - sequence.submitted_s : 0;
    // chunk_of() kept a place in the queue for this.
    sequence.mailbox->events.try_push(TokenEvent{.token = {}, .finish = reason, .stats = stats});
}

// The memory that options ask for, beside the mapped weights.
uint64_t memory_of(const Model& model, const EngineOptions& options) {
    return pages_for(options.context) * options.sequences_max *
               KvCache::bytes_per_page(model.kv_shapes(), options.kv) +
           Workspace::bytes(model, options.threads, LocalEngine::workspace_size(options)) +
           LocalEngine::state_bytes(model, options) +
           (options.speculation.draft
                ? DraftModel::bytes(*options.speculation.draft, options.threads,
                                    LocalEngine::draft_size(options))
                : 0);
}

// How many states of earlier beginnings to keep: what the options ask for, or as many as are cheap,
// and few where memory is short.
size_t snapshots_for(const Model& model, EngineOptions options, uint64_t weights) {
    constexpr uint64_t least = 2, most = 64, bytes_max = 256u << 20;
    uint64_t bytes = model.state_floats() * sizeof(float);
    if (bytes == 0) return 0;
    size_t wanted = options.snapshots_max.value_or(std::clamp(bytes_max / bytes, least, most));
    if (!options.memory_max) return wanted;
    options.snapshots_max = 0;
    uint64_t needed = memory_of(model, options) + weights;
    uint64_t left = *options.memory_max > needed ? *options.memory_max - needed : 0;
    return std::min<uint64_t>(wanted, std::max(left / bytes, least));
}

// The largest context, in whole pages, that fits the memory beside the weights; 0 where none does.
uint32_t largest_context(const Model& model, EngineOptions options, uint64_t memory) {
    uint32_t fits = 0;
    for (uint32_t step = 1u << 20; step >= page_tokens; step /= 2) {
        options.context = fits + step;
        if (options.context <= model.config().context && memory_of(model, options) <= memory)
            fits += step;
    }
    return fits;
}

}  // namespace

std::string_view finish_name(FinishReason reason) {
    switch (reason) {
        case FinishReason::End:
            return "stop";
        case FinishReason::Length:
            return "length";
        case FinishReason::Cancelled:
            return "cancelled";
        case FinishReason::Broken:
            return "error";
    }
    fail("every reason has a name");
}

Result<std::unique_ptr<Engine>> Engine::make(std::shared_ptr<const Model> model,
                                             const Kernels& kernels, Clock& clock,
                                             EngineOptions options) {
    constexpr uint32_t usual_context = 4096;
    if (!model->predicts())
        return Error{Code::Unsupported, "the model turns texts into vectors and writes none",
                     "use linnet embed, or linnet rerank for a model that compares two texts"};
    options.threads = std::max<size_t>(options.threads, 1);
    options.sequences_max = std::clamp<size_t>(options.sequences_max, 1, 1024);
    uint32_t trained = model->config().context;
    if (options.context == 0) options.context = std::min(trained, usual_context);
    if (options.context > trained)
        return Error{Code::Usage,
                     cat("a context of ", options.context, " is more than the ", trained,
                         " tokens that the model knows"),
                     cat("use --context ", trained, " or less")};
    const uint64_t weights = model->checkpoint().file_bytes();
    options.snapshots_max = snapshots_for(*model, options, weights);
    if (options.memory_max) {
        uint64_t needed = memory_of(*model, options) + weights;
        if (needed > *options.memory_max) {
            uint64_t left = *options.memory_max > weights ? *options.memory_max - weights : 0;
            uint32_t fits = largest_context(*model, options, left);
            return Error{
                Code::NoFit,
                cat("the model needs ", bytes_text(needed), " with a context of ", options.context,
                    " tokens, and ", bytes_text(*options.memory_max), " are available"),
                fits > 0 ? cat("use --context ", fits, " or less")
                         : std::string("use a smaller model, or free memory")};
        }
    }
    size_t pages = pages_for(options.context) * options.sequences_max;
    KvCache cache = TRY(KvCache::make(model->kv_shapes(), pages, options.kv));
    auto engine =
        std::make_unique<LocalEngine>(std::move(model), kernels, clock, options, std::move(cache));
    TRY(engine->begin(kernels));
    return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace linnet
