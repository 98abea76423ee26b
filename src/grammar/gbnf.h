// GBNF, the grammar notation that llama.cpp published: rules "name ::= …" of literals, classes,
// groups, alternatives and quantifiers, with "root" as the first.
#pragma once

#include <string_view>

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

inline constexpr size_t gbnf_bytes_max = 1 << 20;

// The rule "root" of the grammar. Usage, with the line, for what is no grammar.
Result<RuleId> draft_gbnf(Draft& draft, std::string_view text);

}  // namespace linnet
