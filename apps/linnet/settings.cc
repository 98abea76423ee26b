#include "linnet/settings.h"

#include <algorithm>

#include "base/text.h"
#include "linnet/toml.h"

namespace linnet {
namespace {

using enum SettingKind;

// key, kind, built-in, project, choices, help
constexpr SettingRow rows[] = {
    {"store.path", File, "", ProjectMay::NotSet, "",
     "Folder of the model store; empty: linnet in the XDG data folder"},
    {"store.folders", Folders, "", ProjectMay::NotSet, "",
     "More folders with models, read in place"},
    {"pull.limit_rate", Size, "0", ProjectMay::NotSet, "",
     "Most bytes a second that a download takes; 0: no limit"},
    {"pull.offline", Bool, "false", ProjectMay::NotSet, "", "Never use the network"},
    {"run.threads", Integer, "0", ProjectMay::Set, "",
     "Threads that compute; 0: as many as there are processors to use"},
    {"run.context", Integer, "0", ProjectMay::Set, "",
     "Tokens of context; 0: what the model and the memory allow"},
    {"log.level", Choice, "warn", ProjectMay::Set, "debug|info|warn|error|off",
     "What is logged: this and worse"},
    {"log.file", File, "", ProjectMay::NotSet, "", "File to log to; empty: stderr"},
    {"log.format", Choice, "text", ProjectMay::NotSet, "text|json",
     "Log as lines of text or one JSON object a line"},
    {"output.color", Choice, "auto", ProjectMay::Set, "auto|always|never",
     "Colours; auto: on a terminal, unless NO_COLOR is set"},
};

Error wants(const SettingRow& row, std::string_view given, std::string_view what) {
    return {Code::Usage,
            cat("'", printable(given), "' is not ", what, ", which ", row.key, " needs")};
}

}  // namespace

std::span<const SettingRow> setting_table() {
    return rows;
}

const SettingRow* find_setting(std::string_view key) {
    auto found = std::ranges::find(rows, key, &SettingRow::key);
    return found == std::end(rows) ? nullptr : &*found;
}

std::vector<std::string> setting_keys() {
    std::vector<std::string> keys;
    for (const SettingRow& row : rows) keys.emplace_back(row.key);
    return keys;
}

std::string setting_variable(const SettingRow& row) {
    std::string name = "LINNET_";
    for (char c : row.key) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
    return name;
}

std::string_view layer_name(Layer layer) {
    static constexpr std::string_view names[] = {"built-in", "system",      "user",
                                                 "project",  "environment", "flag"};
    return names[static_cast<size_t>(layer)];
}

static Json paths_from(std::string_view text) {
    Json out = Json::array();
    for (std::string_view part : split(text, ':'))
        if (!part.empty()) out.push(part);
    return out;
}

Result<Json> parse_setting(const SettingRow& row, std::string_view text) {
    switch (row.kind) {
        case Bool:
            if (text == "true" || text == "1" || text == "yes" || text == "on") return Json(true);
            if (text == "false" || text == "0" || text == "no" || text == "off") return Json(false);
            return wants(row, text, "true or false").advise("write true or false");
        case Integer:
            if (auto value = parse_integer<uint64_t>(text)) return Json(*value);
            return wants(row, text, "a whole number").advise("write for example 4");
        case Size:
            return Json(TRY(parse_bytes(text)));
        case Folders:
            return paths_from(text);
        default:
            return check_setting(row, Json(text));
    }
}

Result<Json> check_setting(const SettingRow& row, const Json& value) {
    const std::string* text = value.as_string();
    switch (row.kind) {
        case Bool:
            if (value.is_bool()) return value;
            return wants(row, toml_value(value), "true or false").advise("write it without quotes");
        case Integer:
        case Size:
            if (auto number = value.as_uint()) return Json(*number);
            if (row.kind == Size && text) return Json(TRY(parse_bytes(*text)));
            return wants(row, toml_value(value), "a whole number");
        case Choice:
            if (text)
                for (std::string_view choice : split(row.choices, '|'))
                    if (*text == choice) return value;
            return wants(row, text ? *text : toml_value(value), "one of the words")
                .advise(cat("use ", replace_all(std::string(row.choices), "|", ", ")));
        case File:
            if (text && text->find('\0') == text->npos) return value;
            return wants(row, toml_value(value), "a path").advise("write it in quotes");
        case Folders: {
            const Json::Array* list = value.as_array();
            bool ok = list != nullptr && std::ranges::all_of(*list, &Json::is_string);
            if (ok) return value;
            return wants(row, toml_value(value), "a list of paths")
                .advise(R"(write for example ["/srv/models"])");
        }
    }
    check(false, "every kind of setting is handled");
    return Json();
}

Settings::Settings() {
    for (const SettingRow& row : rows) {
        auto value = parse_setting(row, row.built_in);
        check(bool(value), "the built-in values are valid");
        entries_.emplace(row.key, Entry{*std::move(value), {}});
    }
}

const Settings::Entry& Settings::entry(std::string_view key) const {
    auto found = entries_.find(key);
    check(found != entries_.end(), "the key is in the table of settings");
    return found->second;
}

const Json& Settings::value(std::string_view key) const {
    return entry(key).value;
}
const Origin& Settings::origin(std::string_view key) const {
    return entry(key).origin;
}
void Settings::set(std::string_view key, Json value, Origin origin) {
    check(find_setting(key) != nullptr, "the key is in the table of settings");
    entries_[std::string(key)] = {std::move(value), std::move(origin)};
}

bool Settings::flag(std::string_view key) const {
    auto out = value(key).as_bool();
    check(out.has_value(), "the setting is a bool");
    return *out;
}
uint64_t Settings::integer(std::string_view key) const {
    auto out = value(key).as_uint();
    check(out.has_value(), "the setting is an integer");
    return *out;
}
const std::string& Settings::text(std::string_view key) const {
    const std::string* out = value(key).as_string();
    check(out != nullptr, "the setting is a text");
    return *out;
}
std::vector<std::string> Settings::list(std::string_view key) const {
    const Json::Array* list = value(key).as_array();
    check(list != nullptr, "the setting is a list");
    std::vector<std::string> out;
    for (const Json& item : *list) out.push_back(*item.as_string());
    return out;
}

}  // namespace linnet
