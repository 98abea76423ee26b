#include "linnet/line_editor.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "linnet/output.h"
#include "linnet/signals.h"

namespace linnet {
namespace {

constexpr std::string_view quotes = "\"\"\"";
constexpr std::string_view more_prompt = "... ";

// Keys come one by one and unechoed while this lives; a paste is marked as one.
class RawTerminal {
  public:
    RawTerminal(int input_fd, int output_fd) : input_fd_(input_fd), output_fd_(output_fd) {
        enter();
    }
    ~RawTerminal() { leave(); }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    void enter() {
        if (::tcgetattr(input_fd_, &before_) != 0) return;
        termios raw = before_;
        raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
        raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        Signals::restore_on_exit(input_fd_, &before_);
        // TCSADRAIN: what was typed ahead stays.
        ::tcsetattr(input_fd_, TCSADRAIN, &raw);
        send("\x1b[?2004h");
    }
    void leave() {
        ::tcsetattr(input_fd_, TCSADRAIN, &before_);
        send("\x1b[?2004l");
        Signals::restore_on_exit(-1, nullptr);
    }

  private:
    void send(std::string_view text) {
        [[maybe_unused]] ssize_t ignored = ::write(output_fd_, text.data(), text.size());
    }
    int input_fd_, output_fd_;
    termios before_{};
};

winsize window(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size = {24, 80, 0, 0};
    return size;
}

// A text goes on: with a \ at its end, or from """ until """. Gives the prompt-free rest, or
// nothing where it is complete.
bool goes_on(std::string_view text) {
    if (text.starts_with(quotes))
        return text.size() < 2 * quotes.size() || !trim(text).ends_with(quotes);
    return text.ends_with('\\');
}

std::string without_marks(std::string text) {
    if (!text.starts_with(quotes)) return text;
    std::string_view inner = trim(text);
    inner.remove_prefix(quotes.size());
    if (inner.ends_with(quotes)) inner.remove_suffix(quotes.size());
    if (inner.starts_with('\n')) inner.remove_prefix(1);
    if (inner.ends_with('\n')) inner.remove_suffix(1);
    return std::string(inner);
}

}  // namespace

LineEditor::LineEditor(int input_fd, int output_fd, bool plain, Cancel& cancel)
    : input_fd_(input_fd),
      output_fd_(output_fd),
      interactive_(!plain && ::isatty(input_fd) == 1 && ::isatty(output_fd) == 1),
      keys_(input_fd, cancel) {}

Result<std::optional<std::string>> LineEditor::read_line(std::string_view prompt,
                                                         History& history) {
    return read_line(prompt, history, [](std::string_view) { return std::vector<std::string>(); });
}

Result<std::optional<std::string>> LineEditor::read_line(std::string_view prompt, History& history,
                                                         Completer completer) {
    std::string text;
    bool first = true;
    for (;;) {
        bool on_terminal = ::isatty(input_fd_) == 1 && ::isatty(output_fd_) == 1;
        std::string_view shown = first ? prompt : more_prompt;
        if (!interactive_ && on_terminal) write(shown);
        auto part = interactive_ ? TRY(edit(shown, more_prompt, history, completer))
                                 : TRY(keys_.line(LineBuffer::text_max));
        if (!part && first) return part;
        if (part) text += *part;
        if (text.size() > LineBuffer::text_max)
            return Error{Code::BadInput,
                         cat("the input is longer than ", bytes_text(LineBuffer::text_max))};
        if (!part || !goes_on(text)) break;
        if (!text.starts_with(quotes)) text.pop_back();  // the backslash
        text += '\n';
        first = false;
    }
    text = without_marks(std::move(text));
    // A history that cannot be written is no reason to lose what was typed.
    if (interactive_) (void)history.add(text);
    return std::optional<std::string>(std::move(text));
}

Result<std::optional<std::string>> LineEditor::edit(std::string_view prompt, std::string_view more,
                                                    const History& history, Completer completer) {
    RawTerminal raw(input_fd_, output_fd_);
    prompt_ = prompt;
    more_ = more;
    buffer_.set("");
    drawn_cursor_row_ = 0;
    drawn_rows_ = 1;
    history_at_ = history.entries().size();
    unfinished_.clear();
    bool dropped_before = false;
    draw();
    for (;;) {
        KeyPress pressed = TRY(keys_.next());
        if (pressed.key == Key::Suspend) {
            leave_text();
            raw.leave();
            ::raise(SIGTSTP);
            raw.enter();
            draw();
            continue;
        }
        Outcome outcome = TRY(press(pressed, history, completer));
        if (outcome != Outcome::Going) draw();  // what came in with this key was not drawn yet
        if (outcome == Outcome::Entered) {
            leave_text();
            return std::optional<std::string>(buffer_.text());
        }
        if (outcome == Outcome::Over) {
            leave_text();
            return std::optional<std::string>();
        }
        if (outcome == Outcome::Dropped) {
            bool nothing = buffer_.text().empty();
            leave_text();
            if (nothing && dropped_before) return Error{Code::Interrupted, "interrupted"};
            if (nothing) write("(Ctrl-D or a second Ctrl-C leaves)\r\n");
            buffer_.set("");
            history_at_ = history.entries().size();
        }
        dropped_before = outcome == Outcome::Dropped;
        if (!keys_.has_more() || outcome == Outcome::Dropped) draw();
    }
}

Result<LineEditor::Outcome> LineEditor::press(const KeyPress& pressed, const History& history,
                                              Completer completer) {
    bool was_listed = std::exchange(listed_, false);
    switch (pressed.key) {
        case Key::Enter:
            return Outcome::Entered;
        case Key::Interrupt:
            return Outcome::Dropped;
        case Key::End:
            return buffer_.text().empty() ? Outcome::Over : Outcome::Entered;
        case Key::EraseOrEnd:
            if (buffer_.text().empty()) return Outcome::Over;
            if (!buffer_.erase_right()) bell();
            break;
        case Key::Up:
            if (!buffer_.up()) show_history(history, -1);
            break;
        case Key::Down:
            if (!buffer_.down()) show_history(history, +1);
            break;
        case Key::Search:
            TRY(search(history));
            break;
        case Key::Tab:
            listed_ = was_listed;
            complete(completer);
            break;
        case Key::Redraw:
            write("\x1b[H\x1b[2J");
            drawn_cursor_row_ = 0;
            break;
        case Key::Text:
            if (!buffer_.insert(pressed.text)) bell();
            break;
        case Key::NewLine:
            if (!buffer_.insert("\n")) bell();
            break;
        default:
            if (!edit_key(pressed.key)) bell();
    }
    return Outcome::Going;
}

bool LineEditor::edit_key(Key key) {
    switch (key) {
        case Key::Left:
            return buffer_.left();
        case Key::Right:
            return buffer_.right();
        case Key::LineStart:
            return buffer_.line_start();
        case Key::LineEnd:
            return buffer_.line_end();
        case Key::WordLeft:
            return buffer_.word_left();
        case Key::WordRight:
            return buffer_.word_right();
        case Key::EraseLeft:
            return buffer_.erase_left();
        case Key::EraseRight:
            return buffer_.erase_right();
        case Key::KillWordLeft:
            return buffer_.kill_word_left();
        case Key::KillWordRight:
            return buffer_.kill_word_right();
        case Key::KillToStart:
            return buffer_.kill_to_line_start();
        case Key::KillToEnd:
            return buffer_.kill_to_line_end();
        case Key::Yank:
            return buffer_.yank();
        case Key::Transpose:
            return buffer_.transpose();
        default:
            return false;
    }
}

void LineEditor::show_history(const History& history, ptrdiff_t step) {
    const auto& entries = history.entries();
    auto next = static_cast<ptrdiff_t>(history_at_) + step;
    if (next < 0 || next > static_cast<ptrdiff_t>(entries.size())) return bell();
    if (history_at_ == entries.size()) unfinished_ = buffer_.text();
    history_at_ = static_cast<size_t>(next);
    buffer_.set(history_at_ == entries.size() ? unfinished_ : entries[history_at_]);
}

// Ctrl-R: the newest entry that contains what is typed; Ctrl-R again goes on to older ones. Any
// editing key takes the entry over, Ctrl-C goes back.
Result<> LineEditor::search(const History& history) {
    const auto& entries = history.entries();
    std::string before = buffer_.text(), wanted;
    size_t below = entries.size();  // entries from here on were seen
    for (;;) {
        draw(cat("(search: ", printable(wanted, 40), ") "), more_);
        KeyPress pressed = TRY(keys_.next());
        size_t from = entries.size();
        if (pressed.key == Key::Text) {
            wanted += pressed.text;
        } else if (pressed.key == Key::EraseLeft && !wanted.empty()) {
            wanted.erase(character_begin(wanted, wanted.size()));
        } else if (pressed.key == Key::Search) {
            from = below;
        } else {
            if (pressed.key == Key::Interrupt) buffer_.set(before);
            return Done{};
        }
        size_t found = from;
        while (found > 0 && entries[found - 1].find(wanted) == std::string::npos) found--;
        if (found == 0 || wanted.empty()) {
            bell();
            continue;
        }
        below = found - 1;
        history_at_ = found - 1;
        buffer_.set(entries[found - 1]);
    }
}

// One candidate is taken; several are completed as far as they agree, and listed by a second Tab.
void LineEditor::complete(Completer completer) {
    constexpr size_t listed_max = 100;
    std::string_view text = buffer_.text();
    std::string before(text.substr(0, buffer_.cursor()));
    std::string after(text.substr(buffer_.cursor()));
    std::vector<std::string> found = completer(before);
    if (found.empty()) return bell();
    std::string common = found[0];
    for (const std::string& candidate : found) {
        auto parted = std::ranges::mismatch(common, candidate).in1;
        common.erase(parted, common.end());
    }
    while (!valid_utf8(common)) common.pop_back();  // two characters may share their first byte
    if (common.size() > before.size() || found.size() == 1) {
        LineBuffer completed;
        completed.set(found.size() == 1 ? found[0] : common);
        size_t cursor = completed.cursor();
        buffer_.set(completed.text() + after);
        while (buffer_.cursor() > cursor && buffer_.left()) {
        }
        return;
    }
    if (!std::exchange(listed_, true)) return bell();
    leave_text();
    for (size_t i = 0; i < std::min(found.size(), listed_max); i++)
        write(cat(printable(found[i]), "\r\n"));
    if (found.size() > listed_max) write(cat("… and ", found.size() - listed_max, " more\r\n"));
}

// Draws over what was drawn before. Rows beyond the window's height are left out around the cursor.
void LineEditor::draw(std::string_view prompt, std::string_view more) {
    winsize size = window(output_fd_);
    LineLayout layout = lay_out(prompt, more, buffer_.text(), buffer_.cursor(), size.ws_col);
    size_t shown = std::min<size_t>(layout.rows.size(), std::max<size_t>(size.ws_row, 2) - 1);
    size_t first = layout.cursor_row >= shown ? layout.cursor_row - shown + 1 : 0;
    std::string out = "\r";
    if (drawn_cursor_row_ > 0) out += cat("\x1b[", drawn_cursor_row_, "A");
    out += "\x1b[J";
    for (size_t i = 0; i < shown; i++) out += cat(i > 0 ? "\r\n" : "", layout.rows[first + i]);
    drawn_cursor_row_ = layout.cursor_row - first;
    drawn_rows_ = shown;
    if (size_t up = shown - 1 - drawn_cursor_row_; up > 0) out += cat("\x1b[", up, "A");
    out += '\r';
    if (layout.cursor_column > 0) out += cat("\x1b[", layout.cursor_column, "C");
    write(out);
}

void LineEditor::leave_text() {
    std::string out;
    if (size_t down = drawn_rows_ - 1 - drawn_cursor_row_; down > 0) out += cat("\x1b[", down, "B");
    write(out + "\r\n");
    drawn_cursor_row_ = 0;
    drawn_rows_ = 1;
}

void LineEditor::write(std::string_view text) const {
    while (!text.empty()) {
        ssize_t wrote = ::write(output_fd_, text.data(), text.size());
        if (wrote < 0 && errno != EINTR) return;  // the next read tells that the terminal is gone
        if (wrote > 0) text.remove_prefix(static_cast<size_t>(wrote));
    }
}

}  // namespace linnet
