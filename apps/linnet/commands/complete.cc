// linnet complete: a prompt, continued as it is, for scripts.
#include "base/text.h"
#include "linnet/generation.h"
#include "linnet/input.h"

namespace linnet {
namespace {

class CompleteCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("MODEL", &model_, "a model file or a name of the store")
            .required()
            .completes(Complete::Model);
        syntax.positional("PROMPT", &prompt_,
                          "the text to continue; - reads it from standard input");
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        syntax
            .option("--logprobs", &logprobs_, "N",
                    "log-probabilities of each token and its N best rivals")
            .between(0, 100);
        syntax.flag("--ignore-end", ignore_end_, "go on behind the model's end of text");
        syntax.flag("--stats", options_.stats, "tell speed and memory");
        syntax.about(
            "The prompt is taken as it is, without the model's chat template; control tokens such "
            "as <|im_start|> in it count.");
        syntax.example("linnet complete default 'The capital of France is' --temp 0 -n 8",
                       "continue a text");
    }

    Result<> run(Context& context) override {
        std::string prompt = TRY(prompt_or_input(context, prompt_));
        auto generator = TRY(options_.open(context, model_));
        GenerationRequest request = TRY(options_.request(generator->engine().model().checkpoint()));
        request.prompt = PlainPrompt{std::move(prompt)};
        request.logprobs = logprobs_.has_value();
        request.top_logprobs = static_cast<size_t>(logprobs_.value_or(0));
        request.ignore_end = ignore_end_;
        auto generation = TRY(generator->start(std::move(request)));
        Json tokens = Json::array(), logprobs = Json::array();
        std::string text;
        while (auto event = TRY(generation->next(context.cancel))) {
            for (const OutputEvent& part : event->parts) {
                text += part.text;
                context.output.print(part.text);
                context.output.flush();
            }
            if (event->token) tokens.push(event->token->id);
            if (event->token && logprobs_) logprobs.push(logprob(*event, generator->tokenizer()));
            if (!event->finish) continue;
            context.output.line();
            if (options_.stats) context.output.note(stats_line(event->stats));
            Json result = Json::object({{"model", model_},
                                        {"text", text},
                                        {"tokens", tokens},
                                        {"finish_reason", stop_name(*event->finish)},
                                        {"stats", stats_document(event->stats)}});
            if (logprobs_) result.set("logprobs", std::move(logprobs));
            context.output.document(std::move(result));
        }
        return Done{};
    }

  private:
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
    GenerationOptions options_;
    std::optional<int64_t> logprobs_;
    bool ignore_end_ = false;
};

}  // namespace

std::unique_ptr<Command> complete_text_command() {
    return std::make_unique<CompleteCommand>();
}

}  // namespace linnet
