#include "grammar/regex.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace linnet {
namespace {

using Kind = Regex::Kind;

class Parser {
  public:
    Parser(std::string_view text, const Unicode& unicode) : text_(text), unicode_(unicode) {}

    Result<Regex> parse() {
        if (text_.size() > Regex::bytes_max)
            return Error{Code::Usage, cat("the pattern has ", text_.size(), " bytes; at most ",
                                          Regex::bytes_max, " are read")};
        Regex regex = TRY(alternatives(0));
        if (!done()) return bad("a ')' closes nothing");
        return regex;
    }

  private:
    Error bad(std::string_view what, std::string_view next = "") const {
        return {Code::Usage,
                cat(what, ", at byte ", at_ + 1, " of the pattern '", printable(text_, 200), "'"),
                std::string(next)};
    }
    bool done() const { return at_ >= text_.size(); }
    bool skip(std::string_view piece) {
        if (!text_.substr(at_).starts_with(piece)) return false;
        at_ += piece.size();
        return true;
    }

    Result<Regex> alternatives(int depth) {
        if (depth > Regex::depth_max) return bad(cat("groups nest deeper than ", Regex::depth_max));
        Regex out{.kind = Kind::Alt};
        do out.parts.push_back(TRY(sequence(depth)));
        while (skip("|"));
        if (out.parts.size() > 1) return out;
        Regex only = std::move(out.parts[0]);
        return only;
    }

    Result<Regex> sequence(int depth) {
        Regex out{.kind = Kind::Seq};
        while (!done() && text_[at_] != '|' && text_[at_] != ')') {
            Regex atom = TRY(this->atom(depth));
            if (TRY(quantify(atom)))
                if (TRY(quantify(atom))) return bad("a quantifier follows a quantifier");
            out.parts.push_back(std::move(atom));
        }
        return out;
    }

    // Wraps the atom in the quantifier that stands here, if one does. Lazy ones match the same.
    Result<bool> quantify(Regex& atom) {
        uint32_t least = 0, most = Draft::unbounded;
        if (skip("+"))
            least = 1;
        else if (skip("?"))
            most = 1;
        else if (!skip("*") && !TRY(bounds(least, most)))
            return false;
        if (atom.kind == Kind::Begin || atom.kind == Kind::End) return bad("an anchor is repeated");
        if (most < least) return bad("the quantifier's most is less than its least");
        if (skip("+"))
            return bad("a possessive quantifier is not supported", "leave out the second '+'");
        skip("?");
        Regex repeat{.kind = Kind::Repeat, .least = least, .most = most};
        repeat.parts.push_back(std::move(atom));
        atom = std::move(repeat);
        return true;
    }

    // "{2}", "{2,}", "{,3}", "{2,3}"; any other brace stands for itself.
    Result<bool> bounds(uint32_t& least, uint32_t& most) {
        size_t close = text_.find('}', at_);
        if (done() || text_[at_] != '{' || close == text_.npos) return false;
        std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
        if (inside.empty() || inside == "," ||
            inside.find_first_not_of("0123456789,") != inside.npos ||
            std::ranges::count(inside, ',') > 1)
            return false;
        size_t comma = inside.find(',');
        std::string_view low = inside.substr(0, comma),
                         high = comma == inside.npos ? low : inside.substr(comma + 1);
        auto number = [&](std::string_view digits, uint32_t other) {
            return digits.empty() ? std::optional(other) : parse_integer<uint32_t>(digits);
        };
        auto a = number(low, 0), b = number(high, Draft::unbounded);
        if (!a || !b || *a > Draft::repeat_max || (!high.empty() && *b > Draft::repeat_max))
            return bad(cat("a quantifier of more than ", Draft::repeat_max));
        least = *a;
        most = *b;
        at_ = close + 1;
        return true;
    }

