#include "linnet/man.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/exit_codes.h"
#include "linnet/help.h"
#include "linnet/leaf.h"
#include "linnet/toml.h"
#include "linnet_version.h"  // written by the build

namespace linnet {
namespace {

// Text as roff: what it would take for its own is escaped, and dashes stay dashes to copy.
std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '~')
            out += "\\(ti";
        else if (c == '^')
            out += "\\(ha";
        else if (c == '\'')
            out += "\\(aq";
        else if (c == '`')
            out += "\\(ga";
        else
            out += c;
    }
    if (out.starts_with('.')) out.insert(0, "\\&");
    return out;
}

std::string sentence(std::string_view text) {
    std::string out = escaped(text);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
    if (!out.ends_with('.')) out += '.';
    return out;
}

class Page {
  public:
    Page(const std::string& name, std::string_view summary) {
        std::string upper = name;
        for (char& c : upper)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        line(cat(".TH ", escaped(upper), " 1 ", LINNET_DATE, " \"linnet ", LINNET_VERSION, "\""));
        section("NAME");
        line(cat(escaped(name), " \\- ", escaped(summary)));
    }

    void section(std::string_view title) { line(cat(".SH ", title)); }
    void line(std::string_view text) { roff_ += cat(text, "\n"); }
    void paragraph(std::string_view text) {
        line(".PP");
        line(sentence(text));
    }
    void entry(std::string_view label, std::string_view text) {
        line(".TP");
        line(cat("\\fB", escaped(label), "\\fR"));
        line(sentence(text));
    }
    void synopsis(std::string_view text) {
        line(".nf");
        line(cat("\\fB", escaped(text), "\\fR"));
        line(".fi");
    }
    std::string take() { return std::move(roff_); }

  private:
    std::string roff_;
};

void exit_status(Page& page) {
    page.section("EXIT STATUS");
    for (const ExitCodeRow& row : exit_code_table()) page.entry(cat(row.code), row.meaning);
}

void examples(Page& page, std::span<const Example> list) {
    if (list.empty()) return;
    page.section("EXAMPLES");
    for (const Example& example : list) {
        page.line(".TP");
        page.line(cat("\\fB", escaped(example.command), "\\fR"));
        page.line(sentence(example.what));
    }
}

std::string page_name(std::string_view command) {
    return cat("linnet-", replace_all(std::string(command), " ", "-"));
}

void see_also(Page& page, std::vector<std::string> names) {
    page.section("SEE ALSO");
    for (size_t i = 0; i < names.size(); i++)
        page.line(cat(".BR ", escaped(names[i]), " (1)", i + 1 < names.size() ? "," : ""));
}

void options(Page& page, const Syntax& syntax, bool globals) {
    for (const Argument& argument : syntax.arguments()) {
        if (argument.is_hidden || argument.is_global != globals) continue;
        std::string text = argument.help;
        if (!argument.setting.empty()) text += cat(" (setting ", argument.setting, ")");
        page.entry(argument_label(argument), text);
    }
}

bool has_own_options(const Syntax& syntax) {
    return std::ranges::any_of(syntax.arguments(), [](const Argument& argument) {
        return !argument.is_hidden && !argument.is_global;
    });
}

void configuration(Page& page) {
    page.section("CONFIGURATION");
    page.line("Settings come from files in TOML, from variables and from flags; later ones win:");
    page.line("built\\-in, system, user, project, environment, flag.");
    page.line("A project\\(aqs file may set only what is marked so.");
    for (const SettingRow& row : setting_table()) {
        auto built_in = parse_setting(row, row.built_in);
        std::string text = cat(row.help, ". Built-in: ", toml_value(*built_in),
                               ". Variable: ", setting_variable(row));
        if (row.project == ProjectMay::Set) text += ". A project may set it";
        page.entry(row.key, text);
    }
}

void files(Page& page) {
    page.section("FILES");
    page.entry("/etc/linnet/config.toml, /etc/linnet/conf.d/*.toml", "The system's configuration");
    page.entry("~/.config/linnet/config.toml", "The user's configuration");
    page.entry(".linnet.toml",
               "The project's configuration: the nearest one, from the working folder upwards");
    page.entry("~/.config/linnet/presets/*.toml", "Presets");
    page.entry("~/.local/share/linnet/", "Models, and conversations that were saved");
    page.entry("~/.local/state/linnet/chat_history", "What was typed in chats");
    page.entry("~/.cache/linnet/", "What can be made again; may be deleted at any time");
}

void environment(Page& page) {
    page.section("ENVIRONMENT");
    for (const VariableRow& row : environment_table()) page.entry(row.name, row.help);
}

}  // namespace

ManPage Manual::of_program() const {
    Page page("linnet", "run small language models on this machine");
    page.section("SYNOPSIS");
    page.synopsis("linnet COMMAND [OPTIONS]");
    page.section("DESCRIPTION");
    page.line("linnet runs small language models on ordinary processors.");
    page.line("Each command has a page of its own.");
    page.section("COMMANDS");
    for (const CommandRow& row : commands)
        if (row.group != Group::Hidden) page.entry(cat("linnet ", row.name), row.summary);
    page.section("OPTIONS");
    page.line("Every command takes these, before or after its name.");
    Globals globals;
    Syntax syntax;
    globals.declare(syntax, true);
    options(page, syntax, true);
    page.entry("-h, --help", "tell what the command does and takes");
    page.entry("-V, --version", "tell which linnet this is");
    configuration(page);
    exit_status(page);
    environment(page);
    files(page);
    return {"linnet", page.take()};
}

ManPage Manual::of_group(const GroupRow& group) const {
    Page page(page_name(group.name), group.summary);
    page.section("SYNOPSIS");
    page.synopsis(cat("linnet ", group.name, " COMMAND [OPTIONS]"));
    page.section("COMMANDS");
    std::vector<std::string> names = {"linnet"};
    for (const CommandRow& row : commands) {
        if (!row.name.starts_with(cat(group.name, ' ')) || row.group == Group::Hidden) continue;
        page.entry(cat("linnet ", row.name), row.summary);
        names.push_back(page_name(row.name));
    }
    see_also(page, names);
    return {page_name(group.name), page.take()};
}

ManPage Manual::of_command(const CommandRow& row) const {
    Leaf leaf(row);
    Page page(page_name(row.name), row.summary);
    page.section("SYNOPSIS");
    page.synopsis(usage_line(row, leaf.syntax));
    page.section("DESCRIPTION");
    page.line(sentence(row.summary));
    for (const std::string& paragraph : leaf.syntax.paragraphs()) page.paragraph(paragraph);
    if (has_own_options(leaf.syntax)) {
        page.section("OPTIONS");
        options(page, leaf.syntax, false);
    }
    page.section("COMMON OPTIONS");
    options(page, leaf.syntax, true);
    exit_status(page);
    examples(page, leaf.syntax.examples());
    see_also(page, {"linnet"});
    return {page_name(row.name), page.take()};
}

std::vector<ManPage> Manual::all() const {
    std::vector<ManPage> pages = {of_program()};
    for (const GroupRow& group : groups) pages.push_back(of_group(group));
    for (const CommandRow& row : commands)
        if (row.group != Group::Hidden) pages.push_back(of_command(row));
    return pages;
}

}  // namespace linnet
