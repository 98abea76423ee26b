#include "grammar/answer_form.h"

#include <algorithm>

#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/regex.h"

namespace linnet {
namespace {

Result<RuleId> draft_form(Draft& draft, const AnswerForm& form) {
    if (auto* schema = std::get_if<JsonSchema>(&form))
        return draft_json_schema(draft, schema->text, Unicode());
    if (auto* gbnf = std::get_if<Gbnf>(&form)) return draft_gbnf(draft, gbnf->text);
    auto* regex = std::get_if<RegexText>(&form);
    check(regex != nullptr, "a form is asked for");
    return draft_regex(draft, regex->text, Unicode());
}

}  // namespace

AnswerForms::AnswerForms(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
    state_.try_push(State{});
}

Result<std::shared_ptr<const TokenGrammar>> AnswerForms::grammar(const AnswerForm& form) const {
    State state = *state_.pop();
    auto out = find_or_make(state, form);
    state_.try_push(std::move(state));
    return out;
}

Result<std::shared_ptr<const TokenGrammar>> AnswerForms::find_or_make(
    State& state, const AnswerForm& form) const {
    auto known = std::ranges::find(state.kept, form, &Kept::form);
    if (known != state.kept.end()) {
        state.kept.splice(state.kept.begin(), state.kept, known);
        return state.kept.front().grammar;
    }
    Draft draft;
    RuleId root = TRY(draft_form(draft, form));
    auto compiled = TRY(compile(draft, root));
    if (!state.trie) state.trie = std::make_shared<const TokenTrie>(TokenTrie::of(tokenizer_));
    auto made = TRY(TokenGrammar::make(std::move(compiled), state.trie));
    state.kept.push_front({form, made});
    if (state.kept.size() > kept_max) state.kept.pop_back();
    return made;
}

}  // namespace linnet
