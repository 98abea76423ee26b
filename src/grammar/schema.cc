#include "grammar/schema.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "grammar/combine.h"

namespace linnet {
namespace {

constexpr std::string_view documented = "docs/formats/json-schema.md lists what is supported";

enum class Wants { Nothing, Schema, Schemas, SchemaMap, Count, Number, Text, Texts, Bool, Any };

struct Keyword {
    std::string_view name;
    Wants wants;
};
constexpr Keyword keywords[] = {
    {"type", Wants::Any},
    {"enum", Wants::Any},
    {"const", Wants::Any},
    {"properties", Wants::SchemaMap},
    {"patternProperties", Wants::SchemaMap},
    {"additionalProperties", Wants::Schema},
    {"required", Wants::Texts},
    {"minProperties", Wants::Count},
    {"maxProperties", Wants::Count},
    {"items", Wants::Schema},
    {"prefixItems", Wants::Schemas},
    {"minItems", Wants::Count},
    {"maxItems", Wants::Count},
    {"anyOf", Wants::Schemas},
    {"oneOf", Wants::Schemas},
    {"allOf", Wants::Schemas},
    {"$ref", Wants::Text},
    {"$defs", Wants::SchemaMap},
    {"definitions", Wants::SchemaMap},
    {"minLength", Wants::Count},
    {"maxLength", Wants::Count},
    {"pattern", Wants::Text},
    {"format", Wants::Text},
    {"minimum", Wants::Number},
    {"maximum", Wants::Number},
    {"exclusiveMinimum", Wants::Number},
    {"exclusiveMaximum", Wants::Number},
    {"multipleOf", Wants::Number},
    // Annotations.
    {"$schema", Wants::Nothing},
    {"$id", Wants::Nothing},
    {"$comment", Wants::Nothing},
    {"title", Wants::Nothing},
    {"description", Wants::Nothing},
    {"default", Wants::Nothing},
    {"examples", Wants::Nothing},
    {"deprecated", Wants::Nothing},
    {"readOnly", Wants::Nothing},
    {"writeOnly", Wants::Nothing},
    {"contentEncoding", Wants::Nothing},
    {"contentMediaType", Wants::Nothing},
};

bool is_schema(const Json& value) {
    return value.is_object() || value.is_bool();
}

bool has_form(const Json& value, Wants wants) {
    switch (wants) {
        case Wants::Nothing:
        case Wants::Any:
            return true;
        case Wants::Schema:
            return is_schema(value);
        case Wants::Schemas:
            return value.is_array() && !value.as_array()->empty() &&
                   std::ranges::all_of(*value.as_array(), is_schema);
        case Wants::SchemaMap:
            return value.is_object() &&
                   std::ranges::all_of(*value.as_object(),
                                       [](const Json::Member& m) { return is_schema(m.second); });
        case Wants::Count:
            return value.as_uint().has_value();
        case Wants::Number:
            return value.as_double().has_value() && std::isfinite(*value.as_double());
        case Wants::Text:
            return value.is_string();
        case Wants::Texts:
            return value.is_array() && std::ranges::all_of(*value.as_array(), [](const Json& v) {
                       return v.is_string();
                   });
        case Wants::Bool:
            return value.is_bool();
    }
    return false;
}

std::string_view form_name(Wants wants) {
    switch (wants) {
        case Wants::Schema:
            return "a schema: an object, true or false";
        case Wants::Schemas:
            return "a list of schemas";
        case Wants::SchemaMap:
            return "an object of schemas";
        case Wants::Count:
            return "a whole number from 0 up";
        case Wants::Number:
            return "a number";
        case Wants::Text:
            return "a string";
        case Wants::Texts:
            return "a list of strings";
        default:
            return "something else";
    }
}

struct KindName {
    std::string_view name;
    uint32_t kinds;
};
constexpr KindName kind_names[] = {{"null", kinds::Null},       {"boolean", kinds::Bool},
                                   {"integer", kinds::Integer}, {"number", kinds::number},
                                   {"string", kinds::String},   {"array", kinds::Array},
                                   {"object", kinds::Object}};

uint32_t kinds_named(const Json& name) {
    for (const KindName& row : kind_names)
        if (name.as_string() && *name.as_string() == row.name) return row.kinds;
    return 0;
}

// Of a "type", a name or a list of names; 0 for what is none.
uint32_t kinds_of_type(const Json& type) {
    if (!type.is_array()) return kinds_named(type);
    uint32_t out = 0;
    for (const Json& name : *type.as_array()) {
        uint32_t one = kinds_named(name);
        if (one == 0) return 0;
        out |= one;
    }
    return out;
}

struct About {
    std::string_view keyword;
    uint32_t kinds;
};
constexpr About about[] = {{"properties", kinds::Object},
                           {"patternProperties", kinds::Object},
                           {"required", kinds::Object},
                           {"additionalProperties", kinds::Object},
                           {"minProperties", kinds::Object},
                           {"maxProperties", kinds::Object},
                           {"items", kinds::Array},
                           {"prefixItems", kinds::Array},
                           {"minItems", kinds::Array},
                           {"maxItems", kinds::Array},
                           {"minLength", kinds::String},
                           {"maxLength", kinds::String},
                           {"pattern", kinds::String},
                           {"format", kinds::String},
                           {"minimum", kinds::number},
                           {"maximum", kinds::number},
                           {"multipleOf", kinds::number},
                           {"exclusiveMinimum", kinds::number},
                           {"exclusiveMaximum", kinds::number}};

// The path to `wanted`, which lies somewhere below `at`, as a JSON pointer.
bool find_path(const Json& at, const Json* wanted, std::string& path) {
    if (&at == wanted) return true;
    size_t before = path.size();
    auto try_below = [&](const Json& below, std::string_view step) {
        path += cat("/", replace_all(replace_all(std::string(step), "~", "~0"), "/", "~1"));
        if (find_path(below, wanted, path)) return true;
        path.resize(before);
        return false;
    };
    if (const Json::Object* object = at.as_object())
        for (const auto& [name, member] : *object)
            if (try_below(member, name)) return true;
    if (const Json::Array* array = at.as_array())
        for (size_t i = 0; i < array->size(); i++)
            if (try_below((*array)[i], cat(i))) return true;
    return false;
}

}  // namespace

Error SchemaDocument::error(Schema where, std::string_view what, std::string_view next) const {
    std::string path;
    find_path(root_, where, path);
    return {Code::Usage, cat("the schema at '", printable(path, 300), "': ", what),
            std::string(next.empty() ? documented : next)};
}

Result<> SchemaDocument::check_keyword(const std::string& name, const Json& value) const {
    auto row = std::ranges::find(keywords, name, &Keyword::name);
    if (row == std::end(keywords)) {
        if (name == "uniqueItems" && value.as_bool() == false) return Done{};
        return error(&value, cat("the keyword '", printable(name, 60), "' is not supported"),
                     cat("leave it out, or say the same otherwise; ", documented));
    }
    if (!has_form(value, row->wants))
        return error(&value, cat("'", name, "' must be ", form_name(row->wants)));
    if (name == "type" && kinds_of_type(value) == 0)
        return error(&value,
                     "'type' must name null, boolean, integer, number, string, array or "
                     "object, or list some of these");
    if (name == "enum" && (!value.is_array() || value.as_array()->empty()))
        return error(&value, "'enum' must be a list of values");
    if (name == "format" && !format_pattern(*value.as_string()))
        return error(&value,
                     cat("the format '", printable(*value.as_string(), 60), "' is not supported"),
                     cat("use a pattern instead; ", documented));
    if (name == "multipleOf") {
        double of = *value.as_double();
        if (of < 1 || of != std::floor(of) || of > NumberRange::multiple_max)
            return error(&value, cat("'multipleOf' must be a whole number from 1 to ",
                                     NumberRange::multiple_max));
    }
    if (name == "pattern")
        if (auto regex = Regex::parse(*value.as_string(), unicode_); !regex)
            return error(&value, regex.error().what, regex.error().next);
    return Done{};
}

Result<> SchemaDocument::check_keywords(Schema schema) {
    if (schema->is_bool() || !checked_.insert(schema).second) return Done{};
    if (!schema->is_object()) return error(schema, "a schema is an object, true or false");
    for (const auto& [name, value] : *schema->as_object()) TRY(check_keyword(name, value));
    if (const Json* patterns = schema->find("patternProperties"))
        for (const auto& [pattern, value] : *patterns->as_object())
            if (auto regex = Regex::parse(pattern, unicode_); !regex)
                return error(&value, regex.error().what, regex.error().next);
    return Done{};
}

// "#", "#/a/b", with ~0, ~1 and %XX in the steps.
Result<Schema> SchemaDocument::resolve(const Json& reference) const {
    const std::string& text = *reference.as_string();
    if (text != "#" && !text.starts_with("#/"))
        return error(&reference,
                     cat("the $ref '", printable(text, 200), "' leads out of the document"),
                     "put what it names into \"$defs\" and write \"#/$defs/…\"");
    Schema at = &root_;
    for (std::string_view step : split(std::string_view(text).substr(1), '/')) {
        if (step.data() == text.data() + 1) continue;  // in front of the first slash
        std::string name;
        for (size_t i = 0; i < step.size(); i++) {
            uint32_t code = 0;
            bool coded =
                step[i] == '%' && i + 2 < step.size() + 0 &&
                std::from_chars(&step[i + 1], &step[i + 1] + 2, code, 16).ptr == &step[i + 1] + 2;
            name += coded ? static_cast<char>(code) : step[i];
            if (coded) i += 2;
        }
        name = replace_all(replace_all(name, "~1", "/"), "~0", "~");
        Schema next = at->find(name);
        auto index = parse_integer<size_t>(name);
        if (at->is_array() && index && *index < at->as_array()->size())
            next = &(*at->as_array())[*index];
        if (!next)
            return error(&reference,
                         cat("the $ref '", printable(text, 200), "' names nothing in the document"),
                         "correct it, or add what it names to \"$defs\"");
        at = next;
    }
    if (!is_schema(*at))
        return error(&reference, cat("the $ref '", printable(text, 200), "' names no schema"));
    return at;
}

Result<std::vector<Schemas>> SchemaDocument::cases(const Schemas& schemas) {
    std::vector<Schemas> out;
    std::vector<Case> work{{.open = {schemas.rbegin(), schemas.rend()}, .done = {}}};
    while (!work.empty()) {
        Case now = std::move(work.back());
        work.pop_back();
        bool impossible = false, branched = false;
        while (!now.open.empty() && !impossible && !branched) {
            Schema schema = now.open.back();
            now.open.pop_back();
            TRY(check_keywords(schema));
            impossible = schema->as_bool() == false;
            if (schema->is_bool() || std::ranges::find(now.done, schema) != now.done.end())
                continue;
            now.done.push_back(schema);
            if (const Json* reference = schema->find("$ref"))
                now.open.push_back(TRY(resolve(*reference)));
            if (const Json* all = schema->find("allOf"))
                for (const Json& one : *all->as_array()) now.open.push_back(&one);
            std::vector<const Json::Array*> choices;
            for (std::string_view name : {"anyOf", "oneOf"})
                if (const Json* list = schema->find(name)) choices.push_back(list->as_array());
            if (const Json* one_of = schema->find("oneOf"))
                if (one_ofs_.insert(one_of).second)
                    TRY(check_one_of(*one_of->as_array(), now.done));
            if (choices.empty()) continue;
            // Each way to choose goes on by itself.
            branched = true;
            std::vector<Case> ways{now};
            for (const Json::Array* list : choices) {
                std::vector<Case> more;
                for (const Case& way : ways)
                    for (const Json& branch : *list) {
                        more.push_back(way);
                        more.back().open.push_back(&branch);
                    }
                ways = std::move(more);
                if (ways.size() + work.size() + out.size() > cases_max)
                    return error(schema, cat("anyOf and oneOf make more than ", cases_max,
                                             " cases together"));
            }
            work.insert(work.end(), std::make_move_iterator(ways.rbegin()),
                        std::make_move_iterator(ways.rend()));
        }
        if (!impossible && !branched) out.push_back(std::move(now.done));
    }
    return out;
}

Result<> SchemaDocument::check_one_of(const Json::Array& branches, const Schemas& around) {
    for (size_t i = 0; i < branches.size(); i++)
        for (size_t j = 0; j < i; j++)
            if (!TRY(are_disjoint({&branches[j]}, {&branches[i]}, around)))
                return error(
                    &branches[i],
                    cat("the same value may fit branches ", j, " and ", i, " of this oneOf"),
                    "use anyOf, or give each branch a type or a required property with a "
                    "const of its own");
    return Done{};
}

uint32_t SchemaDocument::formal_kinds(const Schemas& schemas) const {
    uint32_t out = kinds::all;
    for (Schema schema : schemas)
        if (const Json* type = schema->find("type")) out &= kinds_of_type(*type);
    return out;
}

uint32_t SchemaDocument::meant_kinds(const Schemas& schemas) const {
    uint32_t named = formal_kinds(schemas), meant = 0;
    for (Schema schema : schemas) {
        if (schema->find("type")) return named;
        for (const About& row : about)
            if (schema->find(row.keyword)) meant |= row.kinds;
    }
    return meant == 0 ? named : named & meant;
}

Schemas SchemaDocument::element(const Schemas& schemas, size_t index) const {
    Schemas out;
    for (Schema schema : schemas) {
        const Json* prefix = schema->find("prefixItems");
        if (prefix && index < prefix->as_array()->size())
            out.push_back(&(*prefix->as_array())[index]);
        else if (const Json* items = schema->find("items"))
            out.push_back(items);
    }
    return out;
}

Result<Schemas> SchemaDocument::member(const Schemas& schemas, std::string_view name, bool& found) {
    Schemas out;
    found = false;
    for (Schema schema : schemas) {
        bool here = false;
        auto take = [&](Schema of) {
            out.push_back(of);
            here = found = true;
        };
        const Json* properties = schema->find("properties");
        if (const Json* property = properties ? properties->find(name) : nullptr) take(property);
        if (const Json* patterns = schema->find("patternProperties"))
            for (const auto& [pattern, of] : *patterns->as_object())
                if (TRY(name_matches(pattern, name))) take(&of);
        const Json* additional = schema->find("additionalProperties");
        if (!here && additional) out.push_back(additional);
    }
    return out;
}

NumberRange SchemaDocument::range(const Schemas& schemas) const {
    NumberRange out;
    auto each = [&](std::string_view name, auto&& use) {
        for (Schema schema : schemas)
            if (const Json* value = schema->find(name)) use(*value->as_double());
    };
    each("minimum", [&](double v) { out.at_least({v, false}); });
    each("exclusiveMinimum", [&](double v) { out.at_least({v, true}); });
    each("maximum", [&](double v) { out.at_most({v, false}); });
    each("exclusiveMaximum", [&](double v) { out.at_most({v, true}); });
    each("multipleOf", [&](double v) {
        out.integer = true;
        if (out.multiple <= NumberRange::multiple_max)
            out.multiple = std::lcm(out.multiple, static_cast<uint64_t>(v));
    });
    return out;
}

}  // namespace linnet
