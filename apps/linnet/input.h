// Text for a command: an argument, or what comes on standard input.
#pragma once

#include <optional>
#include <string>

#include "linnet/command.h"

namespace linnet {

inline constexpr uint64_t input_bytes_max = 64 << 20;

bool stdin_is_terminal();

// All of standard input; an error where it is longer than input_bytes_max. Interrupted by cancel.
Result<std::string> read_input(Context& context);

// The argument, or standard input where it is "-" or empty and input comes from a file or a pipe.
// Usage where there is neither.
Result<std::string> prompt_or_input(Context& context, const std::string& argument);

// Messages typed by a person, or the lines of a pipe.
class LineInput {
  public:
    explicit LineInput(Context& context) : context_(context) {}
    // A line, or several between lines of three quotes; nothing at the end. Ctrl-C at the prompt
    // drops what was typed.
    Result<std::optional<std::string>> message();

  private:
    Result<std::optional<std::string>> line(std::string_view prompt);
    Context& context_;
    std::string held_;  // read, and behind the line that was returned
    bool ended_ = false;
};

}  // namespace linnet
