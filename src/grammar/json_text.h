// The pieces that JSON text is made of, as expressions.
#pragma once

#include "base/json.h"
#include "grammar/draft.h"

namespace linnet {

// One value in one line, the only form that a schema's grammar writes: ", " between members and
// elements, ": " behind names, and no other white space.
std::string json_line(const Json& value);

// One character of a string in any spelling that JSON has for it; pairs of surrogates are one.
ExprId json_character(Draft& draft);
// One of the set in its only spelling that json_line() would use.
ExprId json_spelling(Draft& draft, const CodeSet& set);
CodeSet every_character();

ExprId json_number(Draft& draft);   // with at most 15 digits in front of the point and behind it
ExprId json_integer(Draft& draft);  // with at most 15 digits

}  // namespace linnet
