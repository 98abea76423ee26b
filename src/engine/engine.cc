#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <future>

#include "base/text.h"
#include "engine/context_shift.h"
#include "engine/local_engine.h"
#include "model/adapters/adapter.h"

namespace linnet {

static constexpr size_t page_tokens = KvCache::page_tokens;

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

// Those that do something.
static Result<Adapters> checked_adapters(const Adapters& adapters, const Model& model) {
    Adapters used;
    for (const AppliedAdapter& applied : adapters) {
        if (!applied.adapter || &applied.adapter->model() != &model)
            return Error{Code::Usage, "the adapter was loaded for another model"};
        if (!std::isfinite(applied.scale))
            return Error{Code::Usage, "an adapter's scale is not a number"};
        if (applied.scale != 0) used.push_back(applied);
    }
    return used;
}

Result<std::unique_ptr<TokenStream>> LocalEngine::submit(TokenRequest request) {
    TRY(request.sampling.validate());
    request.adapters = TRY(checked_adapters(request.adapters, *model_));
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
    if (!waiting_.try_push(Posted{std::move(sequence), {}}))
        return Error{Code::Busy, cat(options_.queue_max, " requests are waiting already"),
                     "try again later"};
    return open_stream(std::move(mailbox));
}

template <class T>
Result<T> LocalEngine::on_thread(const Adapters& adapters,
                                 std::function<Result<T>(CacheParts)> work) {
    const Adapters used = TRY(checked_adapters(adapters, *model_));
    std::promise<Result<T>> done;
    auto result = done.get_future();
    auto task = [&] {
        uint64_t root = adapter_roots_.root_of(used, pages_);
        done.set_value(work({*model_, cache_, pages_, snapshots_, root}));
    };
    if (!waiting_.try_push(Posted{{}, task}))
        return Error{Code::Busy, cat(options_.queue_max, " requests are waiting already"),
                     "try again later"};
    return result.get();
}

Result<CacheState> LocalEngine::save(std::vector<int32_t> tokens, const Adapters& adapters) {
    return on_thread<CacheState>(adapters,
                                 [&](CacheParts parts) { return save_cache(parts, tokens); });
}

Result<> LocalEngine::restore(CacheState state, const Adapters& adapters) {
    return on_thread<Done>(adapters, [&](CacheParts parts) { return restore_cache(parts, state); });
}

// REQUIRES: no request waits for pages.
void LocalEngine::take(Posted posted) {
    if (posted.task) posted.task();
    next_ = std::move(posted.sequence);
}

void LocalEngine::serve() {
    serve_requests();
    // Whoever still reads is told that it is over.
    for (;;) {
        if (next_) running_.push_back(std::move(next_));
        auto posted = waiting_.try_pop();
        if (!posted) break;
        take(std::move(*posted));
    }
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
                auto posted = waiting_.pop();
                if (!posted) return;
                take(std::move(*posted));
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
        while (!next_) {
            auto posted = waiting_.try_pop();
            if (!posted) return;
            take(std::move(*posted));
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
    size_t needed =
        KvCache::pages_for(std::min<size_t>(sequence.tokens.size() + left, options_.context));
    sequence.root = adapter_roots_.root_of(sequence.request.adapters, pages_);
    // The last token of the prompt is always computed: its logits choose the first token of the
    // answer.
    sequence.pages = pages_.take_prefix(
        std::span(sequence.tokens).first(sequence.tokens.size() - 1), sequence.root);
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
    size_t known =
        snapshots_.restore(std::span(sequence.tokens).first(shared), sequence.state, sequence.root);
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
        const bool guesses_some = end > sequence.tokens.size();
        const bool chooses = end == sequence.tokens.size();
        runs_.push_back({.tokens = tokens,
                         .position = static_cast<uint32_t>(sequence.computed),
                         .pages = sequence.pages,
                         .all_logits = guesses_some,
                         .last_logits = chooses || guesses_some,
                         .allowed = chooses ? sequence.useful() : std::span<const uint64_t>(),
                         .state = sequence.state.data(),
                         .adapters = sequence.request.adapters});
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
    const Constraint* constraint = sequence.request.constraint.get();
    TokenChoice choice = sequence.sampler.choose(logits, sequence.tokens, sequence.allowed());
    int32_t token = choice.id;
    if (!std::isfinite(logits[static_cast<size_t>(token)])) {
        sequence.finish = FinishReason::Broken;
        return;
    }
    sequence.append(token);
    sequence.mailbox->events.try_push(
        TokenEvent{.token = std::move(choice), .finish = {}, .stats = {}});
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
                        sequence.pages[page], sequence.root);
    }
}

void LocalEngine::remember_state(Sequence& sequence) {
    if (sequence.computed == sequence.branch || sequence.computed == sequence.prompt_end) {
        snapshots_.remember(std::span(sequence.tokens).first(sequence.computed), sequence.state,
                            sequence.root);
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
                            sequence.answer_state, sequence.root);
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
    sequence.mailbox->events.try_push(
        TokenEvent{.token = {},
                   .finish = reason,
                   .stats = stats,
                   .reached = {std::move(sequence.tokens), sequence.sampler.state()}});
}

}  // namespace linnet
