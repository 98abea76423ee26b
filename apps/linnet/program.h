// From the words of a command line to an exit code: finds the command, reads the settings, runs it,
// and says what went wrong.
#pragma once

#include <span>
#include <string>

#include "linnet/command.h"

namespace linnet {

struct Program {
    std::span<const CommandRow> commands;
    std::span<const GroupRow> groups;
    const Environment& environment;
    int stdout_fd = 1;
    int stderr_fd = 2;

    // `words` without the program's own name. Nothing escapes: an exception is reported as a bug.
    int run(std::span<const std::string> words) const;
};

}  // namespace linnet
