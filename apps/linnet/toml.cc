#include "linnet/toml.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>

#include <algorithm>
#include <span>
#include <sstream>

#include "base/text.h"

namespace linnet {
namespace {

Json to_json(const toml::node& node) {
    if (auto value = node.as_boolean()) return Json(value->get());
    if (auto value = node.as_integer()) return Json(value->get());
    if (auto value = node.as_floating_point()) return Json(value->get());
    if (auto value = node.as_string()) return Json(value->get());
    if (auto value = node.as_array()) {
        Json out = Json::array();
        for (const toml::node& item : *value) out.push(to_json(item));
        return out;
    }
    if (auto value = node.as_table()) {  // only inside arrays: collect() takes the others apart
        Json out = Json::object();
        for (const auto& [name, item] : *value) out.set(name.str(), to_json(item));
        return out;
    }
    std::ostringstream text;
    node.visit([&](const auto& value) {
        if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                      toml::is_date_time<decltype(value)>)
            text << value.get();
    });
    return Json(text.str());
}

// The bytes of a place that the parser counts in lines and characters from 1.
size_t byte_offset(std::string_view text, const toml::source_position& place) {
    size_t at = 0;
    for (size_t line = 1; line < place.line && at != text.npos; line++)
        at = text.find('\n', at) == text.npos ? text.size() : text.find('\n', at) + 1;
    for (size_t column = 1; column < place.column && at < text.size(); column++) {
        at++;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) at++;
    }
    return at;
}

// The parser bounds how deep tables nest.
void collect(const toml::table& table, const std::string& prefix, std::string_view text,
             std::vector<TomlEntry>& out) {
    for (const auto& [name, node] : table) {
        std::string key = cat(prefix, name.str());
        if (const toml::table* below = node.as_table())
            collect(*below, cat(key, '.'), text, out);
        else
            out.push_back({key, to_json(node), node.source().begin.line,
                           byte_offset(text, node.source().begin),
                           byte_offset(text, node.source().end)});
    }
}

}  // namespace

Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const Path& name) {
    toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Error{Code::BadInput, cat(name, ":", error.source().begin.line, ": ",
                                         printable(error.description(), 300))};
    }
    std::vector<TomlEntry> entries;
    collect(parsed.table(), "", text, entries);
    std::ranges::sort(entries, {}, &TomlEntry::value_begin);
    return entries;
}

std::string toml_value(const Json& value) {
    const Json::Array* list = value.as_array();
    if (!list) return value.dump();  // JSON's strings, numbers and bools are TOML's too
    std::vector<std::string> parts;
    for (const Json& part : *list) parts.push_back(part.dump());
    return cat("[", join(parts, ", "), "]");
}

// Where a new line of the table goes: behind its header; nothing where it has none.
static std::optional<size_t> after_header(std::string_view text, std::string_view table) {
    size_t at = 0;
    for (std::string_view line : split(text, '\n')) {
        at += line.size() + 1;
        std::string_view bare = trim(line.substr(0, line.find('#')));
        if (bare.starts_with('[') && bare.ends_with(']') &&
            trim(bare.substr(1, bare.size() - 2)) == table)
            return std::min(at, text.size());
    }
    return std::nullopt;
}

// Ways to add a key, the most readable first. Which of them keep the meaning depends on how the
// file already speaks of the table.
static std::vector<std::string> with_new_key(std::string text, std::string_view key,
                                             const std::string& value) {
    size_t dot = key.find('.');
    std::string_view table = key.substr(0, dot);
    std::string line = cat(key.substr(dot + 1), " = ", value, "\n");
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    std::vector<std::string> ways;
    if (auto at = after_header(text, table)) ways.push_back(std::string(text).insert(*at, line));
    ways.push_back(cat(text, text.empty() ? "" : "\n", "[", table, "]\n", line));
    ways.push_back(cat(key, " = ", value, "\n", text));
    return ways;
}

static bool says(const std::string& text, std::span<const TomlEntry> wanted) {
    auto entries = parse_toml(text, {});
    if (!entries || entries->size() != wanted.size()) return false;
    return std::ranges::all_of(wanted, [&](const TomlEntry& want) {
        auto same = std::ranges::find(*entries, want.key, &TomlEntry::key);
        return same != entries->end() && same->value == want.value;
    });
}

Result<std::string> set_in_toml(const std::string& text, std::string_view key, const Json& value,
                                const Path& name) {
    std::vector<TomlEntry> wanted = TRY(parse_toml(text, name));
    std::vector<std::string> ways;
    auto found = std::ranges::find(wanted, key, &TomlEntry::key);
    if (found == wanted.end()) {
        ways = with_new_key(text, key, toml_value(value));
        wanted.push_back({.key = std::string(key), .value = value});
    } else {
        size_t length = found->value_end - found->value_begin;
        ways.push_back(std::string(text).replace(found->value_begin, length, toml_value(value)));
        found->value = value;
    }
    for (std::string& way : ways)
        if (says(way, wanted)) return std::move(way);
    return Error{Code::Unsupported,
                 cat(name, " is laid out in a way that cannot be changed safely"),
                 cat("write ", key, " = ", toml_value(value), " into it with an editor")};
}

}  // namespace linnet
