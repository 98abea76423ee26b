#include "grammar/schema_object.h"

#include <algorithm>

#include "base/text.h"
#include "grammar/combine.h"
#include "grammar/json_text.h"

namespace linnet {
namespace {

constexpr size_t states_max = 20'000;
constexpr uint32_t free_name_max = 64;  // characters of a name that the schema does not name

class ObjectDraft {
  public:
    ObjectDraft(SchemaValues& values, const Schemas& schemas)
        : values_(values), draft_(values.draft()), schemas_(schemas) {}

    Result<ExprId> build() {
        for (Schema schema : schemas_) {
            if (const Json* n = schema->find("minProperties"))
                least_ = std::max(least_, *n->as_uint());
            if (const Json* n = schema->find("maxProperties"))
                most_ = std::min(most_, *n->as_uint());
        }
        TRY(find_members());
        auto more = TRY(other_members());
        if (least_ > members_.size() + (more ? 1 : 0))
            return values_.document().error(
                schemas_[0],
                cat("minProperties of ", least_, " is more than the ", members_.size(),
                    " members that the schema names", more ? " and one of any name" : ""),
                "name more of them in \"properties\"");
        return draft_.seq({draft_.literal("{"), TRY(graph(more)), draft_.literal("}")});
    }

  private:
    struct Member {
        std::string name;
        bool required = false;
        ExprId first = 0, later = 0;  // with its value; later: behind a comma
    };

    Result<> find_members() {
        for (Schema schema : schemas_)
            if (const Json* properties = schema->find("properties"))
                for (const auto& [name, of] : *properties->as_object()) add(name);
        for (Schema schema : schemas_)
            if (const Json* required = schema->find("required"))
                for (const Json& name : *required->as_array())
                    add(*name.as_string()).required = true;
        for (Member& member : members_) {
            bool found = false;
            Schemas all = TRY(values_.document().member(schemas_, member.name, found));
            ExprId entry = draft_.seq(
                {draft_.literal(json_line(Json(member.name)) + ": "), values_.value(all)});
            member.first = entry;
            member.later = behind_comma(entry);
        }
        return Done{};
    }
    Member& add(const std::string& name) {
        auto [found, is_new] = number_of_.try_emplace(name, members_.size());
        if (is_new) members_.push_back({.name = name});
        return members_[found->second];
    }
    ExprId behind_comma(ExprId entry) { return draft_.seq({draft_.literal(", "), entry}); }

    // A member that the schema does not name: one of a pattern, or any. Nothing where there is
    // none.
    Result<std::optional<ExprId>> other_members() {
        std::vector<std::string> patterns;
        bool named = false, asked = false, forbidden = false;
        Schemas additional;
        for (Schema schema : schemas_) {
            named = named || schema->find("properties");
            if (const Json* list = schema->find("patternProperties"))
                for (const auto& [pattern, of] : *list->as_object())
                    if (std::ranges::find(patterns, pattern) == patterns.end())
                        patterns.push_back(pattern);
            const Json* of = schema->find("additionalProperties");
            if (!of) continue;
            asked = true;
            forbidden = forbidden || of->as_bool() == false;
            additional.push_back(of);
        }
        std::vector<ExprId> entries;
        for (const std::string& pattern : patterns)
            entries.push_back(TRY(patterned_member(pattern, patterns)));
        bool any = asked || (!named && patterns.empty());
        if (any && !forbidden) {
            ExprId name = TRY(new_name(std::nullopt, patterns));
            entries.push_back(draft_.seq({name, draft_.literal(": "), values_.value(additional)}));
        }
        if (entries.empty()) return std::optional<ExprId>();
        RuleId rule = draft_.declare("a member of any name");
        draft_.define(rule, draft_.alt(std::move(entries)));
        return std::optional(draft_.call(rule));
    }

    // A name that this pattern matches and no other; what holds is what each schema says of it.
    Result<ExprId> patterned_member(const std::string& pattern,
                                    const std::vector<std::string>& patterns) {
        std::vector<std::string> others;
        for (const std::string& other : patterns)
            if (other != pattern) others.push_back(other);
        Schemas all;
        for (Schema schema : schemas_) {
            const Json* list = schema->find("patternProperties");
            const Json* of = list ? list->find(pattern) : nullptr;
            if (!of) of = schema->find("additionalProperties");
            if (of) all.push_back(of);
        }
        ExprId name = TRY(new_name(pattern, others));
        return draft_.seq({name, draft_.literal(": "), values_.value(all)});
    }

