// Whether a value fits a JSON Schema, straight from the words of the standard and without the code
// that it judges: for tests.
#pragma once

#include <cmath>
#include <regex>

#include "base/json.h"

namespace linnet::testing {

class Validator {
  public:
    explicit Validator(const Json& root) : root_(root) {}
    bool fits(const Json& value) const { return fits(value, root_); }

  private:
    static bool is_type(const Json& value, std::string_view type) {
        if (type == "null") return value.is_null();
        if (type == "boolean") return value.is_bool();
        if (type == "string") return value.is_string();
        if (type == "array") return value.is_array();
        if (type == "object") return value.is_object();
        if (type == "number") return value.is_number();
        return value.is_number() && *value.as_double() == std::floor(*value.as_double());
    }
    static bool same(const Json& a, const Json& b) {
        if (a.is_number() && b.is_number()) return *a.as_double() == *b.as_double();
        return a == b;
    }
    static size_t length(const std::string& text) {
        size_t out = 0;
        for (char c : text) out += (c & 0xC0) != 0x80;
        return out;
    }
    static bool in_bounds(double n, const Json& schema, std::string_view least,
                          std::string_view most) {
        const Json *low = schema.find(least), *high = schema.find(most);
        return (!low || n >= *low->as_double()) && (!high || n <= *high->as_double());
    }
    static bool found(const std::string& text, const std::string& pattern) {
        return std::regex_search(text, std::regex(pattern));
    }

    bool fits(const Json& value, const Json& schema) const {
        if (auto all = schema.as_bool()) return *all;
        if (const Json* path = schema.find("$ref")) {
            const Json* target = &root_;
            if (path->as_string()->size() > 2)
                target = root_.find("$defs")->find(path->as_string()->substr(8));
            if (!fits(value, *target)) return false;
        }
        if (const Json* type = schema.find("type")) {
            bool any = type->is_string() && is_type(value, *type->as_string());
            if (type->is_array())
                for (const Json& one : *type->as_array()) any |= is_type(value, *one.as_string());
            if (!any) return false;
        }
        if (const Json* one = schema.find("const"); one && !same(*one, value)) return false;
        if (const Json* list = schema.find("enum")) {
            bool any = false;
            for (const Json& one : *list->as_array()) any |= same(one, value);
            if (!any) return false;
        }
        return fits_branches(value, schema) && fits_kind(value, schema);
    }

    bool fits_branches(const Json& value, const Json& schema) const {
        auto count = [&](const Json& list) {
            size_t fitting = 0;
            for (const Json& one : *list.as_array()) fitting += fits(value, one);
            return fitting;
        };
        if (const Json* all = schema.find("allOf"))
            if (count(*all) != all->as_array()->size()) return false;
        if (const Json* any = schema.find("anyOf"))
            if (count(*any) == 0) return false;
        if (const Json* one = schema.find("oneOf"))
            if (count(*one) != 1) return false;
        return true;
    }

    bool fits_kind(const Json& value, const Json& schema) const {
        if (auto n = value.as_double()) {
            const Json *low = schema.find("exclusiveMinimum"),
                       *high = schema.find("exclusiveMaximum"), *of = schema.find("multipleOf");
            return in_bounds(*n, schema, "minimum", "maximum") &&
                   (!low || *n > *low->as_double()) && (!high || *n < *high->as_double()) &&
                   (!of || std::fmod(*n, *of->as_double()) == 0);
        }
        if (const std::string* text = value.as_string()) {
            const Json* pattern = schema.find("pattern");
            return in_bounds(static_cast<double>(length(*text)), schema, "minLength",
                             "maxLength") &&
                   (!pattern || found(*text, *pattern->as_string()));
        }
        if (value.is_array()) return fits_array(*value.as_array(), schema);
        if (value.is_object()) return fits_object(value, schema);
        return true;
    }

    bool fits_array(const Json::Array& array, const Json& schema) const {
        if (!in_bounds(static_cast<double>(array.size()), schema, "minItems", "maxItems"))
            return false;
        const Json *prefix = schema.find("prefixItems"), *items = schema.find("items");
        for (size_t i = 0; i < array.size(); i++) {
            bool in_prefix = prefix && i < prefix->as_array()->size();
            if (in_prefix && !fits(array[i], (*prefix->as_array())[i])) return false;
            if (!in_prefix && items && !fits(array[i], *items)) return false;
        }
        return true;
    }

    bool fits_object(const Json& value, const Json& schema) const {
        const Json::Object& object = *value.as_object();
        if (!in_bounds(static_cast<double>(object.size()), schema, "minProperties",
                       "maxProperties"))
            return false;
        if (const Json* required = schema.find("required"))
            for (const Json& name : *required->as_array())
                if (!value.find(*name.as_string())) return false;
        const Json *properties = schema.find("properties"),
                   *patterns = schema.find("patternProperties"),
                   *additional = schema.find("additionalProperties");
        for (const auto& [name, member] : object) {
            const Json* property = properties ? properties->find(name) : nullptr;
            bool evaluated = property != nullptr;
            if (property && !fits(member, *property)) return false;
            if (patterns)
                for (const auto& [pattern, of] : *patterns->as_object()) {
                    if (!found(name, pattern)) continue;
                    evaluated = true;
                    if (!fits(member, of)) return false;
                }
            if (!evaluated && additional && !fits(member, *additional)) return false;
        }
        return true;
    }

    const Json& root_;
};

}  // namespace linnet::testing
