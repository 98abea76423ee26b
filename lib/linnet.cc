#include "linnet/linnet.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/text.h"
#include "boundary.h"
#include "engine/embedder.h"
#include "engine/local_generator.h"

using namespace linnet;
using boundary::guarded;

struct linnet_cancel {
    Cancel flag;
};
struct linnet_model {
    SystemClock clock;
    std::unique_ptr<LocalGenerator> generator;
};
struct linnet_embedder {
    std::unique_ptr<Embedder> embedder;
};

namespace {

Result<AnswerForm> form_of(const linnet_request& r) {
    if ((r.json_schema != nullptr) + (r.grammar != nullptr) + (r.regex != nullptr) > 1)
        return Error{Code::Usage, "an answer has one form: json_schema, grammar or regex"};
    if (r.json_schema) return AnswerForm(JsonSchema{r.json_schema});
    if (r.grammar) return AnswerForm(Gbnf{r.grammar});
    if (r.regex) return AnswerForm(RegexText{r.regex});
    return AnswerForm();
}

Sampling sampling_of(const linnet_request& r) {
    return {.repetition_penalty = r.repetition_penalty == 0 ? 1 : r.repetition_penalty,
            .frequency_penalty = r.frequency_penalty,
            .presence_penalty = r.presence_penalty,
            .top_k = r.top_k,
            .top_p = r.top_p == 0 ? 1 : r.top_p,
            .min_p = r.min_p,
            .temperature = r.temperature,
            .seed = r.seed};
}

Result<Conversation> conversation_of(const linnet_request& r) {
    if (r.message_count == 0) return Error{Code::Usage, "a conversation has at least one message"};
    Conversation conversation;
    for (size_t i = 0; i < r.message_count; i++) {
        std::string role = TRY(boundary::text_of(r.messages[i].role, "the role of a message"));
        if (role != "system" && role != "user" && role != "assistant")
            return Error{Code::Usage, cat("a message has the role '", printable(role, 20), "'"),
                         "use system, user or assistant"};
        std::string content = TRY(boundary::text_of(r.messages[i].content, "a message"));
        conversation.messages.push_back({.role = std::move(role), .content = std::move(content)});
    }
    if (r.thinking != 0) conversation.enable_thinking = r.thinking > 0;
    return conversation;
}

Result<GenerationRequest> request_of(const linnet_request* given) {
    if (!given) return Error{Code::Usage, "the request is null"};
    linnet_request r = TRY(boundary::known(given));
    if ((r.messages != nullptr) == (r.text != nullptr))
        return Error{Code::Usage, "a request has either messages or a text"};
    GenerationRequest request;
    if (r.messages)
        request.prompt = TRY(conversation_of(r));
    else
        request.prompt = PlainPrompt{r.text};
    request.sampling = sampling_of(r);
    request.tokens_max = r.tokens_max;
    request.form = TRY(form_of(r));
    if (r.reasoning_max > 0) request.reasoning_max = r.reasoning_max;
    if (r.stop_count > 0 && !r.stop) return Error{Code::Usage, "the stop texts are null"};
    for (size_t i = 0; i < r.stop_count; i++)
        request.stop.push_back(TRY(boundary::text_of(r.stop[i], "a stop text")));
    return request;
}

// False where the caller wants no more.
bool pass_on(const GenerationEvent& event, linnet_on_text on_text, void* user) {
    for (const OutputEvent& part : event.parts) {
        if (!on_text || part.kind == OutputEvent::Kind::ToolCall) continue;
        bool reasoning = part.kind == OutputEvent::Kind::Reasoning;
        if (on_text(user, part.text.data(), part.text.size(), reasoning) != 0) return false;
    }
    return true;
}

Result<linnet_result> answer(Generation& generation, linnet_on_text on_text, void* user,
                             const Cancel& cancel) {
    linnet_result told{};
    told.prompt_tokens = generation.prompt_tokens();
    told.finish = LINNET_FINISH_CANCELLED;
    for (;;) {
        auto next = generation.next(cancel);
        if (!next && next.error().code == Code::Interrupted) return told;
        auto event = TRY(std::move(next));
        check(event.has_value(), "an answer ends with a finish");
        told.answer_tokens += event->token.has_value();
        if (!pass_on(*event, on_text, user)) return told;
        if (!event->finish) continue;
        told.cached_tokens = event->stats.cached_tokens;
        told.answer_tokens = event->stats.answer_tokens;
        told.first_token_s = event->stats.first_token_s;
        told.answer_s = event->stats.answer_s;
        if (event->finish != StopReason::Cancelled)
            told.finish =
                event->finish == StopReason::Length ? LINNET_FINISH_LENGTH : LINNET_FINISH_END;
        return told;
    }
}

const Cancel& flag_of(const linnet_cancel* cancel, const Cancel& never) {
    return cancel ? cancel->flag : never;
}

}  // namespace

uint32_t linnet_abi_version(void) {
    return LINNET_ABI_VERSION;
}
const char* linnet_version(void) {
    return LINNET_VERSION;
}

