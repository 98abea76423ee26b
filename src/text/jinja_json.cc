#include "text/jinja_json.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "text/jinja_call.h"
#include "text/jinja_filters.h"

namespace linnet::jinja {
namespace {

using Flavor = Sequence::Flavor;

void append_unit(std::string& out, unsigned unit) {
    char digits[8];
    std::snprintf(digits, sizeof digits, "\\u%04x", unit);
    out += digits;
}

std::string json_text(std::string_view text, bool ascii) {
    std::string out = "\"";
    static constexpr std::string_view plain = "\"\\\n\r\t\b\f", names = "\"\\nrtbf";
    for (size_t at = 0; at < text.size();) {
        size_t begin = at;
        char32_t point = next_point(text, at);
        size_t named = point < 0x80 ? plain.find(static_cast<char>(point)) : plain.npos;
        if (named != plain.npos)
            (out += '\\') += names[named];
        else if (point < 0x20 || (ascii && point >= 0x7F && point < 0x10000))
            append_unit(out, static_cast<unsigned>(point));
        else if (ascii && point >= 0x10000) {
            append_unit(out, static_cast<unsigned>(0xD800 + ((point - 0x10000) >> 10)));
            append_unit(out, static_cast<unsigned>(0xDC00 + ((point - 0x10000) & 0x3FF)));
        } else {
            out += text.substr(begin, at - begin);
        }
    }
    return out += '"';
}

std::string json_number(const Value& value) {
    if (value.is(Value::Kind::Bool)) return value.truthy() ? "true" : "false";
    if (auto integer = value.integer()) return cat(*integer);
    double number = *value.number();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return print_float(number);
}

Result<std::string> json_key(const Value& key) {
    if (const Text* text = key.text()) return text->bytes;
    if (key.is_none()) return std::string("null");
    if (key.is_number()) return json_number(key);
    return type_error(cat("keys must be str, int, float, bool or None, not ", key.type()));
}

// The new line between members, where the style has any.
Result<Done> new_line(TextBuilder& out, const JsonStyle& style, int level) {
    if (!style.indent) return Done{};
    TRY(out.add("\n"));
    return out.add(*style.indent, static_cast<size_t>(level));
}

Result<Done> write_list(Runtime& runtime, TextBuilder& out, const Sequence& list,
                        const JsonStyle& style, int level) {
    if (list.items.empty()) return out.add("[]");
    TRY(out.add("["));
    for (size_t i = 0; i < list.items.size(); i++) {
        if (i > 0) TRY(out.add(style.item_separator));
        TRY(new_line(out, style, level + 1));
        TRY(write_json(runtime, out, list.items[i], style, level + 1));
    }
    TRY(new_line(out, style, level));
    return out.add("]");
}

Result<Done> write_dict(Runtime& runtime, TextBuilder& out, const Dict& dict,
                        const JsonStyle& style, int level) {
    if (dict.entries.empty()) return out.add("{}");
    std::vector<const Dict::Entry*> entries;
    if (style.sort_keys) {
        std::vector<Keyed> keyed;
        for (size_t i = 0; i < dict.entries.size(); i++)
            keyed.push_back({dict.entries[i].key, Value(i)});
        TRY(sort_by_key(runtime, keyed, false));
        for (const Keyed& item : keyed)
            entries.push_back(&dict.entries[static_cast<size_t>(*item.item.integer())]);
    } else {
        for (const Dict::Entry& entry : dict.entries) entries.push_back(&entry);
    }
    TRY(out.add("{"));
    for (size_t i = 0; i < entries.size(); i++) {
        if (i > 0) TRY(out.add(style.item_separator));
        TRY(new_line(out, style, level + 1));
        std::string key = TRY(json_key(entries[i]->key));
        TRY(out.add(json_text(key, style.ascii)));
        TRY(out.add(style.key_separator));
        TRY(write_json(runtime, out, entries[i]->value, style, level + 1));
    }
    TRY(new_line(out, style, level));
    return out.add("}");
}

Result<Value> to_json(Runtime& runtime, const Value& input, const Bound& bound) {
    JsonStyle style;
    style.ascii = bound.truthy(0, false);
    if (bound.has(1) && !bound[1]->is_none()) {
        constexpr int64_t indent_max = 1000;
        int64_t width = bound[1]->is_string() ? 0 : TRY(bound.integer(1, 0));
        if (width > indent_max) return type_error(cat("JSON is indented by at most ", indent_max));
        style.indent = bound[1]->is_string()
                           ? bound[1]->text()->bytes
                           : std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
        style.item_separator = ",";
    }
    if (bound.has(2) && !bound[2]->is_none()) {
        std::vector<Value> separators = TRY(to_vector(runtime, *bound[2]));
        if (separators.size() != 2 || !separators[0].is_string() || !separators[1].is_string())
            return type_error("separators are two strings");
        style.item_separator = separators[0].text()->bytes;
        style.key_separator = separators[1].text()->bytes;
    }
    style.sort_keys = bound.truthy(3, false);
    TextBuilder out(runtime);
    TRY(write_json(runtime, out, input, style));
    return out.value();
}

constexpr Builtin table[] = {
    {"tojson", "| ensure_ascii indent separators sort_keys", to_json},
};

}  // namespace

std::span<const Builtin> json_filters() {
    return table;
}

Result<Done> write_json(Runtime& runtime, TextBuilder& out, const Value& value,
                        const JsonStyle& style, int level) {
    TRY(runtime.budget.step());
    if (value.is_none()) return out.add("null");
    if (value.is_number()) return out.add(json_number(value));
    if (const Text* text = value.text()) return out.add(json_text(text->bytes, style.ascii));
    if (const Dict* dict = value.dict()) return write_dict(runtime, out, *dict, style, level);
    const Sequence* list = value.sequence();
    if (list && list->flavor <= Flavor::Tuple) return write_list(runtime, out, *list, style, level);
    return type_error(cat("Object of type ", value.type(), " is not JSON serializable"));
}

Result<Value> value_of(Runtime& runtime, const Json& json) {
    TRY(runtime.budget.step());
    switch (json.kind()) {
        case Json::Kind::Null:
            return Value::none();
        case Json::Kind::Bool:
            return Value(*json.as_bool());
        case Json::Kind::Int:
            return Value(*json.as_int());
        case Json::Kind::Uint:
        case Json::Kind::Double:
            return Value(*json.as_double());
        case Json::Kind::String: {
            const std::string& text = *json.as_string();
            TRY(runtime.budget.bytes(8 * text.size()));
            return runtime.text(valid_utf8(text) ? text : repaired_utf8(text));
        }
        case Json::Kind::Array: {
            std::vector<Value> items;
            for (const Json& item : *json.as_array()) items.push_back(TRY(value_of(runtime, item)));
            return runtime.list(std::move(items));
        }
        case Json::Kind::Object: {
            DictBuilder out(runtime);
            for (const auto& [name, member] : *json.as_object()) {
                Value key = runtime.text(valid_utf8(name) ? name : repaired_utf8(name));
                Value held = TRY(value_of(runtime, member));
                TRY(out.set(std::move(key), std::move(held)));
            }
            return out.value();
        }
    }
    return Value();
}

}  // namespace linnet::jinja
