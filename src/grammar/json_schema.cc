#include "grammar/json_schema.h"

#include <algorithm>
#include <deque>
#include <numeric>

#include "base/text.h"
#include "grammar/combine.h"
#include "grammar/json_text.h"
#include "grammar/schema.h"
#include "grammar/schema_object.h"

namespace linnet {
namespace {

// How many characters, elements or members there may be.
struct Counts {
    uint32_t least = 0, most = Draft::unbounded;
};

class SchemaCompiler final : public SchemaValues {
  public:
    SchemaCompiler(Draft& draft, const Json& root, const Unicode& unicode)
        : draft_(draft), document_(root, unicode) {}

    Result<RuleId> run(const Json& root) {
        RuleId rule = rule_of({&root});
        // Rules that are called on the way are defined here, not where they are called: schemas
        // may nest and call each other as they like.
        while (!open_.empty()) {
            auto [next, schemas] = std::move(open_.front());
            open_.pop_front();
            draft_.define(next, TRY(any_case(schemas)));
            if (!draft_.overflow().empty())
                return Error{Code::Usage, cat("the schema is too large: ", draft_.overflow()),
                             "make it smaller"};
        }
        return rule;
    }

    Draft& draft() override { return draft_; }
    SchemaDocument& document() override { return document_; }
    ExprId value(const Schemas& schemas) override { return draft_.call(rule_of(schemas)); }
    Counts counts(const Schemas& schemas, std::string_view least, std::string_view most) const;

  private:
    RuleId rule_of(Schemas schemas);
    Result<ExprId> any_case(const Schemas& schemas);
    Result<ExprId> one_case(const Schemas& schemas);
    Result<std::optional<ExprId>> listed(const Schemas& schemas);
    Result<ExprId> number(const Schemas& schemas, uint32_t kinds);
    Result<ExprId> string(const Schemas& schemas);
    Result<ExprId> patterned(const std::vector<std::string>& patterns, Counts length);
    Result<ExprId> array(const Schemas& schemas);
    template <class Make>
    ExprId shared(ExprId& known, Make make);

