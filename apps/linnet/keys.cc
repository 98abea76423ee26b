#include "linnet/keys.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"

namespace linnet {
namespace {

constexpr int escape_wait_ms = 50;  // a lone Esc is told from a sequence by the pause behind it
constexpr size_t sequence_max = 32;
constexpr size_t paste_max = 1'000'000;
constexpr std::string_view replacement = "\uFFFD";

// Control characters by their letter, as Emacs and every shell has them.
Key control_key(char c) {
    switch (c) {
        case '\r':
        case '\n':  // typed ahead, before the terminal was raw
            return Key::Enter;
        case '\t':
            return Key::Tab;
        case 0x7F:
        case 'H' - '@':
            return Key::EraseLeft;
        case 'A' - '@':
            return Key::LineStart;
        case 'B' - '@':
            return Key::Left;
        case 'C' - '@':
            return Key::Interrupt;
        case 'D' - '@':
            return Key::EraseOrEnd;
        case 'E' - '@':
            return Key::LineEnd;
        case 'F' - '@':
            return Key::Right;
        case 'K' - '@':
            return Key::KillToEnd;
        case 'L' - '@':
            return Key::Redraw;
        case 'N' - '@':
            return Key::Down;
        case 'P' - '@':
            return Key::Up;
        case 'R' - '@':
            return Key::Search;
        case 'T' - '@':
            return Key::Transpose;
        case 'U' - '@':
            return Key::KillToStart;
        case 'W' - '@':
            return Key::KillWordLeft;
        case 'Y' - '@':
            return Key::Yank;
        case 'Z' - '@':
            return Key::Suspend;
        default:
            return Key::Unknown;
    }
}

struct SequenceRow {
    std::string_view text;  // behind Esc [ or Esc O
    Key key;
};
constexpr SequenceRow sequences[] = {
    {"A", Key::Up},          {"B", Key::Down},           {"C", Key::Right},
    {"D", Key::Left},        {"H", Key::LineStart},      {"F", Key::LineEnd},
    {"1~", Key::LineStart},  {"7~", Key::LineStart},     {"4~", Key::LineEnd},
    {"8~", Key::LineEnd},    {"3~", Key::EraseRight},    {"1;5C", Key::WordRight},
    {"1;5D", Key::WordLeft}, {"1;3C", Key::WordRight},   {"1;3D", Key::WordLeft},
    {"5C", Key::WordRight},  {"5D", Key::WordLeft},      {"3;5~", Key::KillWordRight},
    {"13;2u", Key::NewLine}, {"27;2;13~", Key::NewLine},
};

}  // namespace

Result<std::optional<char>> KeyReader::byte(int wait_ms) {
    while (at_ == held_.size()) {
        if (over_) return std::optional<char>();
        TRY(cancel_.check());
        pollfd event{fd_, POLLIN, 0};
        int ready = ::poll(&event, 1, wait_ms);
        if (ready == 0) return std::optional<char>();
        if (ready < 0) {
            if (errno == EINTR) continue;
            return system_error(errno, "wait for", "the terminal");
        }
        char buffer[4096];
        ssize_t count = ::read(fd_, buffer, sizeof buffer);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count < 0 && errno != EIO) return system_error(errno, "read", "the input");
        if (count <= 0) {  // EIO: the terminal went away
            over_ = true;
            continue;
        }
        held_.assign(buffer, static_cast<size_t>(count));
        at_ = 0;
    }
    return std::optional<char>(held_[at_++]);
}

Result<KeyPress> KeyReader::next() {
    std::optional<char> first = TRY(byte(-1));
    if (!first) return KeyPress{Key::End};
    if (*first == '\x1b') return escape();
    auto code = static_cast<unsigned char>(*first);
    if (code < 0x20 || code == 0x7F) return KeyPress{control_key(*first)};
    return character(*first);
}

Result<KeyPress> KeyReader::character(char lead) {
    auto code = static_cast<unsigned char>(lead);
    size_t length = code >= 0xF0 ? 4 : code >= 0xE0 ? 3 : code >= 0xC0 ? 2 : 1;
    std::string text(1, lead);
    while (text.size() < length) {
        std::optional<char> more = TRY(byte(escape_wait_ms));
        if (!more) break;
        if ((static_cast<unsigned char>(*more) & 0xC0) != 0x80) {
            at_--;
            break;
        }
        text += *more;
    }
    if (!valid_utf8(text)) text = replacement;
    return KeyPress{Key::Text, std::move(text)};
}

Result<KeyPress> KeyReader::escape() {
    std::optional<char> second = TRY(byte(escape_wait_ms));
    if (!second) return KeyPress{Key::Unknown};
    switch (*second) {
        case '[':
        case 'O':
            return sequence();
        case 'b':
            return KeyPress{Key::WordLeft};
        case 'f':
            return KeyPress{Key::WordRight};
        case 'd':
            return KeyPress{Key::KillWordRight};
        case 0x7F:
            return KeyPress{Key::KillWordLeft};
        case '\r':
        case '\n':
            return KeyPress{Key::NewLine};
        default:
            return KeyPress{Key::Unknown};
    }
}

Result<KeyPress> KeyReader::sequence() {
    std::string text;
    while (text.size() < sequence_max) {
        std::optional<char> more = TRY(byte(escape_wait_ms));
        if (!more) break;
        text += *more;
        if (*more >= '@' && *more <= '~') break;
    }
    if (text == "200~") return paste();
    for (const SequenceRow& row : sequences)
        if (row.text == text) return KeyPress{row.key};
    return KeyPress{Key::Unknown};
}

// Pasted text is taken as it is, line breaks included; what else would steer the terminal is left
// out. Behind paste_max it is dropped up to its end.
Result<KeyPress> KeyReader::paste() {
    constexpr std::string_view end = "\x1b[201~";
    std::string text;
    while (!text.ends_with(end)) {
        std::optional<char> more = TRY(byte(-1));
        if (!more) return KeyPress{Key::End};
        text += *more;
        if (text.size() > paste_max + end.size()) text.erase(paste_max, 1);
    }
    text.resize(text.size() - end.size());
    text = replace_all(replace_all(std::move(text), "\r\n", "\n"), "\r", "\n");
    std::string clean;
    std::string_view rest = text;
    while (!rest.empty()) {
        size_t length = 1;
        while (length < rest.size() && length < 4 && !valid_utf8(rest.substr(0, length))) length++;
        std::string_view one = rest.substr(0, length);
        bool fine = valid_utf8(one);
        auto code = static_cast<unsigned char>(one[0]);
        bool control = (code < 0x20 && code != '\n' && code != '\t') || code == 0x7F;
        if (!control) clean += fine ? one : replacement;
        rest.remove_prefix(fine ? length : 1);
    }
    return KeyPress{Key::Text, std::move(clean)};
}

Result<std::optional<std::string>> KeyReader::line(size_t line_max) {
    std::string text;
    for (;;) {
        std::optional<char> next = TRY(byte(-1));
        if (!next && text.empty()) return std::optional<std::string>();
        if (!next || *next == '\n') break;
        if (text.size() >= line_max)
            return Error{Code::BadInput,
                         cat("a line of the input is longer than ", bytes_text(line_max))};
        text += *next;
    }
    if (text.ends_with('\r')) text.pop_back();
    return std::optional<std::string>(std::move(text));
}

}  // namespace linnet
