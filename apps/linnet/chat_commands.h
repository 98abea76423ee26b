// What can be typed in a chat besides questions: lines that begin with "/". One row each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/chat_session.h"

namespace linnet {

class ChatCommands {
  public:
    ChatCommands(Context& context, ChatSession& session) : context_(context), session_(session) {}

    // Does what the line says. False where the chat shall end.
    Result<bool> run(std::string_view line);
    // What may stand in place of what was typed, for Tab.
    std::vector<std::string> complete(std::string_view before) const;

    struct Row {
        std::string_view name, value_name, help;
        Result<> (ChatCommands::*run)(std::string_view rest);
    };

  private:
    Result<> system(std::string_view text);
    Result<> set(std::string_view rest);
    Result<> lora(std::string_view rest);
    Result<> show(std::string_view);
    Result<> save(std::string_view name);
    Result<> load(std::string_view name);
    Result<> reset(std::string_view);
    Result<> regenerate(std::string_view);
    Result<> undo(std::string_view);
    Result<> edit(std::string_view);
    Result<> stats(std::string_view);
    Result<> help(std::string_view);
    Result<> bye(std::string_view);

    static std::span<const Row> table();
    std::vector<std::string> values_for(std::string_view name, std::string_view before) const;

    Context& context_;
    ChatSession& session_;
    bool over_ = false;
};

}  // namespace linnet