    Result<Regex> atom(int depth) {
        char c = text_[at_];
        if (skip("(")) return group(depth);
        if (skip("[")) return set(TRY(bracket()));
        if (skip(".")) return set(~CodeSet({{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}));
        if (skip("^")) return Regex{.kind = Kind::Begin};
        if (skip("$")) return Regex{.kind = Kind::End};
        if (c == '*' || c == '+' || c == '?') return bad("there is nothing to repeat");
        if (c != '\\') return set(TRY(one()));
        char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (next == 'b' || next == 'B')
            return bad("word boundaries are not supported", "write out what may stand there");
        if (next >= '1' && next <= '9') return bad("back references are not supported");
        if (next == 'A' || next == 'z' || next == 'Z') {
            at_ += 2;
            return Regex{.kind = next == 'A' ? Kind::Begin : Kind::End};
        }
        return set(TRY(escaped()));
    }

    static Regex set(CodeSet set) { return {.kind = Kind::Set, .set = std::move(set)}; }

    Result<Regex> group(int depth) {
        if (skip("?")) {
            bool named = skip("P<") || (text_.substr(at_, 1) == "<" && at_ + 1 < text_.size() &&
                                        text_[at_ + 1] != '=' && text_[at_ + 1] != '!');
            if (named) {
                size_t close = text_.find('>', at_);
                if (close == text_.npos) return bad("a group's name does not end");
                at_ = close + 1;
            } else if (!skip(":")) {
                return bad("look-around, flags and other groups with '(?' are not supported",
                           "write the texts that may match instead");
            }
        }
        Regex body = TRY(alternatives(depth + 1));
        if (!skip(")")) return bad("a '(' is not closed");
        return body;
    }

    Result<CodeSet> one() {
        Decoded c = decode_utf8(text_, at_);
        if (c.code == broken_byte) return bad("the pattern is not UTF-8");
        at_ += c.length;
        return CodeSet::of(c.code);
    }

    Result<CodeSet> escaped() {
        at_++;
        if (done()) return bad("a lone backslash");
        char c = text_[at_];
        constexpr std::string_view controls = "n\nr\rt\tf\fv\v";
        if (size_t at = controls.find(c); at != controls.npos && at % 2 == 0) {
            at_++;
            return CodeSet::of(static_cast<uint32_t>(controls[at + 1]));
        }
        if (auto named = class_of(c)) {
            at_++;
            return *std::move(named);
        }
        if (c == '0') {
            at_++;
            return CodeSet::of(0);
        }
        if (c == 'p' || c == 'P') return property();
        if (c == 'x' || c == 'u') return hexadecimal();
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            return bad(cat("the escape \\", c, " is not known"));
        return one();
    }

    std::optional<CodeSet> class_of(char c) const {
        CodeSet digits({{'0', '9'}}), spaces({{'\t', '\r'}, {' ', ' '}});
        CodeSet word({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}});
        // No dialect calls these spaces no spaces.
        CodeSet odd_spaces({{0x1C, 0x1F}, {0xFEFF, 0xFEFF}});
        switch (c) {
            case 'd':
                return digits;
            case 'D':
                return ~(digits | unicode_.digit());
            case 'w':
                return word;
            case 'W':
                return ~(word | unicode_.word());
            case 's':
                return spaces;
            case 'S':
                return ~(spaces | unicode_.space() | odd_spaces);
            default:
                return std::nullopt;
        }
    }

    Result<CodeSet> property() {
        bool negated = text_[at_++] == 'P';
        size_t close = text_.find('}', at_);
        if (!skip("{") || close == text_.npos) return bad("\\p wants a property in braces");
        std::string_view name = text_.substr(at_, close - at_);
        at_ = close + 1;
        for (std::string_view prefix : {"Script=", "sc=", "General_Category=", "gc="})
            if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
        auto found = unicode_.property(name);
        if (!found) return bad(cat("the property '", printable(name, 40), "' is not known"));
        return negated ? ~*found : *found;
    }

    Result<CodeSet> hexadecimal() {
        bool braces = text_.substr(at_ + 1, 1) == "{";
        size_t count = text_[at_] == 'x' ? 2 : 4;
        at_ += braces ? 2 : 1;
        size_t close = braces ? text_.find('}', at_) : at_ + count;
        if (close == text_.npos || close > text_.size()) return bad("a code point is cut off");
        uint32_t code = 0;
        const char *begin = text_.data() + at_, *end = text_.data() + close;
        auto [stopped, error] = std::from_chars(begin, end, code, 16);
        if (error != std::errc{} || stopped != end || code > 0x10FFFF)
            return bad("no code point in hexadecimal digits");
        at_ = close + (braces ? 1 : 0);
        return CodeSet::of(code);
    }

