// A program on a pseudo-terminal, driven as a person would: keys in, screen out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"

namespace linnet::testing {

struct TerminalOptions {
    uint16_t columns = 100, rows = 30;
    double timeout_s = 30;  // for each wait; generous
};

class Terminal {
  public:
    Terminal(std::vector<std::string> command, const std::map<std::string, std::string>& variables,
             const Path& folder, TerminalOptions options = {});
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void send(std::string_view keys);
    void signal(int number) const;
    void resize(uint16_t columns, uint16_t rows);
    // Waits until the text has come out since the last wait that succeeded. False when the time is
    // over or the program has ended without it.
    bool wait_for(std::string_view text);
    // Waits for the end; the exit code as in Ran, 124 where it had to be killed.
    int wait_for_end();
    // All that came out so far, control sequences included.
    const std::string& all() const { return all_; }

  private:
    bool read_more(double until_s);

    TerminalOptions options_;
    int master_ = -1;
    int child_ = -1;
    size_t seen_ = 0;
    std::string all_;
};

// What a screen of `columns` shows after the text: the lines, with \r, \b, cursor moves, and
// erasing applied. Enough of a terminal to judge a progress bar and a line editor.
std::vector<std::string> screen_lines(std::string_view text, size_t columns);

}  // namespace linnet::testing
