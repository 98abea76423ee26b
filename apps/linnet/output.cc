#include "linnet/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/code.h"
#include "base/file.h"
#include "base/text.h"

namespace linnet {

Result<ColorMode> parse_color_mode(std::string_view name) {
    if (name == "auto") return ColorMode::Auto;
    if (name == "always") return ColorMode::Always;
    if (name == "never") return ColorMode::Never;
    return Error{Code::Usage, cat("'", printable(name), "' is not a colour mode"),
                 "use auto, always or never"};
}

Output::Output(int stdout_fd, int stderr_fd, const Environment& environment, Cancel& cancel)
    : stdout_{stdout_fd, ::isatty(stdout_fd) == 1},
      stderr_{stderr_fd, ::isatty(stderr_fd) == 1},
      no_color_(environment.get("NO_COLOR").has_value() ||
                environment.get("TERM").value_or("") == "dumb"),
      cancel_(cancel) {}

Output::~Output() {
    transient({});
    flush();
}

size_t Output::columns() const {
    winsize size{};
    if (stderr_.terminal && ::ioctl(stderr_.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

// Writes all or notes the first failure; after one, nothing more is tried.
void Output::drain(Stream& stream) {
    std::string_view rest = stream.held;
    while (!rest.empty() && stream.failure == 0) {
        ssize_t written = ::write(stream.fd, rest.data(), rest.size());
        if (written >= 0) {
            rest.remove_prefix(static_cast<size_t>(written));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            // Somebody shares the descriptor and made it non-blocking. Ctrl-C still ends the wait.
            pollfd wait{stream.fd, POLLOUT, 0};
            ::poll(&wait, 1, 1000);
            if (cancel_.requested()) stream.failure = EAGAIN;
        } else if (errno != EINTR) {
            stream.failure = errno;
            if (&stream == &stdout_) cancel_.request();  // nobody gets what would still come
        }
    }
    stream.held.clear();
}

void Output::write(Stream& stream, std::string_view text) {
    constexpr size_t held_max = 65536;
    stream.held += text;
    if (stream.held.size() >= held_max) drain(stream);
}

void Output::flush() {
    drain(stdout_);
}

void Output::print(std::string_view text) {
    if (options_.json) return;
    transient({});
    write(stdout_, text);
}

void Output::line(std::string_view text) {
    print(cat(text, '\n'));
}

void Output::document(Json result) {
    check(result.is_object(), "a command's document is an object");
    if (options_.json) document_ = std::move(result);
}

void Output::to_stderr(std::string_view text) {
    drain(stdout_);  // keeps the order where both are one terminal or file
    transient({});
    write(stderr_, text);
    drain(stderr_);
}

void Output::note(std::string_view text) {
    if (!options_.quiet) to_stderr(cat(text, '\n'));
}

void Output::warn(std::string_view text) {
    if (!options_.quiet)
        to_stderr(cat("linnet: ", paint_note(Style::Yellow, "warning:"), ' ', text, '\n'));
}

void Output::error(const Error& error) {
    std::string text = cat(paint_note(Style::Red, "linnet:"), ' ', error.what, '\n');
    if (!error.next.empty()) text += cat("  try: ", error.next, '\n');
    to_stderr(text);
    if (!options_.json) return;
    document_.set("error", Json::object({{"code", code_row(error.code).name},
                                         {"message", error.what},
                                         {"next", error.next}}));
}

void Output::transient(std::string_view text) {
    if (!stderr_.terminal || (text.empty() && !transient_shown_)) return;
    drain(stdout_);
    write(stderr_, cat("\r", text, "\x1b[K"));
    drain(stderr_);
    transient_shown_ = !text.empty();
}

std::string Output::styled(const Stream& stream, Style style, std::string_view text) const {
    static constexpr std::array<const char*, 7> codes = {"", "1", "2", "31", "32", "33", "36"};
    bool colored = options_.color == ColorMode::Always ||
                   (options_.color == ColorMode::Auto && stream.terminal && !no_color_);
    if (!colored || style == Style::Plain) return std::string(text);
    return cat("\x1b[", codes[static_cast<size_t>(style)], "m", text, "\x1b[0m");
}

std::string Output::paint(Style style, std::string_view text) const {
    return styled(stdout_, style, text);
}
std::string Output::paint_note(Style style, std::string_view text) const {
    return styled(stderr_, style, text);
}

bool Output::reader_gone() const {
    return stdout_.failure == EPIPE;
}

Result<> Output::finish() {
    transient({});
    if (options_.json && document_.is_object())
        write(stdout_, (stdout_.terminal ? document_.pretty() : document_.dump()) + "\n");
    document_ = nullptr;
    drain(stdout_);
    // Some file systems tell of a full disk only when a descriptor is closed.
    if (int copy = stdout_.failure ? -1 : ::dup(stdout_.fd); copy >= 0 && ::close(copy) != 0)
        stdout_.failure = errno;
    if (stdout_.failure != 0 && stdout_.failure != EPIPE)
        return system_error(stdout_.failure, "write the output to", "stdout");
    return Done{};
}

}  // namespace linnet
