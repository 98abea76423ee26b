// Whatever the schema: every walk through its masks ends in time, in JSON that fits it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"
#include "grammar/json_schema.h"
#include "grammar/testing/matching.h"
#include "grammar/testing/validator.h"

namespace linnet {
namespace {

class Maker {
  public:
    explicit Maker(Rng& rng) : rng_(rng) {}

    Json root() {
        Json schema = make(0);
        if (defined_) schema.set("$defs", Json::object({{"d", std::move(definition_)}}));
        return schema;
    }

  private:
    bool maybe() { return rng_.below(3) == 0; }
    int64_t number(int64_t most) { return static_cast<int64_t>(rng_.below(2 * most + 1)) - most; }
    Json value() {
        Json all[] = {nullptr, true, number(50),    0.5,
                      "ab",    "",   Json::array(), Json::object({{"k", Json(Json::Array{1})}})};
        return all[rng_.below(std::size(all))];
    }

    Json make(int depth) {
        switch (rng_.below(depth < 3 ? 12 : 6)) {
            case 0:
                return Json::object({{"const", value()}});
            case 1:
                return Json::object({{"enum", Json(Json::Array{value(), value(), value()})}});
            case 2:
                return string();
            case 3:
            case 4:
                return numeric();
            case 5:
                return Json::object({{"type", Json(Json::Array{"null", "boolean"})}});
            case 6:
            case 7:
                return object(depth);
            case 8:
                return array(depth);
            case 9:
                return Json::object(
                    {{"anyOf", Json(Json::Array{make(depth + 1), make(depth + 1)})}});
            case 10:
                return one_of(depth);
            default:
                return reference(depth);
        }
    }
    void count(Json& schema, std::string_view least, std::string_view most, uint64_t bound) {
        uint64_t low = rng_.below(bound);
        if (maybe()) schema.set(least, low);
        if (maybe()) schema.set(most, low + rng_.below(bound));
    }
    Json string() {
        Json out = Json::object({{"type", "string"}});
        constexpr const char* patterns[] = {"^[a-z]{2,6}$", "x", "^(yes|no)$", "[0-9]$", "^a.*b$"};
        if (maybe()) out.set("pattern", patterns[rng_.below(std::size(patterns))]);
        if (!out.find("pattern")) count(out, "minLength", "maxLength", 20);
        return out;
    }
    Json numeric() {
        Json out = Json::object({{"type", rng_.below(2) ? "integer" : "number"}});
        double low = static_cast<double>(number(2000)) / (rng_.below(2) ? 1 : 8);
        if (maybe()) out.set(rng_.below(2) ? "minimum" : "exclusiveMinimum", low);
        if (maybe()) out.set(rng_.below(2) ? "maximum" : "exclusiveMaximum", low + 40);
        if (maybe()) out.set("multipleOf", 1 + rng_.below(9));
        return out;
    }
    Json array(int depth) {
        Json out = Json::object({{"type", "array"}, {"items", make(depth + 1)}});
        if (maybe()) out.set("prefixItems", Json(Json::Array{make(depth + 1)}));
        count(out, "minItems", "maxItems", 4);
        return out;
    }
    Json object(int depth) {
        Json properties = Json::object(), required = Json::array();
        for (const char* name : {"a", "b", "a\"b", "\u00e9"}) {
            if (maybe()) continue;
            properties.set(name, make(depth + 1));
            if (maybe()) required.push(name);
        }
        size_t named = properties.as_object()->size();
        Json out = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
        out.set("required", std::move(required));
        if (maybe()) out.set("additionalProperties", rng_.below(2) ? Json(false) : make(depth + 2));
        if (maybe()) out.set("patternProperties", Json::object({{"^p[0-9]$", make(depth + 2)}}));
        if (maybe()) out.set("minProperties", rng_.below(named + 1));
        if (maybe()) out.set("maxProperties", named);
        return out;
    }
    Json one_of(int depth) {
        auto branch = [&](const char* kind) {
            Json type = Json::object({{"const", kind}});
            return Json::object(
                {{"type", "object"},
                 {"properties", Json::object({{"kind", std::move(type)}, {"v", make(depth + 1)}})},
                 {"required", Json(Json::Array{"kind"})}});
        };
        return Json::object({{"oneOf", Json(Json::Array{branch("x"), branch("y")})}});
    }
    Json reference(int depth) {
        if (!defined_) {
            defined_ = true;
            Json next =
                Json::object({{"anyOf", Json(Json::Array{Json::object({{"type", "null"}}),
                                                         Json::object({{"$ref", "#/$defs/d"}})})}});
            Json properties = Json::object({{"v", make(depth + 1)}, {"next", std::move(next)}});
            definition_ = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
        }
        return Json::object({{"$ref", "#/$defs/d"}});
    }

    Rng& rng_;
    bool defined_ = false;
    Json definition_;
};

RC_GTEST_PROP(JsonSchemaProperty, WalksEndInWhatFits, (uint64_t seed)) {
    Rng rng(seed);
    Json schema = Maker(rng).root();
    static const Unicode unicode;
    static const std::vector<std::string> words{"\", \"", "\": ", "aa", "{\"", "\"}", "12", "}}"};
    static const auto trie = testing::make_trie(words);
    Draft draft;
    auto root = draft_json_schema(draft, schema.dump(), unicode);
    if (!root) {
        // Values that exclude each other cannot be told apart in every oneOf.
        RC_ASSERT(root.error().code == Code::Usage);
        return;
    }
    auto compiled = compile(draft, *root);
    if (!compiled) {
        RC_ASSERT(compiled.error().what.starts_with("no text can fit"));
        return;
    }
    auto grammar = testing::must(TokenGrammar::make(*compiled, trie));
    testing::Validator validator(schema);
    for (int i = 0; i < 10; i++) {
        auto walked = testing::random_walk(grammar, grammar->shortest() + rng.below(60), rng);
        RC_ASSERT(walked.ended);
        auto value = Json::parse(walked.text);
        // Names that the schema does not name may come twice.
        if (!value && value.error().what.find("twice") != std::string::npos) continue;
        if (!value) RC_FAIL(walked.text + " is no JSON: " + value.error().what);
        if (!validator.fits(*value)) RC_FAIL(walked.text + " does not fit " + schema.dump());
    }
}

}  // namespace
}  // namespace linnet
