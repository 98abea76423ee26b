// linnet chat: a conversation.
#include "base/text.h"
#include "linnet/chat_session.h"
#include "linnet/generation.h"
#include "linnet/input.h"
#include "linnet/signals.h"

namespace linnet {
namespace {

class ChatCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax
            .positional("MODEL", &model_,
                        "a model file or a name of the store; else the default model")
            .completes(Complete::Model);
        syntax.option("-s,--system", &system_, "TEXT", "what the model shall be");
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        syntax.option("--think", &think_, "HOW", "reasoning of models that can: show, hide, or off")
            .one_of({"show", "hide", "off"});
        syntax.flag("--stats", options_.stats, "tell speed and memory after each answer");
        syntax.about(
            "/help lists what can be typed besides questions. Ctrl-C stops an answer, Ctrl-D ends "
            "the chat. Lines from a pipe "
            "are asked one after the other.");
        syntax.example("linnet chat", "talk with the default model");
        syntax.endless();
    }

    Result<> run(Context& context) override {
        auto generator = TRY(options_.open(context, model_));
        ChatSession session(context, *generator,
                            TRY(options_.request(generator->engine().model().checkpoint())));
        session.set_system(system_);
        session.show_stats = options_.stats;
        session.thinking = think_ == "show"   ? ChatSession::Thinking::Show
                           : think_ == "hide" ? ChatSession::Thinking::Hide
                                              : ChatSession::Thinking::Off;
        if (stdin_is_terminal())
            context.output.note(
                cat("Talking with ", printable(model_), ". /help for help, Ctrl-D to end."));
        LineInput input(context);
        while (auto line = TRY(input.message())) {
            if (trim(*line).empty()) continue;
            if (!line->starts_with('/')) {
                TRY(show(context, session.ask(std::move(*line))));
                continue;
            }
            auto goes_on = session.command(trim(*line));
            if (!goes_on) TRY(show(context, std::move(goes_on).error()));
            if (goes_on && !*goes_on) break;
        }
        return Done{};
    }

  private:
    // What goes wrong with one message does not end the chat; an interruption does.
    static Result<> show(Context& context, Result<> result) {
        if (!result && result.error().code == Code::Interrupted) return result;
        if (!result) context.output.error(result.error());
        return Done{};
    }

    std::string model_ = "default", system_, think_ = "show";
    GenerationOptions options_;
};

}  // namespace

std::unique_ptr<Command> chat_command() {
    return std::make_unique<ChatCommand>();
}

}  // namespace linnet
