#include "linnet/help.h"

#include "base/text.h"
#include "linnet/leaf.h"

namespace linnet {
namespace {

class HelpCommand final : public Command {
  public:
    bool reads_settings() const override { return false; }

    void declare(Syntax& syntax) override {
        syntax.positional("COMMAND", &words_, "the command or topic to tell about")
            .completes(Complete::Command);
        syntax.example("linnet help options", "list what every command takes");
    }

    Result<> run(Context& context) override {
        std::string text = TRY(find());
        context.output.print(text);
        context.output.document(Json::object({{"help", text}}));
        return Done{};
    }

  private:
    Result<std::string> find() const {
        Help help{command_table(), command_groups()};
        if (words_.empty()) return help.of_program();
        for (const HelpTopic& topic : help_topics())
            if (words_.size() == 1 && words_[0] == topic.name) return topic.text();
        Route route = TRY(find_route(words_, help.commands, help.groups));
        if (!route.rest.empty())
            return Error{Code::Usage,
                         cat("there is no command '", printable(join(words_, " ")), "'"),
                         "linnet help"};
        return route.row ? help.of_command(*route.row) : help.of_group(*route.group);
    }

    std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> help_command() {
    return std::make_unique<HelpCommand>();
}

}  // namespace linnet
