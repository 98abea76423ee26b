#include "engine/local_generator.h"

#include <algorithm>

#include "base/text.h"
#include "engine/stop_texts.h"
#include "text/named_templates.h"

namespace linnet {
namespace {

class LocalGeneration final : public Generation {
  public:
    struct Parts {
        std::unique_ptr<TokenStream> stream;
        const Tokenizer& tokenizer;
        std::unique_ptr<OutputParser> parser;  // null where the text is taken as it is
        std::vector<std::string> stop;
        bool show_special = false;
        bool ends_count = true;
        size_t prompt_tokens = 0;
    };
    explicit LocalGeneration(Parts parts)
        : parts_(std::move(parts)),
          detokenizer_(parts_.tokenizer, {.show_special = parts_.show_special, .continues = true}),
          stops_(parts_.stop) {}

    size_t prompt_tokens() const override { return parts_.prompt_tokens; }
    Result<std::optional<GenerationEvent>> next(const Cancel& cancel) override;

  private:
    void add_text(std::string text, GenerationEvent& event);
    void finish(StopReason reason, GenerationEvent& event);

    Parts parts_;
    Detokenizer detokenizer_;
    StopTexts stops_;
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
        event.stats = received->stats;
        finish(StopReason::StopText, event);
        return std::optional(std::move(event));
    }
    if (received->finish) {
        event.stats = received->stats;
        add_text(stops_.feed(detokenizer_.finish()) + stops_.finish(), event);
        bool cut = *received->finish == FinishReason::Length;
        bool cancelled = *received->finish == FinishReason::Cancelled;
        finish(cut         ? StopReason::Length
               : cancelled ? StopReason::Cancelled
                           : StopReason::End,
               event);
        return std::optional(std::move(event));
    }
    if (stops_.found()) return next(cancel);
    int32_t id = received->token->id;
    event.token = std::move(received->token);
    event.token_bytes = parts_.tokenizer.bytes(id);
    bool ends = parts_.ends_count && parts_.tokenizer.is_end(id);
    if (!ends) add_text(stops_.feed(detokenizer_.push(id)), event);
    if (stops_.found()) parts_.stream->cancel();
    return std::optional(std::move(event));
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

// The model's own template, or the likely one for a model that brings none.
Result<ChatTemplate> template_of(const Checkpoint& checkpoint, const Tokenizer& tokenizer) {
    const Metadata& metadata = checkpoint.metadata();
    std::string source(metadata.string_of("tokenizer.chat_template").value_or(""));
    if (auto text = checkpoint.document_text("chat_template.jinja"); source.empty() && text)
        source = *text;
    if (auto config = checkpoint.document("tokenizer_config.json"); source.empty() && config)
        source = config->string_or("chat_template", "");
    ModelHints hints{
        .architecture = metadata.string_of("general.architecture").value_or(""),
        .name = metadata.string_of("general.name").value_or(""),
        .has_token = [&](std::string_view piece) { return tokenizer.find(piece) != no_token; }};
    const SpecialTokens& special = tokenizer.special();
    return open_chat_template(source, hints, tokenizer.piece(special.bos),
                              tokenizer.piece(special.eos));
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
                                                             Clock& clock, EngineOptions options) {
    // What can fail cheaply comes before the weights are touched.
    Tokenizer tokenizer = TRY(Tokenizer::from(checkpoint));
    ChatTemplate chat_template = TRY(template_of(checkpoint, tokenizer));
    if (math == Math::F32) options.kv = KvType::F32;
    std::shared_ptr<const Model> model;
    {
        ThreadPool pool(options.threads);
        model = TRY(Model::load(checkpoint, math, pool));
    }
    if (static_cast<size_t>(tokenizer.size()) > model->config().vocabulary)
        return Error{Code::BadInput,
                     cat("the tokenizer has ", tokenizer.size(), " tokens, and the model only ",
                         model->config().vocabulary)};
    auto engine = TRY(Engine::make(std::move(model), kernels, clock, options));
    return std::make_unique<LocalGenerator>(
        Parts{std::move(engine), std::move(tokenizer), std::move(chat_template), clock});
}

Result<std::string> LocalGenerator::render(const Conversation& conversation) const {
    ChatTemplate::Options options;
    options.enable_thinking = conversation.enable_thinking;
    options.now_s = parts_.clock.wall_s();
    return parts_.chat_template.render(conversation.messages, conversation.tools, options);
}

Result<std::unique_ptr<Generation>> LocalGenerator::start(GenerationRequest request) {
    const Tokenizer& tokenizer = parts_.tokenizer;
    TokenRequest tokens;
    tokens.sampling = std::move(request.sampling);
    tokens.tokens_max = request.tokens_max;
    tokens.logprobs = request.logprobs;
    tokens.top_logprobs = request.top_logprobs;
    if (!request.ignore_end)
        tokens.end_tokens.assign(tokenizer.ends().begin(), tokenizer.ends().end());

    std::unique_ptr<OutputParser> parser;
    if (auto* conversation = std::get_if<Conversation>(&request.prompt)) {
        std::string text = TRY(render(*conversation));
        // A template that writes the begin-of-text token itself must not get a second one.
        bool has_bos = parts_.chat_template.capabilities().bos;
        tokens.prompt = tokenizer.encode(
            text, {.bos = has_bos ? EncodeOptions::Add::No : EncodeOptions::Add::AsModel,
                   .eos = EncodeOptions::Add::No,
                   .parse_special = true});
        bool wants_tools =
            conversation->tools.is_array() && !conversation->tools.as_array()->empty();
        parser = parts_.chat_template.dialect().parser(
            {.tools = wants_tools, .starts_inside = ends_in_reasoning(text)});
    } else if (auto* plain = std::get_if<PlainPrompt>(&request.prompt)) {
        tokens.prompt =
            tokenizer.encode(plain->text, {.eos = EncodeOptions::Add::No, .parse_special = true});
    } else {
        tokens.prompt = std::move(std::get<std::vector<int32_t>>(request.prompt));
    }
    LocalGeneration::Parts parts{.stream = nullptr,
                                 .tokenizer = tokenizer,
                                 .parser = std::move(parser),
                                 .stop = std::move(request.stop),
                                 .ends_count = !request.ignore_end,
                                 .prompt_tokens = tokens.prompt.size()};
    parts.show_special = parts.parser != nullptr;
    parts.stream = TRY(parts_.engine->submit(std::move(tokens)));
    return std::unique_ptr<Generation>(std::make_unique<LocalGeneration>(std::move(parts)));
}

}  // namespace linnet
