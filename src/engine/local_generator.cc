#include "engine/local_generator.h"

#include <algorithm>

#include "base/text.h"
#include "engine/chat_parts.h"
#include "engine/model_files.h"
#include "engine/reasoning_budget.h"
#include "engine/stop_texts.h"

namespace linnet {
namespace {

class LocalGeneration final : public Generation {
  public:
    struct Parts {
        std::unique_ptr<TokenStream> stream;
        Engine& engine;
        const Tokenizer& tokenizer;
        std::unique_ptr<OutputParser> parser;  // null where the text is taken as it is
        std::vector<std::string> stop;
        bool show_special = false;
        bool ends_count = true;
        size_t prompt_tokens = 0;
        ReasoningBudget budget{};
        std::shared_ptr<GrammarConstraint> constraint{};
    };
    explicit LocalGeneration(Parts parts)
        : parts_(std::move(parts)),
          detokenizer_(parts_.tokenizer, {.show_special = parts_.show_special, .continues = true}),
          stops_(parts_.stop) {}

    size_t prompt_tokens() const override { return parts_.prompt_tokens; }
    Result<std::optional<GenerationEvent>> next(const Cancel& cancel) override;

  private:
    void add_text(std::string text, GenerationEvent& event);
    Result<> close_reasoning(GenerationEvent& event, const Cancel& cancel);
    void finish(StopReason reason, GenerationEvent& event);

