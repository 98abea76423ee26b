// One request inside the engine: what it asked for, how far it is, and the queue its reader drains.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "base/queue.h"
#include "engine/engine.h"

namespace linnet {

// Shared between the reader's stream and the engine's thread.
struct Mailbox {
    // Enough that a reader who prints is never the reason to pause.
    static constexpr size_t events_max = 256;
    BoundedQueue<TokenEvent> events{events_max};
    std::atomic<bool> cancelled = false;
};

// The reader's end.
std::unique_ptr<TokenStream> open_stream(std::shared_ptr<Mailbox> mailbox);

struct Sequence {
    TokenRequest request;
    Sampler sampler;
    std::shared_ptr<Mailbox> mailbox;
    std::vector<int32_t> tokens;  // prompt, then answer
    std::vector<uint32_t> pages;  // held
    uint64_t root = 0;            // of these, by the adapters
    size_t computed = 0;          // tokens whose keys and values are in the cache
    std::vector<float> state;     // behind these tokens, of a recurrent model
    // Where the state is worth keeping: where another sequence went on differently, and the last
    // page that the prompt fills. Within the answer it is the last page that is full.
    size_t branch = 0, prompt_end = 0;
    std::vector<float> answer_state;
    size_t answer_state_at = 0;
    size_t remembered_pages = 0;        // of `pages`, offered to later requests
    std::vector<int32_t> checked;       // in this step: the last token, and guesses behind it
    DraftLength* guessed_by = nullptr;  // one of the next three
    std::optional<DraftLength> form_length, lookup_length, draft_length;
    std::optional<size_t> draft_place;  // in the draft model
    RunStats stats;
    double submitted_s = 0, started_s = 0, first_token_s = 0;
    std::optional<FinishReason> finish;
    std::optional<std::span<const uint64_t>> mask;  // the constraint's, of the next token

    Sequence(TokenRequest what, std::shared_ptr<Mailbox> to)
        : request(std::move(what)),
          sampler(request.sampling, request.top_logprobs, request.logprobs),
          mailbox(std::move(to)),
          tokens(request.prompt) {
        stats.prompt_tokens = request.prompt.size();
        if (request.sampler) sampler.restore(*request.sampler);
    }

    // What the next token may be; empty where it may be any. Asked for once a token.
    std::span<const uint64_t> allowed() {
        if (!request.constraint) return {};
        if (!mask) mask = request.constraint->allowed(request.tokens_max - stats.answer_tokens);
        return *mask;
    }
    // A token of the answer.
    void append(int32_t token) {
        stats.answer_tokens++;
        tokens.push_back(token);
        if (request.constraint) request.constraint->accept(token);
        mask.reset();
    }
    // Whose logits the next choice looks at; empty where at all.
    std::span<const uint64_t> useful() {
        return request.logprobs ? std::span<const uint64_t>() : allowed();
    }
    size_t prompt_size() const { return stats.prompt_tokens; }
    bool in_prompt() const {
        return computed + 1 < tokens.size() || tokens.size() == prompt_size();
    }
    // The next place where a batch has to stop, so that the state can be kept.
    size_t next_stop() const {
        return computed < branch ? branch : computed < prompt_end ? prompt_end : SIZE_MAX;
    }
    bool wanted() const { return !mailbox->cancelled.load(std::memory_order_relaxed); }
};

}  // namespace linnet
