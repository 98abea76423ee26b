#include "linnet/testing/schema.h"

#include <algorithm>
#include <regex>

#include "base/text.h"

namespace linnet::testing {
namespace {

constexpr std::string_view known[] = {"$schema",
                                      "$id",
                                      "$defs",
                                      "$ref",
                                      "title",
                                      "description",
                                      "type",
                                      "enum",
                                      "const",
                                      "items",
                                      "properties",
                                      "required",
                                      "anyOf",
                                      "minimum",
                                      "maximum",
                                      "pattern",
                                      "additionalProperties"};

class Judge {
  public:
    explicit Judge(const Json& root) : root_(root) {}

    void judge(const Json& schema, const Json& value, const std::string& at) {
        if (auto always = schema.as_bool()) {
            if (!*always) add(at, "is not allowed");
            return;
        }
        const Json::Object* keywords = schema.as_object();
        if (!keywords) return add(at, "has a schema that is no object");
        for (const auto& [name, ignored] : *keywords)
            if (std::ranges::find(known, name) == std::end(known))
                add(at, cat("has a schema with the unknown keyword ", name));
        if (const Json* reference = schema.find("$ref")) judge(resolve(*reference), value, at);
        if (const Json* type = schema.find("type")) judge_type(*type, value, at);
        judge_values(schema, value, at);
        judge_object(schema, value, at);
        if (const Json* items = schema.find("items"); items && value.is_array())
            for (size_t i = 0; i < value.as_array()->size(); i++)
                judge(*items, (*value.as_array())[i], cat(at, "[", i, "]"));
        if (const Json* any = schema.find("anyOf")) judge_any(*any, value, at);
    }

    std::vector<std::string> errors;

  private:
    void add(const std::string& at, std::string_view what) {
        errors.push_back(cat(at.empty() ? "the document" : at, " ", what));
    }

    const Json& resolve(const Json& reference) {
        static const Json nothing(false);
        const std::string* text = reference.as_string();
        if (!text || !text->starts_with("#/$defs/")) return nothing;
        const Json* found = root_.find("$defs", text->substr(8));
        return found ? *found : nothing;
    }

    static bool is_type(std::string_view type, const Json& value) {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "boolean") return value.is_bool();
        if (type == "null") return value.is_null();
        if (type == "number") return value.is_number();
        if (type == "integer") return value.as_int() || value.as_uint();
        return false;
    }

    void judge_type(const Json& type, const Json& value, const std::string& at) {
        if (const std::string* one = type.as_string()) {
            if (!is_type(*one, value)) add(at, cat("is ", value.dump(), ", not of type ", *one));
        } else if (const Json::Array* several = type.as_array()) {
            bool fits = std::ranges::any_of(*several, [&](const Json& each) {
                return each.is_string() && is_type(*each.as_string(), value);
            });
            if (!fits) add(at, cat("is ", value.dump(), ", not of a type in ", type.dump()));
        }
    }

    void judge_values(const Json& schema, const Json& value, const std::string& at) {
        if (const Json* choices = schema.find("enum"); choices && choices->is_array())
            if (std::ranges::find(*choices->as_array(), value) == choices->as_array()->end())
                add(at, cat("is ", value.dump(), ", not one of ", choices->dump()));
        if (const Json* only = schema.find("const"); only && !(*only == value))
            add(at, cat("is ", value.dump(), ", not ", only->dump()));
        auto number = value.as_double();
        if (const Json* least = schema.find("minimum"); least && number)
            if (*number < *least->as_double()) add(at, cat("is below ", least->dump()));
        if (const Json* most = schema.find("maximum"); most && number)
            if (*number > *most->as_double()) add(at, cat("is above ", most->dump()));
        if (const Json* pattern = schema.find("pattern"); pattern && value.is_string())
            if (!std::regex_search(*value.as_string(), std::regex(*pattern->as_string())))
                add(at, cat("is ", value.dump(), ", which does not match ", pattern->dump()));
    }

    void judge_object(const Json& schema, const Json& value, const std::string& at) {
        const Json::Object* members = value.as_object();
        if (!members) return;
        if (const Json* required = schema.find("required"); required && required->is_array())
            for (const Json& name : *required->as_array())
                if (!value.find(*name.as_string())) add(at, cat("lacks ", *name.as_string()));
        const Json* properties = schema.find("properties");
        const Json* others = schema.find("additionalProperties");
        for (const auto& [name, member] : *members) {
            const Json* known_schema = properties ? properties->find(name) : nullptr;
            if (known_schema)
                judge(*known_schema, member, cat(at, ".", name));
            else if (others)
                judge(*others, member, cat(at, ".", name));
        }
    }

    void judge_any(const Json& any, const Json& value, const std::string& at) {
        std::vector<std::string> reasons;
        for (const Json& one : *any.as_array()) {
            Judge attempt(root_);
            attempt.judge(one, value, at);
            if (attempt.errors.empty()) return;
            reasons.push_back(attempt.errors.front());
        }
        add(at, cat("fits no alternative: ", join(reasons, "; ")));
    }

    const Json& root_;
};

}  // namespace

std::vector<std::string> schema_errors(const Json& schema, const Json& document) {
    Judge judge(schema);
    // Every document may end in an error, and a failed one holds nothing else.
    if (const Json* error = document.find("error")) {
        for (std::string_view member : {"code", "message", "next"})
            if (!error->find(member) || !error->find(member)->is_string())
                judge.errors.push_back(cat("error lacks ", member));
        if (document.as_object()->size() == 1) return judge.errors;
        Json rest = Json::object();
        for (const auto& [name, member] : *document.as_object())
            if (name != "error") rest.set(name, member);
        judge.judge(schema, rest, "");
        return judge.errors;
    }
    judge.judge(schema, document, "");
    return judge.errors;
}

}  // namespace linnet::testing
