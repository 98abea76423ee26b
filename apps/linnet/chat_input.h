// What a person types in a chat: edited with a history on a terminal, line by line from elsewhere.
#pragma once

#include <optional>
#include <string>

#include "linnet/command.h"
#include "linnet/line_editor.h"

namespace linnet {

class ChatInput {
  public:
    explicit ChatInput(Context& context);

    // The next message; nothing at the end of the input or by Ctrl-D.
    Result<std::optional<std::string>> message(Completer completer);

  private:
    Context& context_;
    LineEditor editor_;
    History history_;
};

}  // namespace linnet
