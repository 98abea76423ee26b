// The regular expressions that tokenizers are published with, as a tree: the common ground of
// Oniguruma and Rust's regex. What cannot be matched by an automaton with one code point of
// look-around is refused by name.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/unicode.h"

namespace linnet {

struct PatternNode {
    enum class Kind {
        Concat,     // children one after the other; none of them: the empty text
        Alternate,  // the first child that fits
        Repeat,     // the only child `least` to `most` times
        Set,        // one code point of `set`
        Ahead,      // the next code point is in `set`, or the text ends and `edge` is set
        Behind,     // the code point before is in `set`, or the text starts and `edge` is set
    };
    static constexpr int unbounded = -1;

    Kind kind = Kind::Concat;
    CodeSet set{};
    std::vector<PatternNode> children{};
    int least = 0;
    int most = unbounded;
    bool lazy = false;
    bool possessive = false;
    bool edge = false;
};

// Errors: BadInput for what is no regular expression, Unsupported for what this build cannot match.
Result<PatternNode> parse_pattern(std::string_view text, const Unicode& unicode);

}  // namespace linnet
