#include "linnet/complete.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/help.h"
#include "linnet/leaf.h"
#include "linnet_completion.h"  // written by the build from completion/

namespace linnet {
namespace {

// The words before the one that is written, sorted into what they mean for it.
struct Before {
    std::vector<std::string> positionals{};
    const Argument* awaits = nullptr;  // the option whose value is being written
    bool only_positionals = false;     // after "--"
};

const Argument* option_named(const Syntax& syntax, std::string_view name) {
    for (const Argument& argument : syntax.arguments())
        if (!argument.is_positional &&
            std::ranges::find(argument.names, name) != argument.names.end())
            return &argument;
    return nullptr;
}

Before look_at(std::span<const std::string> words, const Syntax& syntax) {
    Before before;
    for (const std::string& word : words) {
        if (before.awaits) {
            before.awaits = nullptr;
        } else if (before.only_positionals || !word.starts_with('-') || word == "-") {
            before.positionals.push_back(word);
        } else if (word == "--") {
            before.only_positionals = true;
        } else if (const Argument* option = option_named(syntax, word)) {
            if (option->takes_value()) before.awaits = option;
        }
    }
    return before;
}

class Completer {
  public:
    Completer(Context& context, std::span<const CommandRow> commands,
              std::span<const GroupRow> groups)
        : context_(context), commands_(commands), groups_(groups) {}

    Completion of(std::span<const std::string> words) {
        const std::string& current = words.back();
        auto route = find_route(words.first(words.size() - 1), commands_, groups_);
        if (!route) return {};
        if (route->row) return in_leaf(*route, current);
        Globals globals;
        Syntax flags;
        globals.declare(flags, true);
        if (const Argument* awaits = look_at(route->rest, flags).awaits) {
            add_values(*awaits, "", current, {});
        } else if (current.starts_with('-')) {
            add_options(flags, current);
        } else {
            add_names(route->group ? route->group->name : "", current);
        }
        return std::move(out_);
    }

  private:
    void add(std::string_view prefix, std::string_view value, std::string_view what,
             std::string_view written) {
        std::string whole = cat(prefix, value);
        // A name with a line break or a tab in it could not be told apart from two candidates.
        bool plain = std::ranges::none_of(whole, [](char c) { return c >= 0 && c < 0x20; });
        if (plain && whole.starts_with(written))
            out_.candidates.push_back({whole, std::string(what)});
    }

    void add_names(std::string_view group, std::string_view current) {
        std::string prefix = group.empty() ? "" : cat(group, ' ');
        for (const CommandRow& row : commands_) {
            if (row.group == Group::Hidden || !row.name.starts_with(prefix)) continue;
            std::string_view name = row.name.substr(prefix.size());
            if (name.find(' ') == name.npos) add("", name, row.summary, current);
        }
        if (!group.empty()) return;
        for (const GroupRow& row : groups_) add("", row.name, row.summary, current);
    }

    void add_options(const Syntax& syntax, std::string_view current) {
        for (const Argument& argument : syntax.arguments())
            if (!argument.is_positional && !argument.is_hidden)
                add("", argument.long_name(), argument.help, current);
        add("", "--help", "tell what the command does and takes", current);
    }

    void add_values(const Argument& argument, std::string_view prefix, std::string_view current,
                    std::span<const std::string> before) {
        for (const std::string& choice : argument.choices) add(prefix, choice, "", current);
        if (argument.complete == Complete::File || argument.complete == Complete::Folder)
            out_.files = argument.complete;
        if (argument.complete == Complete::Command) add_command_words(current, before);
        for (const ValuesRow& row : values_table()) {
            if (row.kind != argument.complete) continue;
            for (const Candidate& candidate : row.list(context_, before))
                add(prefix, candidate.value, candidate.what, current);
        }
    }

    // The words of `linnet help`.
    void add_command_words(std::string_view current, std::span<const std::string> before) {
        auto route = find_route(before, commands_, groups_);
        if (before.empty())
            for (const HelpTopic& topic : help_topics()) add("", topic.name, topic.what, current);
        if (route && !route->row) add_names(route->group ? route->group->name : "", current);
    }

    Completion in_leaf(const Route& route, const std::string& current) {
        Leaf leaf(*route.row);
        Before before = look_at(route.rest, leaf.syntax);
        size_t equals = current.find('=');
        bool is_option = current.starts_with('-') && !before.only_positionals;
        if (before.awaits) {
            add_values(*before.awaits, "", current, before.positionals);
        } else if (is_option && equals != current.npos) {
            if (const Argument* option = option_named(leaf.syntax, current.substr(0, equals)))
                add_values(*option, current.substr(0, equals + 1), current, before.positionals);
        } else if (is_option) {
            add_options(leaf.syntax, current);
        } else if (const Argument* argument = next_positional(leaf.syntax, before)) {
            add_values(*argument, "", current, before.positionals);
        }
        return std::move(out_);
    }

    static const Argument* next_positional(const Syntax& syntax, const Before& before) {
        size_t position = before.positionals.size();
        for (const Argument& argument : syntax.arguments()) {
            if (!argument.is_positional) continue;
            if (argument.takes_many() || position == 0) return &argument;
            position--;
        }
        return nullptr;
    }

    Context& context_;
    std::span<const CommandRow> commands_;
    std::span<const GroupRow> groups_;
    Completion out_;
};

}  // namespace

Completion complete(std::span<const std::string> words, Context& context,
                    std::span<const CommandRow> commands, std::span<const GroupRow> groups) {
    if (words.empty()) return {};
    return Completer(context, commands, groups).of(words);
}

Result<std::string> completion_script(std::string_view shell) {
    if (shell == "bash") return std::string(bash_script);
    if (shell == "zsh") return std::string(zsh_script);
    if (shell == "fish") return std::string(fish_script);
    return Error{Code::Usage,
                 cat("'", printable(shell), "' is not a shell that linnet completes in"),
                 "use bash, zsh or fish"};
}

}  // namespace linnet
