// The waist of linnet: a request in, a stream of events out, cancellable. A local engine is one; a
// pipeline over several devices, a remote node or a cloud can be others, and whoever asks does not
// know which.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "engine/engine.h"
#include "engine/sampling.h"
#include "grammar/answer_form.h"
#include "text/dialect.h"
#include "text/message.h"

namespace linnet {

// Messages, to which the model's chat template applies.
struct Conversation {
    std::vector<Message> messages;
    Json tools;                             // null, or an array as in OpenAI's requests
    std::optional<bool> enable_thinking{};  // where the model can be told
};

// A text, taken as it is; control tokens in it count.
struct PlainPrompt {
    std::string text;
};

struct GenerationRequest {
    std::variant<Conversation, PlainPrompt, std::vector<int32_t>> prompt;
    Sampling sampling{};
    uint32_t tokens_max = 0;          // 0: as many as the context holds
    std::vector<std::string> stop{};  // texts that end the answer and are not part of it
    bool ignore_end = false;          // go on behind the model's own end tokens
    bool logprobs = false;
    size_t top_logprobs = 0;
    // Of a conversation: tokens of reasoning after which it is closed and the answer begins.
    std::optional<uint32_t> reasoning_max{};
    // What the answer shall be, behind the reasoning. Not together with ignore_end.
    AnswerForm form{};
    // Where the context is full: forgets the older half of what is not the system prompt.
    bool context_shift = false;
    std::optional<SamplerState> sampler{};  // goes on from there instead of from the seed
    Adapters adapters{};                    // of the generator's model
};

enum class StopReason { End, StopText, Length, ToolCalls, Cancelled };
std::string_view stop_name(
    StopReason reason);  // as OpenAI has it: "stop", "length", "tool_calls", "cancelled"

struct GenerationEvent {
    std::vector<OutputEvent> parts;      // what became certain; may be empty
    std::optional<TokenChoice> token;    // the token behind it
    std::string token_bytes{};           // of the token
    std::optional<StopReason> finish{};  // in the last event, with the stats
    RunStats stats{};
    Reached reached{};  // in the last event; without a sampler behind a stop text
};

class Generation {
  public:
    virtual ~Generation() = default;  // cancels what still runs
    // Waits for the next event; nothing behind the finish. Interrupted when `cancel` asks for it.
    virtual Result<std::optional<GenerationEvent>> next(const Cancel& cancel) = 0;
    virtual size_t prompt_tokens() const = 0;
};

// Thread-safe.
class Generator {
  public:
    virtual ~Generator() = default;
    virtual Result<std::unique_ptr<Generation>> start(GenerationRequest request) = 0;
    virtual uint32_t context() const = 0;  // tokens of prompt and answer together
    // The text that a conversation becomes, for whoever wants to see it.
    virtual Result<std::string> render(const Conversation& conversation) const = 0;
};

}  // namespace linnet
