#include "linnet/chat_input.h"

#include <unistd.h>

#include "linnet/signals.h"

namespace linnet {

ChatInput::ChatInput(Context& context)
    : context_(context),
      editor_(STDIN_FILENO, STDOUT_FILENO,
              context.environment.get("TERM").value_or("dumb") == "dumb", context.cancel) {
    if (!editor_.is_interactive()) return;
    auto kept = History::open(context.paths.state / "chat_history");
    if (kept)
        history_ = std::move(*kept);
    else
        context.output.warn(kept.error().what);
}

Result<std::optional<std::string>> ChatInput::message(Completer completer) {
    for (;;) {
        context_.output.flush();
        auto line = editor_.read_line("> ", history_, completer);
        // A Ctrl-C that came before the terminal gave keys was for the prompt.
        bool early = !line && line.error().code == Code::Interrupted && editor_.is_interactive() &&
                     Signals::forgive_interrupt(context_.cancel);
        if (!early) return line;
    }
}

}  // namespace linnet
