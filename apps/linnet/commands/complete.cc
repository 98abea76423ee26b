// linnet complete: a prompt, continued as it is, for scripts.
#include "base/text.h"
#include "linnet/answer_meter.h"
#include "linnet/generation.h"
#include "linnet/input.h"

namespace linnet {
namespace {

class CompleteCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file, a name of the store, or a preset's name")
            .completes(Complete::Runnable);
        syntax.positional("PROMPT", &prompt_,
                          "the text to continue; - reads it from standard input");
        syntax.option("--suffix", &suffix_, "TEXT",
                      "write what stands between the prompt and this text; models for code can");
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        options_.declare_form(syntax);
        options_.declare_state(syntax);
        syntax
            .option("--logprobs", &logprobs_, "N",
                    "log-probabilities of each token and its N best rivals")
            .between(0, 100);
        syntax.flag("--ignore-end", ignore_end_, "go on behind the model's end of text");
        syntax.flag("--stats", options_.stats, "tell speed, memory, energy and sampling");
        syntax.about(
            "The prompt is taken as it is, without the model's chat template; control tokens such "
            "as <|im_start|> in it count.");
        syntax.example("linnet complete default 'The capital of France is' --temp 0 -n 8",
                       "continue a text");
        syntax.example("linnet complete coder 'def add(a, b):' --suffix 'print(add(1, 2))'",
                       "fill in the middle");
    }

    Result<> run(Context& context) override {
        TRY(options_.settle(context, model_, prompt_));
        bool goes_on = options_.engine().loads_state() && prompt_.empty();
        std::string prompt = goes_on ? "" : TRY(prompt_or_input(context, prompt_));
        auto generator = TRY(options_.open(context, model_));
        auto state = TRY(options_.engine().load_state(context, generator->engine(),
                                                      options_.adapters(*generator)));
        Parameters parameters;
        GenerationRequest request = TRY(options_.request(*generator, parameters));
        uint64_t seed = request.sampling.seed;
        if (state)
            request.prompt =
                TRY(behind(std::move(*state), generator->tokenizer(), prompt, request));
        else if (suffix_)
            request.prompt = TRY(between(generator->tokenizer(), prompt, *suffix_));
        else
            request.prompt = PlainPrompt{std::move(prompt)};
        AnswerMeter meter(context.clock, options_.stats || context.output.json()
                                             ? AnswerMeter::Energy::Measured
                                             : AnswerMeter::Energy::Ignored);
        request.logprobs = logprobs_.has_value();
        request.top_logprobs = static_cast<size_t>(logprobs_.value_or(0));
        request.ignore_end = ignore_end_;
        auto generation = TRY(generator->start(std::move(request)));
        Json tokens = Json::array(), logprobs = Json::array();
        std::string text;
        while (auto event = TRY(generation->next(context.cancel))) {
            meter.sample(*event);
            for (const OutputEvent& part : event->parts) {
                text += part.text;
                context.output.print(part.text);
                context.output.flush();
            }
            if (event->token) tokens.push(event->token->id);
            if (event->token && logprobs_) logprobs.push(logprob(*event, generator->tokenizer()));
            if (!event->finish) continue;
            context.output.line();
            if (options_.stats) {
                context.output.note(meter.line(event->stats));
                context.output.note(parameters_line(parameters, seed));
            }
            Json result = Json::object({{"model", model_},
                                        {"text", text},
                                        {"tokens", tokens},
                                        {"finish_reason", stop_name(*event->finish)},
                                        {"sampling", parameters_json(parameters, seed)},
                                        {"stats", meter.document(event->stats)}});
            if (logprobs_) result.set("logprobs", std::move(logprobs));
            TRY(options_.engine().save_state(context, generator->engine(),
                                             {std::move(event->reached), ""},
                                             options_.adapters(*generator)));
            context.output.document(std::move(result));
        }
        return Done{};
    }

  private:
    // What was saved, and more text behind it. Where no text comes and no seed is given, the next
    // token is the one that would have come; a text goes where the answer had ended.
    Result<std::vector<int32_t>> behind(SavedState state, const Tokenizer& tokenizer,
                                        std::string_view text, GenerationRequest& request) const {
        if (suffix_)
            return Error{Code::Usage, "--suffix and --load-state do not go together",
                         "leave one of them out"};
        if (!options_.seed_is_given()) request.sampler = state.reached.sampler;
        std::vector<int32_t> tokens = std::move(state.reached.tokens);
        if (!text.empty() && !tokens.empty() && tokenizer.is_end(tokens.back())) tokens.pop_back();
        auto more = tokenizer.encode(
            text,
            {.bos = EncodeOptions::Add::No, .eos = EncodeOptions::Add::No, .parse_special = true});
        tokens.insert(tokens.end(), more.begin(), more.end());
        return tokens;
    }

    // The order that the models were trained with: prefix, suffix, and then what lies between.
    Result<std::vector<int32_t>> between(const Tokenizer& tokenizer, std::string_view prefix,
                                         std::string_view suffix) const {
        const SpecialTokens& special = tokenizer.special();
        for (TokenId marker : {special.fim_prefix, special.fim_suffix, special.fim_middle})
            if (marker == no_token)
                return Error{Code::Unsupported,
                             cat(printable(model_), " has no tokens to fill in the middle with"),
                             "leave out --suffix, or use a model for code that was trained for it"};
        std::vector<int32_t> tokens;
        auto add = [&](TokenId marker, std::string_view text) {
            tokens.push_back(marker);
            auto more = tokenizer.encode(
                text, {.bos = EncodeOptions::Add::No, .eos = EncodeOptions::Add::No});
            tokens.insert(tokens.end(), more.begin(), more.end());
        };
        if (tokenizer.adds_bos() && special.bos != no_token) tokens.push_back(special.bos);
        add(special.fim_prefix, prefix);
        add(special.fim_suffix, suffix);
        tokens.push_back(special.fim_middle);
        return tokens;
    }

    static Json logprob(const GenerationEvent& event, const Tokenizer& tokenizer) {
        Json top = Json::array();
        for (const TokenChoice::Ranked& rival : event.token->top)
            top.push(Json::object({{"id", rival.id},
                                   {"text", tokenizer.bytes(rival.id)},
                                   {"logprob", rival.logprob}}));
        return Json::object({{"id", event.token->id},
                             {"text", event.token_bytes},
                             {"logprob", event.token->logprob},
                             {"top", std::move(top)}});
    }

    std::string model_, prompt_;
    std::optional<std::string> suffix_;
    GenerationOptions options_;
    std::optional<int64_t> logprobs_;
    bool ignore_end_ = false;
};

}  // namespace

std::unique_ptr<Command> complete_text_command() {
    return std::make_unique<CompleteCommand>();
}

}  // namespace linnet
