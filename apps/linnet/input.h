// Text for a command: an argument, or what comes on standard input.
#pragma once

#include <string>

#include "linnet/command.h"

namespace linnet {

inline constexpr uint64_t input_bytes_max = 64 << 20;

bool stdin_is_terminal();
// A file or a pipe, and not the terminal or a device.
bool stdin_is_document();

// All of standard input; an error where it is longer than input_bytes_max. Interrupted by cancel.
Result<std::string> read_input(Context& context);

// The argument, or standard input where it is "-" or empty and input comes from a file or a pipe.
// Usage where there is neither.
Result<std::string> prompt_or_input(Context& context, const std::string& argument);

}  // namespace linnet
