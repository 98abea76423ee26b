#include "linnet/preset.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "linnet/toml.h"
#include "store/name.h"
#include "text/named_templates.h"

namespace linnet {
namespace {

struct TextMember {
    std::string_view key;
    std::string Preset::* member;
};
constexpr TextMember texts[] = {{"model", &Preset::model},
                                {"system", &Preset::system},
                                {"template", &Preset::chat_template},
                                {"think", &Preset::think}};

struct CountMember {
    std::string_view key;
    std::optional<uint64_t> Preset::* member;
};
constexpr CountMember counts[] = {{"context", &Preset::context},
                                  {"tokens", &Preset::tokens},
                                  {"think_budget", &Preset::think_budget},
                                  {"seed", &Preset::seed}};

struct ListMember {
    std::string_view key;
    std::vector<std::string> Preset::* member;
};
constexpr ListMember lists[] = {{"stop", &Preset::stop}, {"lora", &Preset::lora}};

std::vector<std::string> known_keys() {
    std::vector<std::string> keys = {"messages"};
    for (const ListMember& row : lists) keys.emplace_back(row.key);
    for (const TextMember& row : texts) keys.emplace_back(row.key);
    for (const CountMember& row : counts) keys.emplace_back(row.key);
    for (const ParameterRow& row : parameter_table()) keys.push_back(cat("sampling.", row.name));
    return keys;
}

Error wrong(std::string_view key, std::string_view wants) {
    return {Code::BadInput, cat(key, " is not ", wants)};
}

Result<> read_messages(const Json& value, Preset& preset) {
    const Json::Array* list = value.as_array();
    if (!list) return wrong("messages", "a list of tables");
    for (const Json& item : *list) {
        Message message{.role = item.string_or("role", ""),
                        .content = item.string_or("content", "")};
        if (message.role != "system" && message.role != "user" && message.role != "assistant")
            return Error{Code::BadInput, cat("message ", preset.messages.size() + 1,
                                             " has no role of system, user and assistant")};
        preset.messages.push_back(std::move(message));
    }
    return Done{};
}

Result<> read_entry(const TomlEntry& entry, Preset& preset) {
    auto text = std::ranges::find(texts, entry.key, &TextMember::key);
    if (text != std::end(texts)) {
        if (!entry.value.is_string()) return wrong(entry.key, "a text");
        preset.*text->member = *entry.value.as_string();
        return Done{};
    }
    auto count = std::ranges::find(counts, entry.key, &CountMember::key);
    if (count != std::end(counts)) {
        if (!entry.value.as_uint()) return wrong(entry.key, "a whole number");
        preset.*count->member = *entry.value.as_uint();
        return Done{};
    }
    if (entry.key == "messages") return read_messages(entry.value, preset);
    auto listed = std::ranges::find(lists, entry.key, &ListMember::key);
    if (listed != std::end(lists)) {
        const Json::Array* list = entry.value.as_array();
        if (!list || !std::ranges::all_of(*list, &Json::is_string))
            return wrong(entry.key, "a list of texts");
        for (const Json& item : *list) (preset.*listed->member).push_back(*item.as_string());
        return Done{};
    }
    constexpr std::string_view prefix = "sampling.";
    std::string_view name = entry.key;
    const ParameterRow* row =
        name.starts_with(prefix) ? find_parameter(name.substr(prefix.size())) : nullptr;
    if (!row) {
        auto meant = closest(entry.key, known_keys());
        return Error{Code::BadInput, cat("a preset has no ", printable(entry.key, 100)),
                     meant ? cat("perhaps it is ", *meant) : ""};
    }
    auto number = entry.value.as_double();
    if (!number) return wrong(entry.key, "a number");
    if (auto checked = check_parameter(*row, *number); !checked)
        return Error{Code::BadInput, checked.error().what};
    preset.parameters.emplace_back(row, *number);
    return Done{};
}

Json list_json(const std::vector<std::string>& items) {
    Json out = Json::array();
    for (const std::string& text : items) out.push(text);
    return out;
}

Result<> check_words(const Preset& preset) {
    const std::string& think = preset.think;
    if (!think.empty() && think != "show" && think != "hide" && think != "off")
        return wrong("think", "show, hide or off");
    if (!preset.chat_template.empty() && !find_named_template(preset.chat_template)) {
        std::vector<std::string> names;
        for (const NamedTemplate& row : named_templates()) names.emplace_back(row.name);
        return Error{Code::BadInput,
                     cat("there is no template named ", printable(preset.chat_template, 100)),
                     cat("these are: ", join(names, ", "))};
    }
    return Done{};
}

}  // namespace

Result<Preset> parse_preset(std::string_view text, std::string_view name, const Path& path) {
    Preset preset;
    preset.name = name;
    for (const TomlEntry& entry : TRY(parse_toml(text, path))) {
        auto read = read_entry(entry, preset);
        if (!read) return std::move(read).error().within(cat(path, ":", entry.line));
    }
    auto checked = check_words(preset);
    if (!checked) return std::move(checked).error().within(cat(path));
    return preset;
}

std::string preset_text(const Preset& preset) {
    std::string out;
    for (const TextMember& row : texts)
        if (const std::string& text = preset.*row.member; !text.empty())
            out += cat(row.key, " = ", json_quote(text), "\n");
    for (const CountMember& row : counts)
        if (preset.*row.member) out += cat(row.key, " = ", *(preset.*row.member), "\n");
    for (const ListMember& row : lists)
        if (!(preset.*row.member).empty())
            out += cat(row.key, " = ", toml_value(list_json(preset.*row.member)), "\n");
    if (!preset.parameters.empty()) out += "\n[sampling]\n";
    for (const auto& [row, value] : preset.parameters)
        out += cat(row->name, " = ", parameter_text(*row, value), "\n");
    for (const Message& message : preset.messages)
        out += cat("\n[[messages]]\nrole = ", json_quote(message.role),
                   "\ncontent = ", json_quote(message.content), "\n");
    return out;
}

Json preset_json(const Preset& preset) {
    Json out = Json::object({{"name", preset.name}});
    for (const TextMember& row : texts) out.set(row.key, preset.*row.member);
    for (const CountMember& row : counts)
        out.set(row.key, preset.*row.member ? Json(*(preset.*row.member)) : Json());
    Json sampling = Json::object(), messages = Json::array();
    for (const auto& [row, value] : preset.parameters) sampling.set(row->name, value);
    for (const Message& message : preset.messages)
        messages.push(Json::object({{"role", message.role}, {"content", message.content}}));
    out.set("sampling", std::move(sampling));
    for (const ListMember& row : lists) out.set(row.key, list_json(preset.*row.member));
    out.set("messages", std::move(messages));
    return out;
}

Path preset_path(const Paths& paths, std::string_view name) {
    return paths.config / "presets" / cat(name, ".toml");
}

bool has_preset(const Paths& paths, std::string_view name) {
    std::error_code ignored;
    return is_model_name(name) && std::filesystem::exists(preset_path(paths, name), ignored);
}

Result<Preset> load_preset(const Paths& paths, std::string_view name) {
    std::string known = TRY(parse_model_name(name));
    Path path = preset_path(paths, known);
    auto text = read_file(path, Preset::file_bytes_max);
    if (text) return parse_preset(*text, known, path);
    if (text.error().code != Code::NotFound) return std::move(text).error();
    auto meant = closest(known, preset_names(paths));
    return Error{
        Code::NotFound,
        cat("there is no preset '", known, "'", meant ? cat("; did you mean ", *meant, "?") : ""),
        "linnet preset list shows those that are there"};
}

Result<> save_preset(const Paths& paths, const Preset& preset, bool replace) {
    Path path = preset_path(paths, preset.name);
    if (!replace && has_preset(paths, preset.name))
        return Error{Code::Busy, cat("there is a preset '", preset.name, "' already"),
                     "replace it with --force, or choose another name"};
    std::string text = preset_text(preset);
    auto again = parse_preset(text, preset.name, path);
    if (!again) return std::move(again).error();
    TRY(make_folders(path.parent_path()));
    return write_file_atomic(path, text);
}

std::vector<std::string> preset_names(const Paths& paths) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator at(paths.config / "presets", error), end;
         !error && at != end; at.increment(error)) {
        std::string name = at->path().stem().string();
        if (at->path().extension() == ".toml" && is_model_name(name)) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace linnet
