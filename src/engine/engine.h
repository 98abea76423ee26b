// Runs many requests through one model at once: token ids in, a stream of chosen tokens out. One
// thread owns the model's cache and its schedule; callers only post requests and read their own
// streams.
//
// Invariants: a request that was accepted has the memory for its prompt and answer, so it never
// fails for lack of it. A step takes one token of every running answer and the next chunk of
// waiting prompts. A reader that is slow pauses its own request and no other. A cancelled request
// is gone after the step that is running.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "engine/cache_state.h"
#include "engine/constraint.h"
#include "engine/sampling.h"
#include "engine/speculation.h"
#include "kernels/kernels.h"
#include "model/model.h"

namespace linnet {

struct EngineOptions {
    size_t threads = 1;
    uint32_t context = 0;      // tokens of one sequence; 0 takes the model's own, at most 4096
    size_t sequences_max = 1;  // answers at the same time; the cache holds as many full contexts
    size_t queue_max = 64;     // requests that wait
    size_t batch_tokens_max = 256;
    std::optional<KvType> kv{};  // absent: usual_kv() of the model's arithmetic
    // States of earlier beginnings that a recurrent model keeps; else as many as 256 MiB hold, and
    // in either case fewer, but two, where memory is short.
    std::optional<size_t> snapshots_max{};
    std::optional<uint64_t> memory_max{};  // bytes that model and cache may take; NoFit beyond
    Speculation speculation{};             // changes no answer
    uint64_t adapter_bytes = 0;            // of the adapters that requests may use
};

struct TokenRequest {
    std::vector<int32_t> prompt;
    Sampling sampling;
    uint32_t tokens_max = 0;  // of the answer; 0: as many as the context holds
    std::vector<int32_t> end_tokens;
    bool logprobs = false;
    size_t top_logprobs = 0;
    // What may come; not shared with another request that runs. Log-probabilities stay the model's.
    std::shared_ptr<Constraint> constraint{};
    // Where the context is full: keeps this many first tokens, drops the older half of the others,
    // and goes on. Absent: the answer ends there.
    std::optional<uint32_t> shift_keep{};
    std::optional<SamplerState> sampler{};  // goes on from there instead of from the seed
    Adapters adapters{};                    // of the engine's model
};

enum class FinishReason { End, Length, Cancelled, Broken };
std::string_view finish_name(FinishReason reason);  // "stop", "length", "cancelled", "error"

struct RunStats {
    size_t prompt_tokens = 0;
    size_t cached_tokens = 0;  // of the prompt, taken from earlier requests
    size_t answer_tokens = 0;
    size_t drafted_tokens = 0, accepted_tokens = 0;  // guessed, and of these right
    size_t dropped_tokens = 0;                       // where the context was full
    double queued_s = 0, prompt_s = 0,
           answer_s = 0;       // until its first step, its first token, its end
    double first_token_s = 0;  // from the request to the first token
};

// Where an answer ended: prompt and answer as they stand in the context, and what would choose the
// next token.
struct Reached {
    std::vector<int32_t> tokens{};
    std::optional<SamplerState> sampler{};
};

// What a stream yields: tokens in order, then one finish.
struct TokenEvent {
    std::optional<TokenChoice> token;  // absent in the last event
    std::optional<FinishReason> finish;
    RunStats stats;     // of the last event
    Reached reached{};  // of the last event
};

// One request's answer. Going out of scope cancels it.
class TokenStream {
  public:
    virtual ~TokenStream() = default;
    // Waits for the next event; nothing after the finish. Interrupted when `cancel` asks for it.
    virtual Result<std::optional<TokenEvent>> next(const Cancel& cancel) = 0;
    virtual void cancel() = 0;
};

class Engine {
  public:
    // What an engine with these options takes besides the weights.
    static uint64_t memory_beside_weights(const Model& model, EngineOptions options);
    // NoFit with what would fit where model, cache and buffers exceed the memory.
    static Result<std::unique_ptr<Engine>> make(std::shared_ptr<const Model> model,
                                                const Kernels& kernels, Clock& clock,
                                                EngineOptions options);
    virtual ~Engine() = default;

    // Usage for a prompt that is empty or has unknown tokens, and for adapters of another model;
    // NoFit where it does not fit the context and may not be shifted; Busy where the queue is full.
    virtual Result<std::unique_ptr<TokenStream>> submit(TokenRequest request) = 0;

    // What is still known of the longest beginning of these tokens. This and the next wait for
    // their turn like a request.
    virtual Result<CacheState> save(std::vector<int32_t> tokens, const Adapters& adapters) = 0;
    // Later prompts that begin so need not compute it again. REQUIRES: it comes from an engine with
    // the same model, arithmetic, context and numbers in the cache. BadInput where its sizes are
    // not the model's; Busy where running requests hold the pages it needs.
    virtual Result<> restore(CacheState state, const Adapters& adapters) = 0;

    virtual const EngineOptions& options() const = 0;  // with what was left out
    virtual const Model& model() const = 0;
    virtual uint32_t context() const = 0;
    virtual uint64_t memory_bytes() const = 0;  // of cache and buffers
};

}  // namespace linnet
