#include "linnet/leaf.h"

#include <algorithm>

#include "base/text.h"

namespace linnet {

void Globals::declare(Syntax& syntax, bool with_json) {
    size_t own = syntax.arguments_.size();
    if (with_json) syntax.flag("--json", json, "write the result as one JSON object");
    syntax.flag("-q,--quiet", quiet, "no progress and no notes; results and errors only");
    syntax.setting("--color", "output.color", "WHEN", "colours: auto, always or never");
    syntax.option("--config", &config, "FILE", "read FILE in place of the user's and the project's")
        .completes(Complete::File);
    syntax.setting("--offline", "pull.offline", "", "never use the network");
    syntax.option("--timeout", &timeout_s, "TIME", "give up after TIME, for example 30s or 5m")
        .in(Unit::Seconds);
    syntax.setting("--log-level", "log.level", "LEVEL", "debug, info, warn, error or off");
    for (size_t i = own; i < syntax.arguments_.size(); i++) syntax.arguments_[i].is_global = true;
}

Leaf::Leaf(const CommandRow& chosen) : row(chosen), command(chosen.make()) {
    command->declare(syntax);
    globals.declare(syntax, !syntax.is_endless());
}

// Walks to the next word that is no global flag or its value, moving the flags to `rest`.
static std::optional<std::string> next_name(std::span<const std::string> words, size_t& at,
                                            const Syntax& flags, Route& route) {
    for (; at < words.size(); at++) {
        const std::string& word = words[at];
        if (word == "--") return std::nullopt;
        if (!word.starts_with('-') || word == "-") return words[at++];
        route.rest.push_back(word);
        auto named = [&](const Argument& flag) {
            return flag.takes_value() && std::ranges::find(flag.names, word) != flag.names.end();
        };
        if (std::ranges::any_of(flags.arguments(), named) && at + 1 < words.size())
            route.rest.push_back(words[++at]);
    }
    return std::nullopt;
}

static Error unknown_command(std::string_view name, std::span<const CommandRow> commands,
                             std::span<const GroupRow> groups, std::string_view below) {
    std::vector<std::string> known;
    std::string prefix = below.empty() ? "" : cat(below, ' ');
    for (const CommandRow& row : commands)
        if (row.group != Group::Hidden && row.name.starts_with(prefix))
            known.emplace_back(row.name.substr(prefix.size()));
    if (below.empty())
        for (const GroupRow& group : groups) known.emplace_back(group.name);
    Error error{Code::Usage, cat("there is no command '", prefix, printable(name), "'")};
    if (auto near = closest(name, known))
        return std::move(error).advise(cat("linnet ", prefix, *near));
    return std::move(error).advise(cat("linnet ", prefix, "--help"));
}

Result<Route> find_route(std::span<const std::string> words, std::span<const CommandRow> commands,
                         std::span<const GroupRow> groups) {
    Globals globals;
    Syntax flags;
    globals.declare(flags, true);
    Route route;
    size_t at = 0;
    auto finish = [&] {
        route.rest.insert(route.rest.end(), words.begin() + static_cast<ptrdiff_t>(at),
                          words.end());
        return std::move(route);
    };
    auto name = next_name(words, at, flags, route);
    if (!name) return finish();
    route.names.push_back(*name);
    auto row = std::ranges::find(commands, *name, &CommandRow::name);
    if (row != commands.end()) {
        route.row = &*row;
        return finish();
    }
    auto group = std::ranges::find(groups, *name, &GroupRow::name);
    if (group == groups.end()) return unknown_command(*name, commands, groups, "");
    route.group = &*group;
    auto second = next_name(words, at, flags, route);
    if (!second) return finish();
    route.names.push_back(*second);
    row = std::ranges::find(commands, cat(*name, ' ', *second), &CommandRow::name);
    if (row == commands.end()) return unknown_command(*second, commands, groups, *name);
    route.row = &*row;
    return finish();
}

}  // namespace linnet