    Result<CodeSet> bracket() {
        bool negated = skip("^");
        CodeSet out;
        for (bool first = true;; first = false) {
            if (done()) return bad("a '[' is not closed");
            if (skip("]")) {
                if (!first) break;
                out = CodeSet::of(']');
                continue;
            }
            CodeSet low = TRY(set_item());
            if (text_.substr(at_, 1) != "-" || text_.substr(at_ + 1, 1) == "]") {
                out = out | low;
                continue;
            }
            at_++;
            if (done()) return bad("a '[' is not closed");
            CodeSet high = TRY(set_item());
            uint32_t a = first_of(low), b = first_of(high);
            if (!is_single(low) || !is_single(high)) return bad("a class is no end of a range");
            if (a > b) return bad("a range that runs backwards");
            out = out | CodeSet({{a, b}});
        }
        return negated ? ~out : out;
    }
    static uint32_t first_of(const CodeSet& set) { return set.empty() ? 0 : set.ranges()[0].first; }
    static bool is_single(const CodeSet& set) {
        return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
    }
    Result<CodeSet> set_item() {
        if (text_[at_] != '\\') return one();
        if (text_.substr(at_, 2) == "\\b") {
            at_ += 2;
            return CodeSet::of('\b');
        }
        return escaped();
    }

    std::string_view text_;
    const Unicode& unicode_;
    size_t at_ = 0;
};

bool has_anchor(const Regex& regex) {
    return regex.kind == Kind::Begin || regex.kind == Kind::End ||
           std::ranges::any_of(regex.parts, has_anchor);
}

// Takes the anchors off that end, if every alternative has one there.
bool strip(Regex& regex, Kind anchor) {
    if (regex.kind == anchor) {
        regex = {.kind = Kind::Seq};
        return true;
    }
    if (regex.kind == Kind::Seq && !regex.parts.empty())
        return strip(anchor == Kind::Begin ? regex.parts.front() : regex.parts.back(), anchor);
    if (regex.kind != Kind::Alt) return false;
    std::vector<Regex> stripped = regex.parts;
    for (Regex& part : stripped)
        if (!strip(part, anchor)) return false;
    regex.parts = std::move(stripped);
    return true;
}

ExprId build(Draft& draft, const Regex& regex, const Spell& spell) {
    if (regex.kind == Kind::Set) return spell(draft, regex.set);
    std::vector<ExprId> parts;
    for (const Regex& part : regex.parts) parts.push_back(build(draft, part, spell));
    if (regex.kind == Kind::Alt) return draft.alt(std::move(parts));
    if (regex.kind == Kind::Repeat) return draft.repeat(parts[0], regex.least, regex.most);
    return draft.seq(std::move(parts));
}

Result<ExprId> match(Draft& draft, Regex regex, const Spell& spell, std::optional<ExprId> any) {
    if (regex.kind == Kind::Alt) {
        std::vector<ExprId> parts;
        for (Regex& part : regex.parts)
            parts.push_back(TRY(match(draft, std::move(part), spell, any)));
        return draft.alt(std::move(parts));
    }
    bool begins = strip(regex, Kind::Begin), ends = strip(regex, Kind::End);
    if (has_anchor(regex))
        return Error{Code::Usage, "^ and $ are supported at the ends of a pattern's alternatives",
                     "write the alternatives out, each with its own ^ and $"};
    ExprId body = build(draft, regex, spell);
    if (!any) return body;
    ExprId around = draft.repeat(*any, 0, Draft::unbounded);
    return draft.seq({begins ? draft.empty() : around, body, ends ? draft.empty() : around});
}

}  // namespace

Result<Regex> Regex::parse(std::string_view text, const Unicode& unicode) {
    return Parser(text, unicode).parse();
}

Result<ExprId> whole_match(Draft& draft, const Regex& regex, const Spell& spell) {
    return match(draft, regex, spell, std::nullopt);
}

Result<ExprId> search_match(Draft& draft, const Regex& regex, const Spell& spell, ExprId any) {
    return match(draft, regex, spell, any);
}

Result<RuleId> draft_regex(Draft& draft, std::string_view text, const Unicode& unicode) {
    Regex regex = TRY(Regex::parse(text, unicode));
    RuleId root = draft.declare("the pattern");
    auto spell = [](Draft& d, const CodeSet& set) { return d.code_points(set); };
    draft.define(root, TRY(whole_match(draft, regex, spell)));
    return root;
}

}  // namespace linnet
