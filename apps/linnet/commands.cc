// The program's commands. command.h says how to add one.
#include <array>

#include "linnet/command.h"

namespace linnet {

std::unique_ptr<Command> help_command();

namespace {

// Groups are shown in this order, and within one the rows as they stand.
constexpr CommandRow rows[] = {
    {"help", Group::More, "Tell about a command", help_command},
};

constexpr std::array<GroupRow, 0> groups = {};

}  // namespace

std::span<const CommandRow> command_table() {
    return rows;
}

std::span<const GroupRow> command_groups() {
    return groups;
}

}  // namespace linnet
