#include "text/pattern_syntax.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace linnet {
namespace {

using Kind = PatternNode::Kind;
constexpr int depth_max = 50;
constexpr int repeat_max = 1000;
constexpr size_t pattern_bytes_max = 20'000;

PatternNode set_node(CodeSet set) {
    return {.kind = Kind::Set, .set = std::move(set)};
}
PatternNode look(Kind kind, CodeSet set, bool edge) {
    return {.kind = kind, .set = std::move(set), .edge = edge};
}
PatternNode group(Kind kind, std::vector<PatternNode> children) {
    return {.kind = kind, .children = std::move(children)};
}

class Parser {
  public:
    Parser(std::string_view text, const Unicode& unicode) : text_(text), unicode_(unicode) {}

    Result<PatternNode> parse() {
        PatternNode node = TRY(alternation(0));
        if (at_ < text_.size()) return bad("')' without '('");
        return node;
    }

  private:
    Error bad(std::string_view what) const {
        return {Code::BadInput,
                cat(what, " at byte ", at_, " of the pattern '", printable(text_, 300), "'")};
    }
    Error unsupported(std::string_view what) const {
        return {Code::Unsupported,
                cat(what, " at byte ", at_, " of the pattern '", printable(text_, 300), "'")};
    }
    bool done() const { return at_ >= text_.size(); }
    bool next_is(std::string_view piece) const { return text_.substr(at_).starts_with(piece); }
    bool skip(std::string_view piece) {
        if (!next_is(piece)) return false;
        at_ += piece.size();
        return true;
    }
    uint32_t take_code() {
        Decoded c = decode_utf8(text_, at_);
        at_ += c.length;
        return c.code;
    }
    CodeSet cased(CodeSet set) const { return ignore_case_ ? unicode_.any_case(set) : set; }

    Result<PatternNode> alternation(int depth) {
        if (depth > depth_max) return unsupported(cat("groups nested deeper than ", depth_max));
        bool case_before = ignore_case_, dot_before = dot_all_;
        std::vector<PatternNode> choices;
        do {
            choices.push_back(TRY(sequence(depth)));
        } while (skip("|"));
        ignore_case_ = case_before;
        dot_all_ = dot_before;
        if (choices.size() == 1) return std::move(choices[0]);
        return group(Kind::Alternate, std::move(choices));
    }

    Result<PatternNode> sequence(int depth) {
        std::vector<PatternNode> parts;
        while (!done() && text_[at_] != '|' && text_[at_] != ')') {
            PatternNode atom = TRY(this->atom(depth));
            while (!done()) {
                bool repeated = TRY(quantifier(atom));
                if (!repeated) break;
            }
            parts.push_back(std::move(atom));
        }
        if (parts.size() == 1) return std::move(parts[0]);
        return group(Kind::Concat, std::move(parts));
    }

    // Wraps `atom` in the quantifier that stands here, if one does.
    Result<bool> quantifier(PatternNode& atom) {
        int least = 0, most = PatternNode::unbounded;
        bool interval = false;
        if (skip("*")) {
        } else if (skip("+")) {
            least = 1;
        } else if (skip("?")) {
            most = 1;
        } else if (text_[at_] == '{' && bounds(least, most)) {
            interval = true;
        } else {
            return false;
        }
        if (least > repeat_max || most > repeat_max)
            return unsupported(cat("a repeat of more than ", repeat_max));
        if (most != PatternNode::unbounded && most < least) return bad("an empty range");
        bool look = atom.kind == Kind::Ahead || atom.kind == Kind::Behind;
        if (look) return unsupported("a repeated look-around");
        PatternNode repeat{.kind = Kind::Repeat, .least = least, .most = most};
        repeat.children.push_back(std::move(atom));
        // In Oniguruma, which reads tokenizer.json, a{1,3}+ is (a{1,3})+ and a++ is possessive.
        if (skip("?"))
            repeat.lazy = true;
        else if (!interval && skip("+"))
            repeat.possessive = true;
        atom = std::move(repeat);
        return true;
    }

