// What a command takes, declared once: parsing, --help, man pages and completion all read it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace linnet {

// What the shell offers for a value; values.cc has one row each.
enum class Complete {
    Nothing,
    File,
    Folder,
    Model,
    Preset,
    Runnable,  // a model or a preset
    Setting,
    SettingValue,
    Command
};

// How the text of a number is read: plainly, as "10MB", or as "30s" (in seconds).
enum class Unit { Plain, Size, Seconds };

using Target =
    std::variant<bool*, std::string*, std::vector<std::string>*, int*, int64_t*, uint64_t*, double*,
                 std::optional<std::string>*, std::optional<int>*, std::optional<int64_t>*,
                 std::optional<uint64_t>*, std::optional<double>*>;

// One flag, option or positional argument. The target is written by parse() and must live until
// then.
class Argument {
  public:
    Argument& required();
    Argument& one_of(std::vector<std::string> choices);
    Argument& between(double least, double most);  // of a number
    Argument& in(Unit unit);                       // "10MB", "30s"
    Argument& completes(Complete values);
    Argument& told_in(std::string_view topic);  // --help names it, and `linnet help TOPIC` tells
    Argument& hidden();                         // works, but help, man and completion do not tell

    std::vector<std::string> names;  // {"-n", "--count"}; a positional has one, without dashes
    std::string value_name;          // "N"; empty for a flag
    std::string help;                // no final period
    Target target;
    std::string topic;    // of told_in(), or empty
    std::string setting;  // the key that this flag sets, or empty
    bool is_positional = false;
    bool is_required = false;
    bool is_hidden = false;
    bool is_global = false;
    Unit unit = Unit::Plain;
    std::optional<double> least, most;
    std::vector<std::string> choices;
    Complete complete = Complete::Nothing;

    bool takes_value() const { return !value_name.empty() || is_positional; }
    bool takes_many() const { return std::holds_alternative<std::vector<std::string>*>(target); }
    const std::string& long_name() const { return names.back(); }
};

struct Example {
    std::string command;  // "linnet pull smollm2-135m"
    std::string what;     // "bring the default model"
};

class Syntax {
  public:
    // Names are "--force" or "-f,--force". The target's value before parsing is the default; help
    // should tell it. A positional of type vector takes all that remain and comes last.
    Argument& flag(std::string_view names, bool& target, std::string_view help);
    Argument& option(std::string_view names, Target target, std::string_view value_name,
                     std::string_view help);
    Argument& positional(std::string_view name, Target target, std::string_view help);
    // A flag that sets a key of settings.h for this run; read it from Context::settings.
    Argument& setting(std::string_view names, std::string_view key,
                      std::string_view value_name = {}, std::string_view help = {});

    void about(std::string_view paragraph);  // more than the summary, for man and `help`
    void example(std::string_view command, std::string_view what);
    // A command that runs until it is stopped writes no document, so it refuses --json.
    void endless() { endless_ = true; }

    const std::deque<Argument>& arguments() const { return arguments_; }
    const std::vector<std::string>& paragraphs() const { return paragraphs_; }
    const std::vector<Example>& examples() const { return examples_; }
    bool is_endless() const { return endless_; }

    struct GivenSetting {
        std::string key, text, flag;
    };
    const std::vector<GivenSetting>& given_settings() const { return given_settings_; }

    // Reads the words into the targets, or says which is wrong and how to write it (Usage).
    Result<> parse(std::span<const std::string> words);

  private:
    friend struct Globals;
    Argument& add(std::string_view names, Target target, std::string_view value_name,
                  std::string_view help);
    Result<> store(Argument& argument, const std::vector<std::string>& texts);

    std::deque<Argument> arguments_;  // addresses stay
    std::deque<bool> setting_flags_;
    std::vector<std::string> paragraphs_;
    std::vector<Example> examples_;
    std::vector<GivenSetting> given_settings_;
    bool endless_ = false;
};

}  // namespace linnet
