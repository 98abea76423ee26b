#include "linnet/syntax.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/settings.h"

namespace linnet {

Argument& Argument::required() {
    is_required = true;
    return *this;
}
Argument& Argument::one_of(std::vector<std::string> words) {
    choices = std::move(words);
    return *this;
}
Argument& Argument::between(double from, double to) {
    least = from;
    most = to;
    return *this;
}
Argument& Argument::in(Unit written) {
    unit = written;
    return *this;
}
Argument& Argument::completes(Complete values) {
    complete = values;
    return *this;
}
Argument& Argument::told_in(std::string_view where) {
    topic = where;
    return *this;
}

Argument& Argument::hidden() {
    is_hidden = true;
    return *this;
}

Argument& Syntax::add(std::string_view names, Target target, std::string_view value_name,
                      std::string_view help) {
    Argument& argument = arguments_.emplace_back();
    for (std::string_view name : split(names, ',')) argument.names.emplace_back(name);
    argument.target = target;
    argument.value_name = value_name;
    argument.help = help;
    return argument;
}

Argument& Syntax::flag(std::string_view names, bool& target, std::string_view help) {
    return add(names, &target, "", help);
}

Argument& Syntax::option(std::string_view names, Target target, std::string_view value_name,
                         std::string_view help) {
    check(!value_name.empty(), "an option names its value; what takes none is a flag");
    return add(names, target, value_name, help);
}

Argument& Syntax::positional(std::string_view name, Target target, std::string_view help) {
    for (const Argument& earlier : arguments_)
        check(!earlier.is_positional || !earlier.takes_many(),
              "what takes all that remain is last");
    Argument& argument = add(name, target, "", help);
    argument.is_positional = true;
    return argument;
}

Argument& Syntax::setting(std::string_view names, std::string_view key, std::string_view value_name,
                          std::string_view help) {
    const SettingRow* row = find_setting(key);
    check(row != nullptr, "a flag's setting is in the table of settings");
    bool is_flag = row->kind == SettingKind::Bool;
    check(is_flag || !value_name.empty(), "an option names its value");
    Argument& argument = add(names, &setting_flags_.emplace_back(), is_flag ? "" : value_name,
                             help.empty() ? row->help : help);
    argument.setting = key;
    if (row->kind == SettingKind::Choice)
        for (std::string_view choice : split(row->choices, '|'))
            argument.choices.emplace_back(choice);
    if (row->kind == SettingKind::File || row->kind == SettingKind::Folders)
        argument.complete = Complete::Folder;
    return argument;
}

void Syntax::about(std::string_view paragraph) {
    paragraphs_.emplace_back(paragraph);
}

void Syntax::example(std::string_view command, std::string_view what) {
    examples_.push_back({std::string(command), std::string(what)});
}

}  // namespace linnet