    // "{2}", "{2,}", "{,3}", "{2,3}"; anything else is a plain brace.
    bool bounds(int& least, int& most) {
        size_t close = text_.find('}', at_);
        if (close == text_.npos) return false;
        std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
        size_t comma = inside.find(',');
        auto low = parse_integer<int>(inside.substr(0, comma));
        if (comma == inside.npos) {
            if (!low) return false;
            least = most = *low;
        } else {
            std::string_view after = inside.substr(comma + 1);
            auto high = parse_integer<int>(after);
            if ((!low && comma > 0) || (!high && !after.empty()) || (!low && !high)) return false;
            least = low.value_or(0);
            most = high.value_or(PatternNode::unbounded);
        }
        if (least < 0 || most < PatternNode::unbounded) return false;
        at_ = close + 1;
        return true;
    }

    Result<PatternNode> atom(int depth) {
        if (skip("(")) return group_after_parenthesis(depth);
        if (next_is("[")) return set_node(TRY(bracket(0)));
        if (skip(".")) return set_node(dot_all_ ? ~CodeSet() : ~CodeSet::of('\n'));
        // Oniguruma's ^ and $ stand at every line.
        if (skip("^")) return look(Kind::Behind, CodeSet::of('\n'), true);
        if (skip("$")) return look(Kind::Ahead, CodeSet::of('\n'), true);
        if (next_is("\\")) return escape();
        if (std::string_view("*+?").find(text_[at_]) != std::string_view::npos)
            return bad("nothing to repeat");
        return set_node(cased(CodeSet::of(take_code())));
    }

    Result<PatternNode> group_after_parenthesis(int depth) {
        Kind kind = Kind::Concat;
        bool negated = false;
        bool case_before = ignore_case_, dot_before = dot_all_;
        if (skip("?")) {
            if (skip("<=")) {
                kind = Kind::Behind;
            } else if (skip("<!")) {
                kind = Kind::Behind;
                negated = true;
            } else if (skip("=")) {
                kind = Kind::Ahead;
            } else if (skip("!")) {
                kind = Kind::Ahead;
                negated = true;
            } else if (skip(">")) {
                return unsupported("an atomic group (?>");
            } else if (skip("<") || skip("P<")) {
                size_t close = text_.find('>', at_);
                if (close == text_.npos) return bad("a group name without '>'");
                at_ = close + 1;
            } else {
                bool closed = TRY(group_flags());
                if (closed) return PatternNode{};
            }
        }
        PatternNode body = TRY(alternation(depth + 1));
        ignore_case_ = case_before;
        dot_all_ = dot_before;
        if (!skip(")")) return bad("'(' without ')'");
        if (kind == Kind::Concat) return body;
        auto set = single(body);
        if (!set) return unsupported("a look-around of more than one code point");
        // Negated, the edge of the text is as good as any other code point.
        return look(kind, negated ? ~*set : *set, negated);
    }

    // After "(?": "i:", "-i:", ":" open a group; "i)" holds to the end of the one around it.
    Result<bool> group_flags() {
        bool on = true;
        for (; !done(); at_++) {
            switch (text_[at_]) {
                case '-':
                    on = false;
                    break;
                case 'i':
                    ignore_case_ = on;
                    break;
                case 'm':  // what Oniguruma calls multi-line is that a dot takes line ends
                case 's':
                    dot_all_ = on;
                    break;
                case 'u':
                    break;
                case ':':
                    at_++;
                    return false;
                case ')':
                    at_++;
                    return true;
                default:
                    return unsupported("a group of an unknown kind");
            }
        }
        return bad("'(' without ')'");
    }

    // The code points that a node matches if it always matches exactly one.
    static std::optional<CodeSet> single(const PatternNode& node) {
        if (node.kind == Kind::Set) return node.set;
        if (node.kind != Kind::Alternate) return std::nullopt;
        CodeSet all;
        for (const PatternNode& child : node.children) {
            auto set = single(child);
            if (!set) return std::nullopt;
            all = all | *set;
        }
        return all;
    }

    Result<PatternNode> escape() {
        CodeSet word = unicode_.word();
        switch (at_ + 1 < text_.size() ? text_[at_ + 1] : '\0') {
            case 'A':
                at_ += 2;
                return look(Kind::Behind, {}, true);
            case 'z':
                at_ += 2;
                return look(Kind::Ahead, {}, true);
            case 'b':
            case 'B': {
                bool inside = text_[at_ + 1] == 'B';
                at_ += 2;
                auto both = [](PatternNode a, PatternNode b) {
                    return group(Kind::Concat, {std::move(a), std::move(b)});
                };
                PatternNode in =
                    both(look(Kind::Behind, word, false),
                         inside ? look(Kind::Ahead, word, false) : look(Kind::Ahead, ~word, true));
                PatternNode out =
                    both(look(Kind::Behind, ~word, true),
                         inside ? look(Kind::Ahead, ~word, true) : look(Kind::Ahead, word, false));
                return group(Kind::Alternate, {std::move(in), std::move(out)});
            }
            default:
                return set_node(cased(TRY(escaped_set())));
        }
    }

