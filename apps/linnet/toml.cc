#include "linnet/toml.h"

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 1
#include <toml++/toml.h>

#include <algorithm>
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

// The parser bounds how deep tables nest.
void collect(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& out) {
    for (const auto& [name, node] : table) {
        std::string key = cat(prefix, name.str());
        if (const toml::table* below = node.as_table())
            collect(*below, cat(key, '.'), out);
        else
            out.push_back({key, to_json(node), node.source().begin.line});
    }
}

}  // namespace

Result<std::vector<TomlEntry>> parse_toml(std::string_view text, const Path& name) {
    toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Error{Code::Usage, cat(name, ":", error.source().begin.line, ": ",
                                      printable(error.description(), 300))};
    }
    std::vector<TomlEntry> entries;
    collect(parsed.table(), "", entries);
    std::ranges::stable_sort(entries, {}, &TomlEntry::line);
    return entries;
}

}  // namespace linnet