    Draft& draft_;
    SchemaDocument document_;
    std::map<std::vector<Schema>, RuleId> rules_;
    std::deque<std::pair<RuleId, Schemas>> open_;
    ExprId character_ = none_, string_ = none_, number_ = none_, integer_ = none_;
    static constexpr ExprId none_ = 0xFFFF'FFFF;
};

// Pieces that many schemas use, as one rule of each.
template <class Make>
ExprId SchemaCompiler::shared(ExprId& known, Make make) {
    if (known == none_) {
        RuleId rule = draft_.declare("a value");
        draft_.define(rule, make());
        known = draft_.call(rule);
    }
    return known;
}

RuleId SchemaCompiler::rule_of(Schemas schemas) {
    std::erase_if(schemas, [](Schema schema) { return schema->as_bool() == true; });
    Schemas key = schemas;
    std::ranges::sort(key);
    key.erase(std::ranges::unique(key).begin(), key.end());
    auto [found, is_new] = rules_.try_emplace(std::move(key), 0);
    if (is_new) {
        found->second = draft_.declare("the schema");
        open_.emplace_back(found->second, std::move(schemas));
    }
    return found->second;
}

Result<ExprId> SchemaCompiler::any_case(const Schemas& schemas) {
    std::vector<ExprId> parts;
    for (const Schemas& way : TRY(document_.cases(schemas))) parts.push_back(TRY(one_case(way)));
    return draft_.alt(std::move(parts));
}

Result<ExprId> SchemaCompiler::one_case(const Schemas& schemas) {
    if (auto values = TRY(listed(schemas))) return *values;
    uint32_t kinds = document_.meant_kinds(schemas);
    std::vector<ExprId> parts;
    if (kinds & kinds::Null) parts.push_back(draft_.literal("null"));
    if (kinds & kinds::Bool)
        parts.push_back(draft_.alt({draft_.literal("true"), draft_.literal("false")}));
    if (kinds & kinds::number) parts.push_back(TRY(number(schemas, kinds)));
    if (kinds & kinds::String) parts.push_back(TRY(string(schemas)));
    if (kinds & kinds::Array) parts.push_back(TRY(array(schemas)));
    if (kinds & kinds::Object) parts.push_back(TRY(draft_object(*this, schemas)));
    return draft_.alt(std::move(parts));
}

// Values of enum and const, those that everything else allows.
Result<std::optional<ExprId>> SchemaCompiler::listed(const Schemas& schemas) {
    for (Schema schema : schemas) {
        const Json *list = schema->find("enum"), *one = schema->find("const");
        if (!list && !one) continue;
        std::vector<ExprId> parts;
        for (const Json& value : one ? Json::Array{*one} : *list->as_array())
            if (TRY(document_.fits(value, schemas)))
                parts.push_back(draft_.literal(json_line(value)));
        return std::optional(draft_.alt(std::move(parts)));
    }
    return std::optional<ExprId>();
}

Result<ExprId> SchemaCompiler::number(const Schemas& schemas, uint32_t kinds) {
    NumberRange range = document_.range(schemas);
    range.integer = range.integer || (kinds & kinds::Fraction) == 0;
    if (range.multiple > NumberRange::multiple_max)
        return document_.error(schemas[0], cat("its multipleOf together are ", range.multiple,
                                               ", more than ", NumberRange::multiple_max));
    if (range.is_free() && range.integer)
        return shared(integer_, [&] { return json_integer(draft_); });
    if (range.is_free()) return shared(number_, [&] { return json_number(draft_); });
    auto drafted = number_range(draft_, range);
    if (!drafted) return document_.error(schemas[0], drafted.error().what, drafted.error().next);
    return drafted;
}

Counts SchemaCompiler::counts(const Schemas& schemas, std::string_view least,
                              std::string_view most) const {
    Counts out;
    auto clamped = [](uint64_t n) {
        return static_cast<uint32_t>(std::min<uint64_t>(n, Draft::repeat_max));
    };
    for (Schema schema : schemas) {
        if (const Json* n = schema->find(least))
            out.least = std::max(out.least, clamped(*n->as_uint()));
        if (const Json* n = schema->find(most))
            out.most = std::min(out.most, clamped(*n->as_uint()));
    }
    return out;
}

Result<ExprId> SchemaCompiler::string(const Schemas& schemas) {
    Counts length = counts(schemas, "minLength", "maxLength");
    if (length.most < length.least) return draft_.nothing();
    std::vector<std::string> patterns;
    for (Schema schema : schemas) {
        if (const Json* pattern = schema->find("pattern"))
            patterns.push_back(*pattern->as_string());
        if (const Json* format = schema->find("format"))
            patterns.emplace_back(*format_pattern(*format->as_string()));
    }
    if (!patterns.empty()) {
        auto body = patterned(patterns, length);
        if (!body) return document_.error(schemas[0], body.error().what, body.error().next);
        return draft_.seq({draft_.literal("\""), *body, draft_.literal("\"")});
    }
    if (character_ == none_) character_ = json_character(draft_);
    auto quoted = [&] {
        return draft_.seq({draft_.literal("\""),
                           draft_.repeat(character_, length.least, length.most),
                           draft_.literal("\"")});
    };
    bool free = length.least == 0 && length.most == Draft::unbounded;
    return free ? shared(string_, quoted) : quoted();
}

// All the patterns at once, and the length where it has a bound.
Result<ExprId> SchemaCompiler::patterned(const std::vector<std::string>& patterns, Counts length) {
    bool bounded = length.least > 0 || length.most != Draft::unbounded;
    auto add = [&](Draft& draft, const std::string& pattern) -> Result<ExprId> {
        Regex regex = TRY(Regex::parse(pattern, document_.unicode()));
        return search_match(draft, regex, json_spelling, json_spelling(draft, every_character()));
    };
    if (patterns.size() == 1 && !bounded) return add(draft_, patterns[0]);
    auto rule_in = [](Draft& draft, ExprId body) {
        RuleId rule = draft.declare("a string");
        draft.define(rule, body);
        return rule;
    };
    auto so_far = std::make_unique<Draft>();
    RuleId rule = rule_in(*so_far, TRY(add(*so_far, patterns[0])));
    for (size_t i = 1; i <= patterns.size(); i++) {
        if (i == patterns.size() && !bounded) break;
        Draft other;
        ExprId body = i < patterns.size() ? TRY(add(other, patterns[i]))
                                          : other.repeat(json_spelling(other, every_character()),
                                                         length.least, length.most);
        RuleId second = rule_in(other, body);
        auto next = std::make_unique<Draft>();
        rule = rule_in(*next, TRY(combine(*next, {*so_far, rule}, {other, second}, Combine::Both)));
        so_far = std::move(next);
    }
    // Once more into the draft itself, with nothing taken away.
    Draft none;
    RuleId nothing = rule_in(none, none.nothing());
    return combine(draft_, {*so_far, rule}, {none, nothing}, Combine::FirstOnly);
}

Result<ExprId> SchemaCompiler::array(const Schemas& schemas) {
    Counts count = counts(schemas, "minItems", "maxItems");
    size_t prefix = 0;
    for (Schema schema : schemas)
        if (const Json* list = schema->find("prefixItems"))
            prefix = std::max(prefix, list->as_array()->size());
    if (count.most < count.least) return draft_.nothing();
    // State i: i elements have been written; the last but one stands behind the prefix, and the
    // last behind the bracket.
    auto states = static_cast<uint32_t>(std::min<uint64_t>(prefix, count.most));
    std::vector<Draft::GraphEdge> edges;
    std::vector<uint32_t> accepting;
    for (uint32_t i = 0; i < states; i++) {
        ExprId element = value(document_.element(schemas, i));
        edges.push_back({i, i + 1, i == 0 ? element : draft_.seq({draft_.literal(", "), element})});
        if (i >= count.least) accepting.push_back(i);
    }
    uint32_t done = states + 1;
    uint32_t least = count.least > states ? count.least - states : 0;
    uint32_t most = count.most == Draft::unbounded ? Draft::unbounded : count.most - states;
    if (most > 0) {
        ExprId element = value(document_.element(schemas, prefix));
        ExprId next = draft_.seq({draft_.literal(", "), element});
        ExprId rest = draft_.repeat(next, least, most);
        if (states == 0) {
            uint32_t more = most == Draft::unbounded ? most : most - 1;
            rest = draft_.seq({element, draft_.repeat(next, least > 0 ? least - 1 : 0, more)});
        }
        edges.push_back({states, done, rest});
    }
    if (least == 0) accepting.push_back(states);
    accepting.push_back(done);
    ExprId elements = draft_.graph(done + 1, std::move(edges), std::move(accepting));
    return draft_.seq({draft_.literal("["), elements, draft_.literal("]")});
}

}  // namespace

Result<RuleId> draft_json_schema(Draft& draft, std::string_view text, const Unicode& unicode) {
    if (text.size() > json_schema_bytes_max)
        return Error{Code::Usage, cat("the JSON Schema has ", text.size(), " bytes; at most ",
                                      json_schema_bytes_max, " are read")};
    auto root = Json::parse(text);
    if (!root)
        return Error{Code::Usage, cat("the JSON Schema is no JSON: ", root.error().what),
                     root.error().next};
    return SchemaCompiler(draft, *root, unicode).run(*root);
}

}  // namespace linnet