    // After a backslash: a class, or one code point.
    Result<CodeSet> escaped_set() {
        at_++;
        if (done()) return bad("a lone backslash");
        char c = text_[at_];
        switch (c) {
            case 's':
            case 'S':
            case 'd':
            case 'D':
            case 'w':
            case 'W': {
                at_++;
                char kind = static_cast<char>(c | 0x20);
                CodeSet set = kind == 's'   ? unicode_.space()
                              : kind == 'd' ? unicode_.digit()
                                            : unicode_.word();
                return c == kind ? set : ~set;
            }
            case 'p':
            case 'P':
                return property();
            case 'n':
                at_++;
                return CodeSet::of('\n');
            case 'r':
                at_++;
                return CodeSet::of('\r');
            case 't':
                at_++;
                return CodeSet::of('\t');
            case 'f':
                at_++;
                return CodeSet::of('\f');
            case 'v':
                at_++;
                return CodeSet::of('\v');
            case 'x':
            case 'u':
            case 'U':
                return hexadecimal(c);
            default:
                break;
        }
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter) return unsupported(cat("the escape \\", c));
        return CodeSet::of(take_code());
    }

    Result<CodeSet> property() {
        bool negated = text_[at_] == 'P';
        at_++;
        std::string_view name;
        if (skip("{")) {
            if (skip("^")) negated = !negated;
            size_t close = text_.find('}', at_);
            if (close == text_.npos) return bad("a property without '}'");
            name = text_.substr(at_, close - at_);
            at_ = close + 1;
        } else {
            name = text_.substr(at_, 1);
            at_ += name.size();
        }
        for (std::string_view prefix : {"Script=", "sc=", "General_Category=", "gc="})
            if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
        auto set = unicode_.property(name);
        if (!set) return unsupported(cat("the property '", printable(name, 40), "'"));
        return negated ? ~*set : *set;
    }

    Result<CodeSet> hexadecimal(char kind) {
        at_++;
        std::string_view digits;
        if (skip("{")) {
            size_t close = text_.find('}', at_);
            if (close == text_.npos) return bad("a code point without '}'");
            digits = text_.substr(at_, close - at_);
            at_ = close + 1;
        } else {
            digits = text_.substr(at_, kind == 'x' ? 2 : kind == 'u' ? 4 : 8);
            at_ += digits.size();
        }
        uint32_t code = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (error != std::errc{} || end != digits.data() + digits.size() || code > 0x10FFFF)
            return bad("no code point");
        return CodeSet::of(code);
    }

    // "[...]", with nested sets, POSIX names and intersections by "&&".
    Result<CodeSet> bracket(int depth) {
        if (depth > depth_max) return unsupported("sets nested too deep");
        at_++;
        bool negated = skip("^");
        CodeSet set, earlier;
        bool intersected = false, first = true;
        for (;; first = false) {
            if (done()) return bad("'[' without ']'");
            if (!first && skip("]")) break;
            if (skip("&&")) {
                earlier = intersected ? earlier & set : set;
                intersected = true;
                set = {};
                continue;
            }
            set = set | TRY(set_item(depth));
        }
        set = cased(intersected ? earlier & set : set);
        return negated ? ~set : set;
    }

    Result<CodeSet> set_item(int depth) {
        if (next_is("[:")) {
            auto named = TRY(posix());
            if (named) return *std::move(named);
        }
        if (next_is("[")) return bracket(depth + 1);
        CodeSet low = next_is("\\") ? TRY(escaped_set()) : CodeSet::of(take_code());
        auto one = [](const CodeSet& set) {
            return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
        };
        bool range = next_is("-") && at_ + 1 < text_.size() && text_[at_ + 1] != ']' && one(low);
        if (!range) return low;
        at_++;
        if (next_is("[")) return low | CodeSet::of('-');
        CodeSet high = next_is("\\") ? TRY(escaped_set()) : CodeSet::of(take_code());
        if (!one(high)) return low | CodeSet::of('-') | high;
        uint32_t a = low.ranges()[0].first, b = high.ranges()[0].first;
        if (a > b) return bad("a range that runs backwards");
        return CodeSet({{a, b}});
    }

