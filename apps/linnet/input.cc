#include "linnet/input.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "linnet/signals.h"

namespace linnet {

bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

// The next bytes of standard input; nothing at its end. Waits in steps, so that Ctrl-C is seen
// although nothing comes.
static Result<std::optional<std::string>> read_some(Context& context) {
    constexpr int step_ms = 50;
    char chunk[65536];
    for (;;) {
        TRY(context.cancel.check());
        struct pollfd ready{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        int count = ::poll(&ready, 1, step_ms);
        if (count == 0 || (count < 0 && errno == EINTR)) continue;
        ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_error(errno, "read", "standard input");
        if (got == 0) return std::optional<std::string>();
        return std::optional(std::string(chunk, static_cast<size_t>(got)));
    }
}

static Error too_long() {
    return {Code::NoFit, cat("standard input is longer than ", bytes_text(input_bytes_max))};
}

Result<std::string> read_input(Context& context) {
    std::string text;
    while (auto some = TRY(read_some(context))) {
        text += *some;
        if (text.size() > input_bytes_max) return too_long();
    }
    return text;
}

Result<std::optional<std::string>> LineInput::line(std::string_view prompt) {
    if (stdin_is_terminal()) context_.output.print(prompt);
    context_.output.flush();
    for (;;) {
        if (size_t end = held_.find('\n'); end != held_.npos) {
            std::string out = held_.substr(0, end);
            held_.erase(0, end + 1);
            return std::optional(std::move(out));
        }
        if (ended_) return held_.empty() ? std::nullopt : std::optional(std::exchange(held_, {}));
        auto some = read_some(context_);
        if (!some && stdin_is_terminal() && Signals::forgive_interrupt(context_.cancel)) {
            context_.output.line();
            return std::optional(std::string());
        }
        if (!some) return std::move(some).error();
        ended_ = !some->has_value();
        if (*some) held_ += **some;
        if (held_.size() > input_bytes_max) return too_long();
    }
}

Result<std::optional<std::string>> LineInput::message() {
    constexpr std::string_view quotes = "\"\"\"";
    auto first = TRY(line("> "));
    if (!first || !trim(*first).starts_with(quotes)) return first;
    std::string text(trim(*first).substr(quotes.size()));
    while (!std::string_view(text).ends_with(quotes)) {
        auto more = TRY(line(". "));
        if (!more) return std::optional(std::move(text));
        text += (text.empty() ? "" : "\n") + *more;
    }
    text.resize(text.size() - quotes.size());
    return std::optional(std::move(text));
}

Result<std::string> prompt_or_input(Context& context, const std::string& argument) {
    if (!argument.empty() && argument != "-") return argument;
    if (argument.empty() && stdin_is_terminal())
        return Error{Code::Usage, "there is no prompt",
                     "add it behind the model, or pipe a text in"};
    std::string text = TRY(read_input(context));
    if (trim(text).empty()) return Error{Code::Usage, "the prompt is empty"};
    return text;
}

}  // namespace linnet