    Parts parts_;
    Detokenizer detokenizer_;
    StopTexts stops_;
    size_t beyond_stop_ = 0;  // tokens that came until the engine had noticed
    bool called_tools_ = false;
    bool finished_ = false;
};

Result<std::optional<GenerationEvent>> LocalGeneration::next(const Cancel& cancel) {
    if (finished_) return std::optional<GenerationEvent>();
    GenerationEvent event;
    auto received = TRY(parts_.stream->next(cancel));
    check(received.has_value(), "a stream ends with a finish");
    if (received->finish && stops_.found()) {
        // The stop text ended it; the engine took until now to notice.
        event.stats = parts_.budget.joined(received->stats);
        event.reached.tokens = std::move(received->reached.tokens);
        event.reached.tokens.resize(event.reached.tokens.size() - beyond_stop_);
        finish(StopReason::StopText, event);
        return std::optional(std::move(event));
    }
    if (received->finish) {
        event.stats = parts_.budget.joined(received->stats);
        event.reached = std::move(received->reached);
        add_text(stops_.feed(detokenizer_.finish()) + stops_.finish(), event);
        bool cut = *received->finish == FinishReason::Length;
        bool cancelled = *received->finish == FinishReason::Cancelled;
        finish(cut         ? StopReason::Length
               : cancelled ? StopReason::Cancelled
                           : StopReason::End,
               event);
        return std::optional(std::move(event));
    }
    if (stops_.found()) {
        beyond_stop_++;
        return next(cancel);
    }
    int32_t id = received->token->id;
    event.token = std::move(received->token);
    event.token_bytes = parts_.tokenizer.bytes(id);
    bool ends = parts_.ends_count && parts_.tokenizer.is_end(id);
    std::string text = ends ? std::string() : stops_.feed(detokenizer_.push(id));
    add_text(text, event);
    if (stops_.found())
        parts_.stream->cancel();
    else if (!ends && parts_.budget.spent(id, text, event.parts))
        TRY(close_reasoning(event, cancel));
    return std::optional(std::move(event));
}

// The answer so far, closed, is the prompt of a request that goes on; the engine has it cached.
Result<> LocalGeneration::close_reasoning(GenerationEvent& event, const Cancel& cancel) {
    parts_.stream->cancel();
    for (std::optional<TokenEvent> left; (left = TRY(parts_.stream->next(cancel)));)
        if (left->finish) parts_.budget.set_before(left->stats);
    if (parts_.constraint) parts_.constraint->begin_answer();
    std::string closing = parts_.budget.closing();
    auto tokens = parts_.tokenizer.encode(
        closing,
        {.bos = EncodeOptions::Add::No, .eos = EncodeOptions::Add::No, .parse_special = true});
    auto stream = parts_.engine.submit(parts_.budget.rest(tokens));
    add_text(closing, event);
    if (stream) {
        parts_.stream = std::move(*stream);
        return Done{};
    }
    if (stream.error().code != Code::NoFit) return std::move(stream).error();
    finish(StopReason::Length, event);  // the reasoning has filled the context
    event.stats = parts_.budget.joined({});
    return Done{};
}

void LocalGeneration::add_text(std::string text, GenerationEvent& event) {
    if (text.empty()) return;
    if (parts_.parser)
        parts_.parser->feed(text, event.parts);
    else
        event.parts.push_back({.kind = OutputEvent::Kind::Text, .text = std::move(text)});
}

void LocalGeneration::finish(StopReason reason, GenerationEvent& event) {
    finished_ = true;
    if (parts_.parser) parts_.parser->finish(event.parts);
    for (const OutputEvent& part : event.parts)
        called_tools_ |= part.kind == OutputEvent::Kind::ToolCall;
    event.finish = called_tools_ && reason == StopReason::End ? StopReason::ToolCalls : reason;
}

}  // namespace

std::string_view stop_name(StopReason reason) {
    switch (reason) {
        case StopReason::End:
        case StopReason::StopText:
            return "stop";
        case StopReason::Length:
            return "length";
        case StopReason::ToolCalls:
            return "tool_calls";
        case StopReason::Cancelled:
            return "cancelled";
    }
    fail("every reason has a name");
}

Result<std::unique_ptr<LocalGenerator>> LocalGenerator::open(const Checkpoint& checkpoint,
                                                             Math math, const Kernels& kernels,
                                                             Clock& clock, EngineOptions options,
                                                             std::string_view wanted_template,
                                                             std::span<const AdapterFile> files) {
    if (AdapterFile::is_one(checkpoint))
        return Error{Code::Usage, "this is a LoRA adapter, not a model",
                     "name its model, and add --lora with this path"};
    // What can fail cheaply comes before the weights are touched.
    for (const AdapterFile& file : files) TRY(file.check_fits(options.memory_max));
    uint64_t weights_max =
        TRY(weights_room(checkpoint, options.memory_max, [&](const Model& unpacked) {
            return Engine::memory_beside_weights(unpacked, options);
        }));
    auto [tokenizer, model] = TRY(ModelFiles::load(checkpoint, math, options.threads, weights_max));
    ChatTemplate chat_template = TRY(template_of(checkpoint, tokenizer, wanted_template));
    std::vector<std::shared_ptr<const Adapter>> adapters;
    for (const AdapterFile& file : files) {
        auto adapter = Adapter::load(file, model);
        if (!adapter)
            return std::move(adapter).error().within(printable(file.checkpoint.path().string()));
        options.adapter_bytes += (*adapter)->bytes();
        adapters.push_back(std::move(*adapter));
    }
    auto engine = TRY(Engine::make(std::move(model), kernels, clock, options));
    ControlTokens control = control_tokens_of(tokenizer);
    return std::make_unique<LocalGenerator>(Parts{std::move(engine), std::move(tokenizer),
                                                  std::move(chat_template), std::move(control),
                                                  std::move(adapters), clock});
}

ChatTemplate::Options LocalGenerator::template_options(const Conversation& conversation) const {
    ChatTemplate::Options options;
    options.enable_thinking = conversation.enable_thinking;
    options.now_s = parts_.clock.wall_s();
    return options;
}

Result<std::string> LocalGenerator::render(const Conversation& conversation) const {
    return parts_.chat_template.render(conversation.messages, conversation.tools,
                                       template_options(conversation));
}

// The prompt of a conversation, in which nothing that a user or a tool wrote is a control token.
Result<std::string> LocalGenerator::encode(const Conversation& conversation,
                                           std::vector<int32_t>& tokens) const {
    auto prompt = TRY(parts_.chat_template.render_prompt(
        conversation.messages, conversation.tools, template_options(conversation), parts_.control));
    tokens = encode_prompt(parts_.tokenizer, parts_.chat_template, prompt);
    return std::move(prompt.text);
}

Result<std::shared_ptr<GrammarConstraint>> LocalGenerator::constraint(
    const GenerationRequest& request, std::string_view prompt) const {
    if (std::holds_alternative<std::monostate>(request.form))
        return std::shared_ptr<GrammarConstraint>();
    if (request.ignore_end)
        return Error{Code::Usage, "an answer of a given form ends where the form does",
                     "leave out --ignore-end"};
    auto grammar = TRY(forms_.grammar(request.form));
    GrammarConstraint::Reasoning reasoning;
    auto* conversation = std::get_if<Conversation>(&request.prompt);
    const Tokenizer& tokenizer = parts_.tokenizer;
    reasoning.starts_inside = conversation && ends_in_reasoning(prompt);
    for (const ReasoningMarks& marks : reasoning_marks()) {
        TokenId open = tokenizer.find(marks.open);
        bool is_it = reasoning.starts_inside ? marks.close == reasoning_close(prompt)
                                             : conversation && open != no_token;
        bool is_off =
            !reasoning.starts_inside && conversation && conversation->enable_thinking == false;
        if (!is_it || is_off) continue;
        reasoning.open = open;
        reasoning.close = tokenizer.find(marks.close);
        reasoning.close_text = marks.close;
        break;
    }
    return std::make_shared<GrammarConstraint>(std::move(grammar), std::move(reasoning));
}

// What a conversation with the same system prompt and another question starts with, too.
uint32_t LocalGenerator::kept_tokens(const Conversation& conversation,
                                     std::span<const int32_t> tokens) const {
    Conversation other{{}, conversation.tools, conversation.enable_thinking};
    for (const Message& message : conversation.messages)
        if (message.role == "system") other.messages.push_back(message);
    other.messages.push_back({.role = "user", .content = ""});
    std::vector<int32_t> beginning;
    if (!encode(other, beginning)) return 1;
    auto differs = std::ranges::mismatch(beginning, tokens);
    return static_cast<uint32_t>(differs.in1 - beginning.begin());
}

Result<std::unique_ptr<Generation>> LocalGenerator::start(GenerationRequest request) {
    const Tokenizer& tokenizer = parts_.tokenizer;
    TokenRequest tokens;
    tokens.sampling = std::move(request.sampling);
    tokens.tokens_max = request.tokens_max;
    tokens.sampler = request.sampler;
    tokens.adapters = std::move(request.adapters);
    tokens.logprobs = request.logprobs;
    tokens.top_logprobs = request.top_logprobs;
    if (!request.ignore_end)
        tokens.end_tokens.assign(tokenizer.ends().begin(), tokenizer.ends().end());

    std::unique_ptr<OutputParser> parser;
    ReasoningBudget budget;
    std::shared_ptr<GrammarConstraint> constraint;
    if (auto* conversation = std::get_if<Conversation>(&request.prompt)) {
        std::string text = TRY(encode(*conversation, tokens.prompt));
        bool wants_tools =
            conversation->tools.is_array() && !conversation->tools.as_array()->empty();
        parser = parts_.chat_template.dialect().parser(
            {.tools = wants_tools, .starts_inside = ends_in_reasoning(text)});
        tokens.constraint = constraint = TRY(this->constraint(request, text));
        if (request.context_shift) tokens.shift_keep = kept_tokens(*conversation, tokens.prompt);
        if (request.reasoning_max) budget = ReasoningBudget(*request.reasoning_max, text, tokens);
    } else if (auto* plain = std::get_if<PlainPrompt>(&request.prompt)) {
        tokens.prompt =
            tokenizer.encode(plain->text, {.eos = EncodeOptions::Add::No, .parse_special = true});
    } else {
        tokens.prompt = std::move(std::get<std::vector<int32_t>>(request.prompt));
    }
    if (!constraint) tokens.constraint = constraint = TRY(this->constraint(request, ""));
    if (request.context_shift && !tokens.shift_keep)
        tokens.shift_keep = tokenizer.adds_bos() ? 1 : 0;
    LocalGeneration::Parts parts{.stream = nullptr,
                                 .engine = *parts_.engine,
                                 .tokenizer = tokenizer,
                                 .parser = std::move(parser),
                                 .stop = std::move(request.stop),
                                 .ends_count = !request.ignore_end,
                                 .prompt_tokens = tokens.prompt.size(),
                                 .budget = std::move(budget),
                                 .constraint = std::move(constraint)};
    parts.show_special = parts.parser != nullptr;
    parts.stream = TRY(parts_.engine->submit(std::move(tokens)));
    return std::unique_ptr<Generation>(std::make_unique<LocalGeneration>(std::move(parts)));
}

}  // namespace linnet