linnet_cancel* linnet_cancel_new(void) {
    return new (std::nothrow) linnet_cancel;
}
void linnet_cancel_request(linnet_cancel* cancel) {
    if (cancel) cancel->flag.request();
}
void linnet_cancel_reset(linnet_cancel* cancel) {
    if (cancel) cancel->flag.reset();
}
void linnet_cancel_free(linnet_cancel* cancel) {
    delete cancel;
}

int linnet_model_open(const char* path, const linnet_model_options* options, linnet_model** model,
                      linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!model) return Error{Code::Usage, "there is no place for the model"};
        *model = nullptr;
        boundary::Opened opened = TRY(boundary::open_files(path, options));
        const linnet_model_options& how = opened.options;
        auto made = std::make_unique<linnet_model>();
        made->generator = TRY(LocalGenerator::open(
            opened.checkpoint, opened.math, opened.kernels, made->clock,
            {.threads = how.threads,
             .context = how.context,
             .sequences_max = std::max(how.sequences, 1u),
             .queue_max = how.waiting == 0 ? EngineOptions{}.queue_max : how.waiting,
             .kv = opened.kv,
             .memory_max = opened.memory_max}));
        *model = made.release();
        return Done{};
    });
}
void linnet_model_free(linnet_model* model) {
    delete model;
}
uint32_t linnet_model_context(const linnet_model* model) {
    return model ? model->generator->context() : 0;
}

int linnet_tokenize(const linnet_model* model, const char* text, int32_t* tokens, size_t tokens_max,
                    size_t* count, linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!model || !count || (!tokens && tokens_max > 0))
            return Error{Code::Usage, "the model, the count or the place for tokens is null"};
        std::string what = TRY(boundary::text_of(text, "the text"));
        auto made = model->generator->tokenizer().encode(
            what, {.bos = EncodeOptions::Add::No, .eos = EncodeOptions::Add::No});
        std::copy_n(made.begin(), std::min(made.size(), tokens_max), tokens);
        *count = made.size();
        return Done{};
    });
}

int linnet_detokenize(const linnet_model* model, const int32_t* tokens, size_t count, char* text,
                      size_t bytes_max, size_t* bytes, linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!model || !bytes || (!tokens && count > 0) || (!text && bytes_max > 0))
            return Error{Code::Usage, "the model, the tokens or the place for the text is null"};
        const Tokenizer& tokenizer = model->generator->tokenizer();
        for (size_t i = 0; i < count; i++)
            if (tokens[i] < 0 || tokens[i] >= tokenizer.size())
                return Error{Code::Usage, cat("the model has no token ", tokens[i])};
        std::string made = tokenizer.decode(std::span(tokens, count), {.show_special = true});
        std::copy_n(made.begin(), std::min(made.size(), bytes_max), text);
        *bytes = made.size();
        return Done{};
    });
}

int linnet_generate(linnet_model* model, const linnet_request* request, linnet_on_text on_text,
                    void* user, const linnet_cancel* cancel, linnet_result* result,
                    linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!model) return Error{Code::Usage, "the model is null"};
        if (result) TRY(boundary::check_size(result->size));
        GenerationRequest wanted = TRY(request_of(request));
        auto generation = TRY(model->generator->start(std::move(wanted)));
        const Cancel never;
        linnet_result told = TRY(answer(*generation, on_text, user, flag_of(cancel, never)));
        if (result) boundary::tell(told, *result);
        return Done{};
    });
}

int linnet_embedder_open(const char* path, const linnet_model_options* options,
                         linnet_embedder** embedder, linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!embedder) return Error{Code::Usage, "there is no place for the embedder"};
        *embedder = nullptr;
        boundary::Opened opened = TRY(boundary::open_files(path, options));
        auto made = std::make_unique<linnet_embedder>();
        made->embedder = TRY(Embedder::open(opened.checkpoint, opened.math, opened.kernels,
                                            {.threads = opened.options.threads,
                                             .context = opened.options.context,
                                             .kv = opened.kv,
                                             .memory_max = opened.memory_max}));
        *embedder = made.release();
        return Done{};
    });
}
void linnet_embedder_free(linnet_embedder* embedder) {
    delete embedder;
}
size_t linnet_embedder_dimensions(const linnet_embedder* embedder) {
    return embedder ? embedder->embedder->dimensions() : 0;
}

int linnet_embed(linnet_embedder* embedder, const char* const* texts, size_t count, int role,
                 float* vectors, const linnet_cancel* cancel, linnet_error** error) {
    return guarded(error, [&]() -> Result<> {
        if (!embedder || ((!texts || !vectors) && count > 0))
            return Error{Code::Usage, "the embedder, the texts or the place for vectors is null"};
        if (role < LINNET_PLAIN || role > LINNET_DOCUMENT)
            return Error{Code::Usage, cat("there is no role ", role)};
        std::vector<std::string> what;
        for (size_t i = 0; i < count; i++)
            what.push_back(TRY(boundary::text_of(texts[i], "a text")));
        const Cancel never;
        auto made = TRY(embedder->embedder->embed(what, {.role = static_cast<TextRole>(role)},
                                                  flag_of(cancel, never)));
        for (const Embedding& embedding : made)
            vectors = std::ranges::copy(embedding.values, vectors).out;
        return Done{};
    });
}
