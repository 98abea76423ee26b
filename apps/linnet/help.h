// What --help and `linnet help` print, made from the table of commands and what each declares. At
// most 40 lines a level.
#pragma once

#include <span>
#include <string>

#include "linnet/command.h"

namespace linnet {

struct Help {
    std::span<const CommandRow> commands;
    std::span<const GroupRow> groups;

    std::string of_program() const;
    std::string of_group(const GroupRow& group) const;
    std::string of_command(const CommandRow& row) const;
};

constexpr size_t help_lines_max = 40;

std::string_view group_title(Group group);  // "Models"
// "linnet pull [OPTIONS] MODEL"
std::string usage_line(const CommandRow& row, const Syntax& syntax);
// "-n, --count N"; a positional by its name.
std::string argument_label(const Argument& argument);

// What `linnet help` tells besides commands.
struct HelpTopic {
    std::string_view name;
    std::string_view what;
    std::string (*text)();
};
std::span<const HelpTopic> help_topics();
// Lines of at most `width` columns; all but the first begin with `indent` spaces.
std::string wrap(std::string_view text, size_t width, size_t indent);

}  // namespace linnet
