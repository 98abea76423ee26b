// Whether a value fits a schema, and whether no value can fit two: for the values of enum and
// const, which other keywords may rule out, and for oneOf.

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "grammar/combine.h"
#include "grammar/json_text.h"
#include "grammar/schema.h"

namespace linnet {
namespace {

constexpr int depth_max = 100;
constexpr int disjoint_depth_max = 4;

uint32_t kind_of(const Json& value) {
    switch (value.kind()) {
        case Json::Kind::Null:
            return kinds::Null;
        case Json::Kind::Bool:
            return kinds::Bool;
        case Json::Kind::Int:
        case Json::Kind::Uint:
            return kinds::Integer;
        case Json::Kind::Double:
            return *value.as_double() == std::floor(*value.as_double()) ? kinds::Integer
                                                                        : kinds::Fraction;
        case Json::Kind::String:
            return kinds::String;
        case Json::Kind::Array:
            return kinds::Array;
        case Json::Kind::Object:
            return kinds::Object;
    }
    return 0;
}

bool is_same(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return *a.as_double() == *b.as_double();
    return a == b;
}

// Of enum and const, which both must hold; nothing where there is neither.
std::optional<Json::Array> listed_values(Schema schema) {
    std::optional<Json::Array> out;
    if (const Json* list = schema->find("enum")) out = *list->as_array();
    if (const Json* one = schema->find("const")) {
        bool also =
            !out || std::ranges::any_of(*out, [&](const Json& v) { return is_same(v, *one); });
        out = also ? Json::Array{*one} : Json::Array{};
    }
    return out;
}

bool is_required(const Schemas& schemas, std::string_view name) {
    for (Schema schema : schemas)
        if (const Json* required = schema->find("required"))
            for (const Json& one : *required->as_array())
                if (*one.as_string() == name) return true;
    return false;
}

bool fits_range(double value, const NumberRange& range) {
    if (range.least &&
        (value < range.least->value || (value == range.least->value && range.least->exclusive)))
        return false;
    if (range.most &&
        (value > range.most->value || (value == range.most->value && range.most->exclusive)))
        return false;
    return range.multiple == 1 || std::fmod(value, static_cast<double>(range.multiple)) == 0;
}

// The drafted rule for a search of the pattern in plain text.
Result<bool> finds(std::string_view pattern, std::string_view text, const Unicode& unicode) {
    Draft draft;
    Regex regex = TRY(Regex::parse(pattern, unicode));
    auto spell = [](Draft& d, const CodeSet& set) { return d.code_points(set); };
    RuleId rule = draft.declare("the pattern");
    draft.define(rule,
                 TRY(search_match(draft, regex, spell, draft.code_points(every_character()))));
    return matches({draft, rule}, text);
}

}  // namespace

Result<bool> SchemaDocument::name_matches(std::string_view pattern, std::string_view name) {
    auto [found, is_new] =
        name_matches_.try_emplace({std::string(pattern), std::string(name)}, false);
    if (is_new) found->second = TRY(finds(pattern, name, unicode_));
    return found->second;
}

Result<bool> SchemaDocument::fits(const Json& value, const Schemas& schemas, int depth) {
    if (depth > depth_max) return false;
    for (const Schemas& way : TRY(cases(schemas))) {
        bool all = true;
        for (Schema schema : way) all = all && TRY(fits_one(value, schema, depth));
        if (all) return true;
    }
    return false;
}

Result<bool> SchemaDocument::fits_one(const Json& value, Schema schema, int depth) {
    if ((formal_kinds({schema}) & kind_of(value)) == 0) return false;
    if (auto values = listed_values(schema))
        if (!std::ranges::any_of(*values, [&](const Json& v) { return is_same(v, value); }))
            return false;
    if (value.is_number()) return fits_range(*value.as_double(), range({schema}));
    if (const std::string* text = value.as_string()) return fits_string(*text, schema);
    if (value.is_array()) return fits_array(value, schema, depth);
    if (value.is_object()) return fits_object(value, schema, depth);
    return true;
}

Result<bool> SchemaDocument::fits_string(const std::string& value, Schema schema) {
    auto length = static_cast<uint64_t>(
        std::ranges::count_if(value, [](char c) { return (c & 0xC0) != 0x80; }));
    if (const Json* least = schema->find("minLength"); least && length < *least->as_uint())
        return false;
    if (const Json* most = schema->find("maxLength"); most && length > *most->as_uint())
        return false;
    if (const Json* pattern = schema->find("pattern"))
        if (!TRY(finds(*pattern->as_string(), value, unicode_))) return false;
    if (const Json* format = schema->find("format"))
        return finds(*format_pattern(*format->as_string()), value, unicode_);
    return true;
}

Result<bool> SchemaDocument::fits_array(const Json& value, Schema schema, int depth) {
    const Json::Array& array = *value.as_array();
    if (const Json* least = schema->find("minItems"); least && array.size() < *least->as_uint())
        return false;
    if (const Json* most = schema->find("maxItems"); most && array.size() > *most->as_uint())
        return false;
    for (size_t i = 0; i < array.size(); i++)
        if (!TRY(fits(array[i], element({schema}, i), depth + 1))) return false;
    return true;
}

Result<bool> SchemaDocument::fits_object(const Json& value, Schema schema, int depth) {
    const Json::Object& object = *value.as_object();
    if (const Json* least = schema->find("minProperties");
        least && object.size() < *least->as_uint())
        return false;
    if (const Json* most = schema->find("maxProperties"); most && object.size() > *most->as_uint())
        return false;
    if (const Json* required = schema->find("required"))
        for (const Json& name : *required->as_array())
            if (!value.find(*name.as_string())) return false;
    bool found = false;
    for (const auto& [name, one] : object) {
        Schemas all = TRY(member({schema}, name, found));
        if (!TRY(fits(one, all, depth + 1))) return false;
    }
    return true;
}

Result<bool> SchemaDocument::are_disjoint(const Schemas& a, const Schemas& b, const Schemas& around,
                                          int depth) {
    if (depth > disjoint_depth_max) return false;
    auto ways_a = TRY(cases(a)), ways_b = TRY(cases(b));
    for (Schemas& way : ways_a) way.insert(way.end(), around.begin(), around.end());
    for (Schemas& way : ways_b) way.insert(way.end(), around.begin(), around.end());
    for (const Schemas& way_a : ways_a)
        for (const Schemas& way_b : ways_b)
            if (!TRY(are_disjoint_cases(way_a, way_b, depth))) return false;
    return true;
}

// Whether `listed` lists its values, and none of them fits the other.
Result<bool> SchemaDocument::no_value_of(const Schemas& listed, const Schemas& other, int depth) {
    for (Schema schema : listed) {
        auto values = listed_values(schema);
        if (!values) continue;
        for (const Json& value : *values)
            if (TRY(fits(value, listed, depth)) && TRY(fits(value, other, depth))) return false;
        return true;
    }
    return false;
}

Result<bool> SchemaDocument::are_disjoint_cases(const Schemas& a, const Schemas& b, int depth) {
    // What is written is of the kinds that are meant; what fits, of all that are not ruled out.
    if ((meant_kinds(a) & formal_kinds(b)) == 0 && (formal_kinds(a) & meant_kinds(b)) == 0)
        return true;
    if (TRY(no_value_of(a, b, depth)) || TRY(no_value_of(b, a, depth))) return true;
    uint32_t both = (meant_kinds(a) & formal_kinds(b)) | (formal_kinds(a) & meant_kinds(b));
    if ((both & ~kinds::number) == 0) {
        NumberRange first = range(a), second = range(b);
        auto below = [](const NumberRange& low, const NumberRange& high) {
            return low.most && high.least &&
                   (low.most->value < high.least->value ||
                    (low.most->value == high.least->value &&
                     (low.most->exclusive || high.least->exclusive)));
        };
        return below(first, second) || below(second, first);
    }
    if ((both & ~kinds::Object) != 0) return false;
    bool found_a = false, found_b = false;
    for (const Schemas* one : {&a, &b})
        for (Schema schema : *one) {
            const Json* required = schema->find("required");
            if (!required) continue;
            for (const Json& name : *required->as_array()) {
                if (!is_required(a, *name.as_string()) && !is_required(b, *name.as_string()))
                    continue;
                Schemas in_a = TRY(member(a, *name.as_string(), found_a));
                Schemas in_b = TRY(member(b, *name.as_string(), found_b));
                bool required_in_both =
                    is_required(a, *name.as_string()) && is_required(b, *name.as_string());
                // Where only one wants it, the other must not have it at all.
                const Schemas& free = is_required(a, *name.as_string()) ? in_b : in_a;
                if (!required_in_both && !TRY(cases(free)).empty()) continue;
                if (TRY(are_disjoint(in_a, in_b, {}, depth + 1))) return true;
            }
        }
    return false;
}

}  // namespace linnet
