// What a terminal sends, as keys.
#pragma once

#include <optional>
#include <string>

#include "base/cancel.h"

namespace linnet {

enum class Key {
    Text,  // characters, or a paste
    Enter,
    NewLine,  // Alt-Enter: a line break in the text
    Tab,
    Interrupt,   // Ctrl-C
    Suspend,     // Ctrl-Z
    End,         // the input is over
    EraseOrEnd,  // Ctrl-D
    Left,
    Right,
    Up,
    Down,
    LineStart,
    LineEnd,
    WordLeft,
    WordRight,
    EraseLeft,
    EraseRight,
    KillWordLeft,
    KillWordRight,
    KillToStart,
    KillToEnd,
    Yank,
    Transpose,
    Search,  // Ctrl-R
    Redraw,  // Ctrl-L
    Unknown,
};

struct KeyPress {
    Key key;
    std::string text{};  // of Key::Text, valid UTF-8
};

// Reads from a terminal in raw mode, or lines from anything else. What was read too far stays for
// the next call.
class KeyReader {
  public:
    KeyReader(int fd, Cancel& cancel) : fd_(fd), cancel_(cancel) {}

    // Waits for a key; Code::Interrupted when the Cancel is set by a signal.
    Result<KeyPress> next();
    // More came in than was taken: what is drawn now would be drawn again at once.
    bool has_more() const { return at_ < held_.size(); }
    // A line without its end, of at most line_max bytes; nothing at the end of the input.
    Result<std::optional<std::string>> line(size_t line_max);

  private:
    // The next byte; nothing after `wait_ms` (never, where negative) or at the end of the input.
    Result<std::optional<char>> byte(int wait_ms);
    Result<KeyPress> escape();
    Result<KeyPress> sequence();
    Result<KeyPress> paste();
    Result<KeyPress> character(char lead);

    int fd_;
    Cancel& cancel_;
    std::string held_;
    size_t at_ = 0;
    bool over_ = false;
};

}  // namespace linnet
