// Regular expressions as grammars, in the common ground of JavaScript's and Python's: literals,
// classes, groups, alternatives, quantifiers, and ^ and $ at the ends of alternatives. What the two
// dialects read differently is taken in the narrower sense: \d is 0 to 9, \D no digit of any
// script.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "grammar/draft.h"

namespace linnet {

struct Regex {
    enum class Kind { Set, Seq, Alt, Repeat, Begin, End };
    static constexpr size_t bytes_max = 65'536;
    static constexpr int depth_max = 100;

    Kind kind = Kind::Seq;
    CodeSet set{};                 // Set: one code point of it
    std::vector<Regex> parts{};    // Seq, Alt; Repeat: one
    uint32_t least = 0, most = 0;  // Repeat; most may be Draft::unbounded

    // Usage, with the place: for what is no expression, and for look-around, back references, word
    // boundaries and flags, which are none of a grammar's.
    static Result<Regex> parse(std::string_view text, const Unicode& unicode);
};

// How a code point is written into the text: as it is, or as JSON wants it.
using Spell = std::function<ExprId(Draft&, const CodeSet&)>;

// The texts that match as a whole; ^ and $ at the ends change nothing.
Result<ExprId> whole_match(Draft& draft, const Regex& regex, const Spell& spell);
// The texts in which a match is found; `any` is what may stand around it.
Result<ExprId> search_match(Draft& draft, const Regex& regex, const Spell& spell, ExprId any);

// A grammar of its own, in UTF-8.
Result<RuleId> draft_regex(Draft& draft, std::string_view text, const Unicode& unicode);

}  // namespace linnet
