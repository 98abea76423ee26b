// One command with all that it takes: its own arguments and the flags that every command has.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "linnet/command.h"

namespace linnet {

// Every leaf takes these, before or after its name.
struct Globals {
    bool json = false;
    bool quiet = false;
    std::optional<std::string> config;
    std::optional<double> timeout_s;

    void declare(Syntax& syntax, bool with_json);
};

// Not movable: the syntax points into the command and the globals.
struct Leaf {
    explicit Leaf(const CommandRow& row);
    Leaf(const Leaf&) = delete;
    Leaf& operator=(const Leaf&) = delete;

    const CommandRow& row;
    std::unique_ptr<Command> command;
    Globals globals;
    Syntax syntax;
};

// Where the words of a command line lead.
struct Route {
    const CommandRow* row = nullptr;   // a command
    const GroupRow* group = nullptr;   // or a group without a subcommand
    std::vector<std::string> rest{};   // the other words, in their order
    std::vector<std::string> names{};  // the words that were taken as names
};

// Finds the command among the words, past global flags and their values. An unknown name is a
// Usage error with the nearest one that exists; no name at all is a Route without row and group.
Result<Route> find_route(std::span<const std::string> words, std::span<const CommandRow> commands,
                         std::span<const GroupRow> groups);

}  // namespace linnet
