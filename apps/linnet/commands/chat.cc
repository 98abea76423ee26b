// linnet chat: a conversation.
#include "base/text.h"
#include "linnet/chat_commands.h"
#include "linnet/chat_input.h"
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
                        "a model file, a name of the store or of a preset; else the default model")
            .completes(Complete::Runnable);
        syntax.option("-s,--system", &system_, "TEXT", "what the model shall be");
        options_.declare_model(syntax);
        options_.declare_sampling(syntax);
        options_.declare_form(syntax);
        options_.declare_thinking(syntax);
        syntax.flag("--stats", options_.stats, "tell speed, memory and energy after each answer");
        syntax.about(
            "/help lists what can be typed besides questions. Ctrl-C stops an answer, Ctrl-D ends "
            "the chat. Lines from a pipe are asked one after the other. What was typed is kept in "
            "chat_history in the state folder, at most 1000 entries.");
        syntax.example("linnet chat", "talk with the default model");
        syntax.example("linnet chat pirate", "talk as the preset 'pirate' says");
        syntax.endless();
    }

    Result<> run(Context& context) override {
        TRY(options_.settle(context, model_));
        auto generator = TRY(options_.open(context, model_));
        ChatSession::Settings settings{.model = model_,
                                       .request = {},
                                       .parameters = {},
                                       .adapters = {},
                                       .thinking = options_.thinking(),
                                       .show_stats = options_.stats};
        settings.request = TRY(options_.request(*generator, settings.parameters));
        for (const AdapterName& name : TRY(options_.adapter_names(context)))
            settings.adapters.push_back(name.path);
        ChatSession session(context, *generator, std::move(settings), options_.opening(system_));
        ChatCommands commands(context, session);
        if (stdin_is_terminal())
            context.output.note(
                cat("Talking with ", printable(model_), ". /help for help, Ctrl-D to end."));
        ChatInput input(context);
        auto completer = [&](std::string_view before) { return commands.complete(before); };
        while (auto message = TRY(input.message(completer))) {
            if (trim(*message).empty()) continue;
            bool is_command = message->starts_with('/') && message->find('\n') == message->npos;
            auto goes_on =
                is_command ? commands.run(*message) : asked(session.ask(std::move(*message)));
            if (!goes_on) TRY(show(context, std::move(goes_on).error()));
            if (goes_on && !*goes_on) break;
        }
        return Done{};
    }

  private:
    static Result<bool> asked(Result<> result) {
        if (!result) return std::move(result).error();
        return true;
    }
    // What goes wrong with one message does not end the chat; an interruption does.
    static Result<> show(Context& context, Error error) {
        if (error.code == Code::Interrupted) return error;
        context.output.error(error);
        return Done{};
    }

    std::string model_, system_;
    GenerationOptions options_;
};

}  // namespace

std::unique_ptr<Command> chat_command() {
    return std::make_unique<ChatCommand>();
}

}  // namespace linnet
