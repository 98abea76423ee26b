// Two languages made one: the texts of both, or those of the first that are none of the second.
// JSON Schema needs it where a string has a pattern and a length, or where names must be new.
#pragma once

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

enum class Combine { Both, FirstOnly };

// A graph of bytes in `out`. The rules may be anything that compile() takes. Usage where it would
// need more than `states_max` states.
inline constexpr size_t combined_states_max = 30'000;
struct DraftedRule {
    const Draft& draft;
    RuleId rule;
};
Result<ExprId> combine(Draft& out, DraftedRule first, DraftedRule second, Combine how);

// Whether the text is one of the rule's.
Result<bool> matches(DraftedRule rule, std::string_view text);

}  // namespace linnet
