// JSON Schema (draft 2020-12) as a grammar of the values that fit, each written in one line:
// docs/formats/json-schema.md lists the keywords, and what is narrower than the standard.
#pragma once

#include <string_view>

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

inline constexpr size_t json_schema_bytes_max = 1 << 20;

// Usage, with the place as a JSON pointer, for what is no schema and for keywords that are not
// supported.
Result<RuleId> draft_json_schema(Draft& draft, std::string_view text, const Unicode& unicode);

}  // namespace linnet
