// `linnet completion`, and `linnet __complete`, which the scripts call at every Tab.
#include "base/text.h"
#include "linnet/complete.h"

namespace linnet {
namespace {

class CompletionCommand final : public Command {
  public:
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.about(
            "Prints a script that completes commands, options and the names of models when Tab is "
            "pressed. Packages install it; otherwise load it where the shell starts.");
        syntax.positional("SHELL", &shell_, "bash, zsh or fish")
            .required()
            .one_of({"bash", "zsh", "fish"});
        syntax.example("linnet completion bash >> ~/.bashrc", "complete in bash from now on");
        syntax.example("linnet completion fish > ~/.config/fish/completions/linnet.fish",
                       "complete in fish from now on");
    }

    Result<> run(Context& context) override {
        std::string script = TRY(completion_script(shell_));
        context.output.print(script);
        context.output.document(Json::object({{"shell", shell_}, {"script", script}}));
        return Done{};
    }

  private:
    std::string shell_;
};

class CompleteCommand final : public Command {
  public:
    void declare(Syntax& syntax) override {
        syntax.positional("WORDS", &words_, "the line so far, without the program's name");
    }

    Result<> run(Context& context) override {
        Completion found = complete(words_, context, command_table(), command_groups());
        Json values = Json::array();
        for (const Candidate& candidate : found.candidates) {
            context.output.line(cat(candidate.value, "\t", printable(candidate.what)));
            values.push(candidate.value);
        }
        if (found.files == Complete::File) context.output.line(":files\t");
        if (found.files == Complete::Folder) context.output.line(":folders\t");
        context.output.document(Json::object({{"values", values}}));
        return Done{};
    }

  private:
    std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> completion_command() {
    return std::make_unique<CompletionCommand>();
}
std::unique_ptr<Command> complete_command() {
    return std::make_unique<CompleteCommand>();
}

}  // namespace linnet
