#include "linnet/testing/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

#include "base/text.h"
#include "linnet/output.h"

namespace linnet::testing {
namespace {

double now_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Terminal::Terminal(std::vector<std::string> command,
                   const std::map<std::string, std::string>& variables, const Path& folder,
                   TerminalOptions options)
    : options_(options) {
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables) entries.push_back(cat(name, "=", value));
    std::vector<char*> argv, envp;
    for (std::string& word : command) argv.push_back(word.data());
    for (std::string& entry : entries) envp.push_back(entry.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    winsize size{.ws_row = options.rows, .ws_col = options.columns, .ws_xpixel = 0, .ws_ypixel = 0};
    child_ = ::forkpty(&master_, nullptr, nullptr, &size);
    check(child_ >= 0, "a pseudo-terminal can be opened");
    if (child_ == 0) {
        if (::chdir(folder.c_str()) != 0) ::_exit(126);
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
}

Terminal::~Terminal() {
    if (child_ > 0) {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }
    if (master_ >= 0) ::close(master_);
}

void Terminal::send(std::string_view keys) {
    while (!keys.empty()) {
        ssize_t wrote = ::write(master_, keys.data(), keys.size());
        if (wrote < 0) return;
        keys.remove_prefix(static_cast<size_t>(wrote));
    }
}

void Terminal::signal(int number) const {
    ::kill(child_, number);
}

void Terminal::resize(uint16_t columns, uint16_t rows) {
    winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ::ioctl(master_, TIOCSWINSZ, &size);
}

// False at the end of the program's output or of the time.
bool Terminal::read_more(double until_s) {
    for (;;) {
        double left_s = until_s - now_s();
        if (left_s <= 0) return false;
        pollfd event{master_, POLLIN, 0};
        if (::poll(&event, 1, static_cast<int>(left_s * 1000) + 1) <= 0) continue;
        char buffer[65536];
        ssize_t count = ::read(master_, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        all_.append(buffer, static_cast<size_t>(count));
        return true;
    }
}

bool Terminal::wait_for(std::string_view text) {
    double until_s = now_s() + options_.timeout_s;
    for (;;) {
        size_t found = all_.find(text, seen_);
        if (found != all_.npos) {
            seen_ = found + text.size();
            return true;
        }
        if (!read_more(until_s)) return false;
    }
}

int Terminal::wait_for_end() {
    double until_s = now_s() + options_.timeout_s;
    while (read_more(until_s)) {
    }
    bool late = now_s() >= until_s;
    if (late) ::kill(child_, SIGKILL);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    if (late) return 124;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

namespace {

// One cell a column; a wide character leaves the next cell empty.
class Screen {
  public:
    explicit Screen(size_t columns) : columns_(columns) { row(); }

    void put(std::string_view text) {
        for (size_t at = 0; at < text.size();) {
            if (text[at] == '\x1b')
                at = escape(text, at + 1);
            else if (static_cast<unsigned char>(text[at]) < 0x20)
                control(text[at++]);
            else
                at = character(text, at);
        }
    }

    std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const auto& cells : rows_) {
            std::string line;
            for (const std::string& cell : cells) line += cell;
            line.resize(line.find_last_not_of(' ') + 1);
            out.push_back(line);
        }
        return out;
    }

  private:
    std::vector<std::string>& row() {
        if (rows_.size() <= y_) rows_.resize(y_ + 1);
        rows_[y_].resize(columns_, " ");
        return rows_[y_];
    }

    void control(char c) {
        if (c == '\r') x_ = 0;
        if (c == '\b' && x_ > 0) x_--;
        if (c == '\n') {
            y_++;
            row();
        }
    }

    size_t character(std::string_view text, size_t at) {
        size_t end = at + 1;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end++;
        std::string_view one = text.substr(at, end - at);
        size_t width = display_width(one);
        if (width == 0 && x_ > 0) {
            row()[x_ - 1] += one;
            return end;
        }
        if (x_ + width > columns_) {
            x_ = 0;
            y_++;
        }
        row()[x_] = one;
        if (width == 2) row()[x_ + 1].clear();
        x_ += width;
        return end;
    }

    size_t escape(std::string_view text, size_t at) {
        if (at >= text.size() || text[at] != '[') return at + 1;
        size_t end = at + 1;
        while (end < text.size() && !(text[end] >= '@' && text[end] <= '~')) end++;
        if (end >= text.size()) return end;
        size_t count = parse_integer<size_t>(text.substr(at + 1, end - at - 1)).value_or(0);
        size_t steps = std::max<size_t>(count, 1);
        switch (text[end]) {
            case 'A':
                y_ -= std::min(y_, steps);
                break;
            case 'B':
                y_ += steps;
                row();
                break;
            case 'C':
                x_ = std::min(columns_ - 1, x_ + steps);
                break;
            case 'D':
                x_ -= std::min(x_, steps);
                break;
            case 'G':
                x_ = steps - 1;
                break;
            case 'H':
                x_ = y_ = 0;
                break;
            case 'K':
                erase_line();
                break;
            case 'J':
                erase_below(count);
                break;
            default:
                break;  // colours, modes
        }
        return end + 1;
    }

    void erase_line() { std::fill(row().begin() + std::min(x_, columns_), row().end(), " "); }
    void erase_below(size_t mode) {
        if (mode == 2) {
            rows_.clear();
            row();
            return;
        }
        erase_line();
        rows_.resize(y_ + 1);
    }

    size_t columns_;
    size_t x_ = 0, y_ = 0;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace

std::vector<std::string> screen_lines(std::string_view text, size_t columns) {
    Screen screen(columns);
    screen.put(text);
    return screen.lines();
}

}  // namespace linnet::testing
