#include "linnet/help.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "linnet/exit_codes.h"
#include "linnet/generation.h"
#include "linnet/leaf.h"

namespace linnet {
namespace {

constexpr size_t page_width = 80;
constexpr size_t label_max = 26;
constexpr Group shown_groups[] = {Group::Use, Group::Models, Group::Shape, Group::Know,
                                  Group::More};

struct Line {
    std::string label, text;
};

// "  label   text", the texts below each other; a long label has its text on the next line.
std::string lines_text(std::span<const Line> lines) {
    size_t column = 0;
    for (const Line& line : lines)
        if (line.label.size() <= label_max) column = std::max(column, line.label.size());
    std::string out;
    for (const Line& line : lines) {
        bool fits = line.label.size() <= column;
        size_t indent = column + 4;
        out += cat("  ", line.label);
        out += fits ? std::string(indent - 2 - line.label.size(), ' ')
                    : cat('\n', std::string(indent, ' '));
        out += cat(wrap(line.text, page_width - indent, indent), '\n');
    }
    return out;
}

size_t line_count(std::string_view text) {
    return static_cast<size_t>(std::ranges::count(text, '\n'));
}

std::string argument_text(const Argument& argument) {
    std::string text = argument.help;
    bool told = std::ranges::all_of(argument.choices, [&](const std::string& choice) {
        return text.find(choice) != text.npos;
    });
    if (!told) text += cat(": ", join(argument.choices, ", "));
    return text;
}

// The commands and groups that stand under one title, as lines.
std::vector<Line> entries(const Help& help, Group group) {
    std::vector<Line> lines;
    for (const CommandRow& row : help.commands)
        if (row.group == group && row.name.find(' ') == row.name.npos)
            lines.push_back({std::string(row.name), std::string(row.summary)});
    for (const GroupRow& row : help.groups)
        if (row.group == group) lines.push_back({std::string(row.name), std::string(row.summary)});
    return lines;
}

// Titles with a line a command; the last `short_titles` of them only name their commands.
std::string command_list(const Help& help, size_t short_titles) {
    std::vector<std::pair<Group, std::vector<Line>>> titles;
    for (Group group : shown_groups)
        if (auto lines = entries(help, group); !lines.empty()) titles.emplace_back(group, lines);
    std::string out;
    for (size_t i = 0; i < titles.size(); i++) {
        const auto& [group, lines] = titles[i];
        out += cat("\n", group_title(group), ":");
        if (i + short_titles < titles.size()) {
            out += cat("\n", lines_text(lines));
            continue;
        }
        std::vector<std::string> names;
        for (const Line& line : lines) names.push_back(line.label);
        out += cat(" ", wrap(join(names, ", "), page_width - 10, 2), "\n");
    }
    return out;
}

}  // namespace

std::string wrap(std::string_view text, size_t width, size_t indent) {
    std::string out;
    size_t used = 0;
    for (std::string_view word : split(text, ' ')) {
        if (word.empty()) continue;
        size_t columns = display_width(word);
        if (used > 0 && used + 1 + columns > width) {
            out += cat('\n', std::string(indent, ' '));
            used = 0;
        }
        if (used > 0) out += ' ';
        out += word;
        used += columns + (used > 0);
    }
    return out;
}

std::string_view group_title(Group group) {
    static constexpr std::string_view titles[] = {"Use", "Models", "Shape", "Know", "More", ""};
    return titles[static_cast<size_t>(group)];
}

std::string argument_label(const Argument& argument) {
    if (argument.is_positional) return cat(argument.names[0], argument.takes_many() ? "..." : "");
    std::string label = join(argument.names, ", ");
    if (!argument.value_name.empty()) label += cat(" ", argument.value_name);
    return label;
}

std::string usage_line(const CommandRow& row, const Syntax& syntax) {
    std::string line = cat("linnet ", row.name, " [OPTIONS]");
    for (const Argument& argument : syntax.arguments()) {
        if (argument.is_hidden) continue;
        std::string label = argument_label(argument);
        if (argument.is_positional)
            line += argument.is_required ? cat(" ", label) : cat(" [", label, "]");
        else if (argument.is_required)
            line += cat(" ", argument.long_name(), " ", argument.value_name);
    }
    return line;
}

static std::string options_topic() {
    Globals globals;
    Syntax syntax;
    globals.declare(syntax, true);
    std::vector<Line> lines;
    for (const Argument& argument : syntax.arguments())
        lines.push_back({argument_label(argument), argument.help});
    lines.push_back({"-h, --help", "tell what the command does and takes"});
    lines.push_back({"-V, --version", "tell which linnet this is"});
    return cat("Options that every command takes, before or after its name:\n\n",
               lines_text(lines));
}

static std::string sampling_topic() {
    Syntax syntax;
    GenerationOptions options;
    options.declare_sampling(syntax);
    std::vector<Line> lines;
    for (const Argument& argument : syntax.arguments())
        lines.push_back({argument_label(argument), argument.help});
    return cat("How a model chooses its words, in the order in which it is applied to them.\n",
               "What is not given is what a preset says, else what the model's makers advise,\n",
               "else 0.7, top-p 0.95 and min-p 0.05. --stats tells what was used.\n\n",
               lines_text(lines));
}

static std::string engine_topic() {
    Syntax syntax;
    EngineFlags flags;
    flags.declare(syntax);
    flags.declare_state(syntax);
    std::vector<std::string> adapters;
    declare_adapters(syntax, adapters);
    std::vector<Line> lines;
    for (const Argument& argument : syntax.arguments())
        lines.push_back({argument_label(argument), argument.help});
    return cat(
        "How a model is run. Guessed tokens are kept only where the model chooses the same,\n",
        "so that --lookup and --draft change how fast an answer comes and nothing else.\n\n",
        lines_text(lines));
}

static std::string exit_codes_topic() {
    std::vector<Line> lines;
    for (const ExitCodeRow& row : exit_code_table()) lines.push_back({cat(row.code), row.meaning});
    return cat("Exit codes of every command:\n\n", lines_text(lines));
}

static std::string environment_topic() {
    std::vector<Line> lines;
    for (const VariableRow& row : environment_table())
        lines.push_back({std::string(row.name), std::string(row.help)});
    return cat("Variables that linnet reads. Each setting has one too: pull.offline is\n",
               "LINNET_PULL_OFFLINE ('linnet config show' lists the settings).\n\n",
               lines_text(lines));
}

std::span<const HelpTopic> help_topics() {
    static constexpr HelpTopic topics[] = {
        {"options", "the options that all commands have", options_topic},
        {"sampling", "how a model chooses its words", sampling_topic},
        {"engine", "how it is run: cache, guesses, state", engine_topic},
        {"exit-codes", "what exit codes mean", exit_codes_topic},
        {"environment", "the variables that are read", environment_topic},
    };
    return topics;
}

std::string Help::of_program() const {
    std::string head =
        "linnet runs small language models on this machine.\n\n"
        "Usage: linnet COMMAND [OPTIONS]\n";
    std::string tail = "\n'linnet help COMMAND' tells more; so does 'linnet help' with";
    for (const HelpTopic& topic : help_topics()) {
        bool last = &topic == &help_topics().back();
        tail += cat(last ? " or " : &topic == &help_topics().front() ? "\n" : ", ", topic.name);
    }
    tail += ".\n";
    // Where the list outgrows the page, the last titles give way first.
    for (size_t short_titles = 0;; short_titles++) {
        std::string text = cat(head, command_list(*this, short_titles), tail);
        if (line_count(text) <= help_lines_max || short_titles == std::size(shown_groups))
            return text;
    }
}

std::string Help::of_group(const GroupRow& group) const {
    std::vector<Line> lines;
    std::string prefix = cat(group.name, ' ');
    for (const CommandRow& row : commands)
        if (row.name.starts_with(prefix) && row.group != Group::Hidden)
            lines.push_back(
                {std::string(row.name.substr(prefix.size())), std::string(row.summary)});
    return cat("linnet ", group.name, ": ", group.summary, "\n\nUsage: linnet ", group.name,
               " COMMAND [OPTIONS]\n\n", lines_text(lines), "\n'linnet help ", group.name,
               " COMMAND' tells more about one.\n");
}

using NamesByTopic = std::map<std::string, std::vector<std::string>>;

static std::string command_page(const CommandRow& row, const Leaf& leaf,
                                std::span<const Line> positionals, std::span<const Line> options,
                                const NamesByTopic& elsewhere) {
    std::string text = cat("linnet ", row.name, ": ", row.summary,
                           "\n\nUsage: ", usage_line(row, leaf.syntax), "\n");
    if (!positionals.empty()) text += cat("\n", lines_text(positionals));
    if (!options.empty()) text += cat("\nOptions:\n", lines_text(options));
    for (const auto& [topic, names] : elsewhere)
        text += cat("\n",
                    wrap(cat("And ", join(names, ", "), " ('linnet ", topic, "')."), page_width, 0),
                    "\n");
    text += cat("\nAnd as every command: ", leaf.syntax.is_endless() ? "" : "--json, ",
                "--quiet, --color, --config, --offline,\n",
                "--timeout, --log-level ('linnet help options').\n");
    return text;
}

std::string Help::of_command(const CommandRow& row) const {
    Leaf leaf(row);
    std::vector<Line> positionals, options;
    NamesByTopic elsewhere;
    for (const Argument& argument : leaf.syntax.arguments()) {
        if (argument.is_hidden || argument.is_global) continue;
        if (!argument.topic.empty())
            elsewhere[cat("help ", argument.topic)].push_back(argument.long_name());
        else
            (argument.is_positional ? positionals : options)
                .push_back({argument_label(argument), argument_text(argument)});
    }
    std::string text = command_page(row, leaf, positionals, options, elsewhere);
    // Where there are too many options for a page, the last ones are only named.
    while (line_count(text) > help_lines_max && !options.empty()) {
        std::string& named = elsewhere[cat("man ", row.name)].emplace_back();
        std::string_view label = options.back().label;
        named =
            label.substr(label.find("--"), label.find(' ', label.find("--")) - label.find("--"));
        options.pop_back();
        text = command_page(row, leaf, positionals, options, elsewhere);
    }
    // What is left of the page goes to examples, then to the long description.
    if (const auto& examples = leaf.syntax.examples(); !examples.empty()) {
        std::string more = "\nExamples:\n";
        for (const Example& example : examples)
            more += cat("  ", example.command, "\n      ", example.what, "\n");
        if (line_count(text) + line_count(more) <= help_lines_max) text += more;
    }
    return text;
}

}  // namespace linnet
