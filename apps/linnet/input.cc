#include "linnet/input.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"

namespace linnet {

bool stdin_is_terminal() {
    return ::isatty(STDIN_FILENO) == 1;
}

bool stdin_is_document() {
    struct stat info{};
    if (::fstat(STDIN_FILENO, &info) != 0) return false;
    return S_ISREG(info.st_mode) || S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
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