    // A quoted name that is none of the members', and that none of `others` matches.
    Result<ExprId> new_name(const std::optional<std::string>& pattern,
                            const std::vector<std::string>& others) {
        auto in_rule = [](Draft& draft, ExprId body) {
            RuleId rule = draft.declare("a name");
            draft.define(rule, body);
            return rule;
        };
        Draft names, taken, lengths;
        auto search = [&](Draft& draft, const std::string& text) -> Result<ExprId> {
            Regex regex = TRY(Regex::parse(text, values_.document().unicode()));
            return search_match(draft, regex, json_spelling,
                                json_spelling(draft, every_character()));
        };
        auto any_name = [&](Draft& draft) {
            return draft.repeat(json_spelling(draft, every_character()), 1, free_name_max);
        };
        RuleId all = in_rule(names, pattern ? TRY(search(names, *pattern)) : any_name(names));
        std::vector<ExprId> not_these;
        for (const Member& member : members_) {
            std::string quoted = json_line(Json(member.name));
            not_these.push_back(taken.literal(quoted.substr(1, quoted.size() - 2)));
        }
        for (const std::string& other : others) not_these.push_back(TRY(search(taken, other)));
        RuleId without = in_rule(taken, taken.alt(std::move(not_these)));
        ExprId left = TRY(combine(draft_, {names, all}, {taken, without}, Combine::FirstOnly));
        return draft_.seq({draft_.literal("\""), left, draft_.literal("\"")});
    }

    // State (i, n): the first i members have been decided on, and n were written, as far as
    // anybody counts.
    Result<ExprId> graph(std::optional<ExprId> more) {
        bool bounded = most_ != unbounded && (more || most_ < members_.size());
        uint64_t counted = std::max<uint64_t>({1, least_, bounded ? most_ : 0});
        if (counted > states_max) counted = states_max;
        uint64_t width = counted + 1, height = members_.size() + 2;
        if (width * height > states_max)
            return values_.document().error(
                schemas_[0], "minProperties and maxProperties are too large", "use smaller counts");
        auto state = [&](size_t i, uint64_t n) { return static_cast<uint32_t>(i * width + n); };
        auto room = [&](uint64_t n) { return !bounded || n < most_; };
        auto next = [&](uint64_t n) { return std::min(n + 1, counted); };
        std::vector<Draft::GraphEdge> edges;
        std::vector<uint32_t> accepting;
        size_t last = members_.size();
        ExprId skip = draft_.empty();
        for (size_t i = 0; i < last; i++)
            for (uint64_t n = 0; n <= std::min<uint64_t>(i, counted); n++) {
                const Member& member = members_[i];
                if (room(n))
                    edges.push_back(
                        {state(i, n), state(i + 1, next(n)), n == 0 ? member.first : member.later});
                if (!member.required) edges.push_back({state(i, n), state(i + 1, n), skip});
            }
        ExprId later = more ? behind_comma(*more) : 0;
        for (uint64_t n = 0; n <= counted; n++) {
            if (n >= least_ && (!bounded || n <= most_)) accepting.push_back(state(last, n));
            // Names that the schema does not name may come twice, so only one of them counts.
            if (!more || !room(n) || n + 1 < least_) continue;
            edges.push_back({state(last, n), state(last + 1, next(n)), n == 0 ? *more : later});
        }
        for (uint64_t n = 1; more && n <= counted; n++) {
            accepting.push_back(state(last + 1, n));
            if (room(n)) edges.push_back({state(last + 1, n), state(last + 1, next(n)), later});
        }
        return draft_.graph(static_cast<uint32_t>(width * height), std::move(edges),
                            std::move(accepting));
    }

    static constexpr uint64_t unbounded = 0xFFFF'FFFF'FFFF'FFFF;
    SchemaValues& values_;
    Draft& draft_;
    const Schemas& schemas_;
    std::vector<Member> members_;
    std::map<std::string, size_t> number_of_;
    uint64_t least_ = 0, most_ = unbounded;
};

}  // namespace

Result<ExprId> draft_object(SchemaValues& values, const Schemas& schemas) {
    return ObjectDraft(values, schemas).build();
}

}  // namespace linnet
