// Man pages, made from the same declarations as --help.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "linnet/command.h"

namespace linnet {

struct ManPage {
    std::string name;  // "linnet-config-show"; section 1
    std::string roff;
};

struct Manual {
    std::span<const CommandRow> commands;
    std::span<const GroupRow> groups;

    ManPage of_program() const;
    ManPage of_group(const GroupRow& group) const;
    ManPage of_command(const CommandRow& row) const;
    std::vector<ManPage> all() const;  // but for hidden commands
};

}  // namespace linnet
