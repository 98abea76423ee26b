// From words to values. CLI11 splits the words; what they mean, and what is wrong with them, is
// said here, so that every mistake gets a sentence, the nearest right word and exit code 2.
#include <CLI/CLI.hpp>

#include "base/text.h"
#include "linnet/settings.h"
#include "linnet/syntax.h"

namespace linnet {
namespace {

struct Parsed {
    Argument* argument;
    CLI::Option* option;
    std::string text;                // of a positional that takes one word
    std::vector<std::string> texts;  // of all others
};

std::string shown(const Argument& argument) {
    return argument.is_positional ? argument.names[0] : argument.long_name();
}

Error wrong(const Argument& argument, std::string_view text, std::string_view wanted) {
    return {Code::Usage, cat(shown(argument), ": '", printable(text), "' is not ", wanted)};
}

template <class T>
Result<T> read_value(const Argument& argument, const std::string& text) {
    if constexpr (std::same_as<T, std::string>) {
        return text;
    } else {
        double number = 0;
        T value{};
        if (argument.unit == Unit::Size) {
            uint64_t bytes = TRY(parse_bytes(text));
            number = static_cast<double>(bytes);
            value = static_cast<T>(bytes);
        } else if (argument.unit == Unit::Seconds) {
            number = TRY(parse_duration(text));
            value = static_cast<T>(number);
        } else if constexpr (std::integral<T>) {
            auto read = parse_integer<T>(text);
            bool digits = text.find_first_not_of("-0123456789") == text.npos;
            if (!read)
                return wrong(argument, text,
                             digits ? "a whole number that fits" : "a whole number");
            value = *read;
            number = static_cast<double>(value);
        } else {
            auto read = parse_number(text);
            if (!read) return wrong(argument, text, "a number");
            value = number = *read;
        }
        if ((argument.least && number < *argument.least) ||
            (argument.most && number > *argument.most))
            return wrong(argument, text, cat("from ", *argument.least, " to ", *argument.most));
        return value;
    }
}

template <class T>
struct Unwrapped {
    using Type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
    using Type = T;
};

Result<> check_choice(const Argument& argument, const std::string& text) {
    if (argument.choices.empty() ||
        std::ranges::find(argument.choices, text) != argument.choices.end())
        return Done{};
    auto near = closest(text, argument.choices);
    return wrong(argument, text, "one of the choices")
        .advise(near ? cat(shown(argument), " ", *near)
                     : cat("one of ", join(argument.choices, ", ")));
}

// The nearest option to one that does not exist. A word with '=' is judged by its front.
Error unknown(const std::deque<Argument>& arguments, std::string_view word) {
    if (!word.starts_with('-') || word == "-")
        return {Code::Usage, cat("unexpected argument '", printable(word), "'")};
    std::vector<std::string> known = {"--help", "--version"};
    for (const Argument& argument : arguments)
        if (!argument.is_positional && !argument.is_hidden)
            known.insert(known.end(), argument.names.begin(), argument.names.end());
    Error error{Code::Usage, cat("unknown option '", printable(word), "'")};
    if (word.size() <= 2) return error;  // every letter is near every other
    if (auto near = closest(word.substr(0, word.find('=')), known)) error.next = *near;
    return error;
}

// CLI11's message begins with the name of what is at fault.
Error mismatched(const std::deque<Argument>& arguments, std::string_view message) {
    std::string_view subject = message.substr(0, message.find_first_of(": "));
    for (const Argument& argument : arguments)
        for (std::string_view name : argument.names)
            if (subject == name || subject == name.substr(name.find_first_not_of('-')))
                return {Code::Usage,
                        argument.takes_value()
                            ? cat(shown(argument), " needs a value: ", argument.value_name)
                            : cat(shown(argument), " takes no value")};
    return {Code::Usage, printable(message)};
}

}  // namespace

Result<> Syntax::store(Argument& argument, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) TRY(check_choice(argument, text));
    if (!argument.setting.empty()) {
        auto value = parse_setting(*find_setting(argument.setting), texts.back());
        if (!value) return std::move(value).error().within(shown(argument));
        given_settings_.push_back({argument.setting, texts.back(), shown(argument)});
        return Done{};
    }
    return std::visit(
        [&](auto* target) -> Result<> {
            using T = std::remove_pointer_t<decltype(target)>;
            if constexpr (std::same_as<T, bool>)
                *target = true;
            else if constexpr (std::same_as<T, std::vector<std::string>>)
                *target = texts;
            else
                *target = TRY(read_value<typename Unwrapped<T>::Type>(argument, texts.back()));
            return Done{};
        },
        argument.target);
}

Result<> Syntax::parse(std::span<const std::string> words) {
    CLI::App app;
    app.set_help_flag();
    app.allow_extras();
    std::deque<Parsed> parsed;
    for (Argument& argument : arguments_) {
        Parsed& entry = parsed.emplace_back();
        entry.argument = &argument;
        std::string names = join(argument.names, ",");
        if (!argument.takes_value())
            entry.option = app.add_flag(names)->disable_flag_override();
        else if (argument.is_positional && !argument.takes_many())
            entry.option = app.add_option(names, entry.text);
        else if (argument.is_positional)
            entry.option = app.add_option(names, entry.texts);
        else  // one value each time it is written
            entry.option = app.add_option(names, entry.texts)->allow_extra_args(false);
    }
    try {
        std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
        app.parse(std::move(reversed));
    } catch (const CLI::ArgumentMismatch& mismatch) {
        return mismatched(arguments_, mismatch.what());
    } catch (const CLI::ParseError& error) {
        return Error{Code::Usage, printable(error.what())};
    }
    for (const std::string& extra : app.remaining())
        if (extra != "--") return unknown(arguments_, extra);
    for (Parsed& entry : parsed) {
        Argument& argument = *entry.argument;
        if (entry.option->count() > 0) {
            if (!argument.takes_value()) entry.texts = {"true"};
            if (entry.texts.empty()) entry.texts = {entry.text};
            TRY(store(argument, entry.texts));
        } else if (argument.is_required) {
            return Error{Code::Usage, argument.is_positional
                                          ? cat(argument.names[0], " is missing")
                                          : cat(argument.long_name(), " must be given")};
        }
    }
    return Done{};
}

}  // namespace linnet