    Result<std::optional<CodeSet>> posix() {
        size_t close = text_.find(":]", at_);
        if (close == text_.npos) return std::optional<CodeSet>();
        std::string_view name = text_.substr(at_ + 2, close - at_ - 2);
        bool negated = name.starts_with("^");
        if (negated) name.remove_prefix(1);
        // [:upper:], [:lower:] and [:punct:] are larger than the categories of that name.
        constexpr std::pair<std::string_view, std::string_view> names[] = {
            {"alpha", "Alphabetic"}, {"digit", "Nd"}, {"space", "White_Space"}, {"cntrl", "Cc"}};
        std::optional<CodeSet> set;
        CodeSet alphabetic = *unicode_.property("Alphabetic"), nd = unicode_.digit();
        if (name == "alnum") set = alphabetic | nd;
        if (name == "word")
            set = alphabetic | nd | *unicode_.property("M") | *unicode_.property("Pc");
        for (auto [posix_name, category] : names)
            if (name == posix_name) set = unicode_.property(category);
        if (!set) return unsupported(cat("the class [:", printable(name, 40), ":]"));
        at_ = close + 2;
        return std::optional<CodeSet>(negated ? ~*set : *set);
    }

    std::string_view text_;
    const Unicode& unicode_;
    size_t at_ = 0;
    bool ignore_case_ = false;
    bool dot_all_ = false;
};

// What may come first in a node, and whether it may be empty.
struct First {
    CodeSet set;
    bool empty;
};

First first_of(const PatternNode& node) {
    switch (node.kind) {
        case Kind::Set:
            return {node.set, false};
        case Kind::Ahead:  // holds the next code point to its set, so nothing else can follow
            return {node.set, false};
        case Kind::Behind:
            return {{}, true};
        case Kind::Repeat: {
            First first = first_of(node.children[0]);
            return {first.set, first.empty || node.least == 0};
        }
        case Kind::Alternate: {
            First all{{}, false};
            for (const PatternNode& child : node.children) {
                First first = first_of(child);
                all = {all.set | first.set, all.empty || first.empty};
            }
            return all;
        }
        case Kind::Concat: {
            First all{{}, true};
            for (const PatternNode& child : node.children) {
                First first = first_of(child);
                all.set = all.set | first.set;
                if (!first.empty) return {all.set, false};
            }
            return all;
        }
    }
    return {{}, true};
}

// A possessive a++ is a plain a+ where nothing that may follow starts with an a: giving one back
// could then never help. Says whether that is so everywhere. `follow`: what may come next.
bool possessive_is_greedy(const PatternNode& node, const CodeSet& follow) {
    switch (node.kind) {
        case Kind::Concat: {
            CodeSet after = follow;
            for (size_t i = node.children.size(); i-- > 0;) {
                if (!possessive_is_greedy(node.children[i], after)) return false;
                First first = first_of(node.children[i]);
                after = first.empty ? first.set | after : first.set;
            }
            return true;
        }
        case Kind::Alternate:
            return std::all_of(node.children.begin(), node.children.end(), [&](const auto& child) {
                return possessive_is_greedy(child, follow);
            });
        case Kind::Repeat: {
            const PatternNode& body = node.children[0];
            if (node.possessive) return body.kind == Kind::Set && (body.set & follow).empty();
            return possessive_is_greedy(body, follow | first_of(body).set);
        }
        default:
            return true;
    }
}

}  // namespace

Result<PatternNode> parse_pattern(std::string_view text, const Unicode& unicode) {
    if (text.size() > pattern_bytes_max)
        return Error{Code::Unsupported, cat("a pattern of ", text.size(), " bytes")};
    PatternNode node = TRY(Parser(text, unicode).parse());
    if (!possessive_is_greedy(node, {}))
        return Error{Code::Unsupported, cat("a possessive repeat that changes what matches in '",
                                            printable(text, 300), "'")};
    return node;
}

}  // namespace linnet
