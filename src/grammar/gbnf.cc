#include "grammar/gbnf.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace linnet {
namespace {

constexpr int depth_max = 100;

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

class Parser {
  public:
    Parser(Draft& draft, std::string_view text) : draft_(draft), text_(text) {}

    Result<RuleId> parse() {
        if (text_.size() > gbnf_bytes_max)
            return Error{Code::Usage, cat("the grammar has ", text_.size(), " bytes; at most ",
                                          gbnf_bytes_max, " are read")};
        space(true);
        while (!done()) TRY(rule());
        auto root = rules_.find("root");
        if (root == rules_.end() || !draft_.is_defined(root->second))
            return Error{Code::Usage, "the grammar has no rule 'root', with which a text starts",
                         "add a line such as: root ::= \"yes\" | \"no\""};
        for (auto& [name, id] : rules_)
            if (!draft_.is_defined(id))
                return Error{Code::Usage,
                             cat("the rule '", printable(name, 80), "' is used in line ",
                                 first_use_[id], " and never defined"),
                             "define it, or correct its name"};
        return root->second;
    }

  private:
    Error bad(std::string_view what, std::string_view next = "") const {
        size_t line = line_ + lines(text_.substr(counted_, at_ - counted_));
        return {Code::Usage, cat("line ", line, " of the grammar: ", what), std::string(next)};
    }
    static size_t lines(std::string_view text) {
        return static_cast<size_t>(std::ranges::count(text, '\n'));
    }
    bool done() const { return at_ >= text_.size(); }
    char peek() const { return done() ? '\0' : text_[at_]; }
    bool skip(std::string_view piece) {
        if (!text_.substr(at_).starts_with(piece)) return false;
        at_ += piece.size();
        return true;
    }
    // Spaces and comments; line ends too where a rule may go on behind them.
    void space(bool lines) {
        while (!done()) {
            char c = peek();
            if (c == '#')
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')))
                at_++;
            else
                break;
        }
    }

    std::string_view name() {
        size_t begin = at_;
        while (!done() && is_name(peek())) at_++;
        return text_.substr(begin, at_ - begin);
    }

    RuleId id_of(std::string_view name) {
        auto [found, is_new] = rules_.try_emplace(std::string(name), 0);
        if (is_new) {
            found->second = draft_.declare(std::string(name));
            line_ += lines(text_.substr(counted_, at_ - counted_));
            counted_ = at_;
            first_use_[found->second] = line_;
        }
        return found->second;
    }

    Result<> rule() {
        std::string_view name = this->name();
        if (name.empty()) return bad("a rule starts with its name", "write: name ::= …");
        space(false);
        if (!skip("::=")) return bad(cat("'::=' is missing behind '", name, "'"));
        RuleId id = id_of(name);
        if (!draft_.overflow().empty()) return bad(draft_.overflow(), "make the grammar smaller");
        if (draft_.is_defined(id)) return bad(cat("the rule '", name, "' is defined twice"));
        space(true);
        draft_.define(id, TRY(alternatives(0)));
        if (!done() && peek() != '\n' && peek() != '\r')
            return bad(cat("'", printable(text_.substr(at_, 1)), "' is not expected here"));
        space(true);
        return Done{};
    }

    Result<ExprId> alternatives(int depth) {
        if (depth > depth_max) return bad(cat("groups nest deeper than ", depth_max));
        std::vector<ExprId> parts;
        for (;;) {
            parts.push_back(TRY(sequence(depth)));
            if (!skip("|")) break;
            space(true);
        }
        return draft_.alt(std::move(parts));
    }

    Result<ExprId> sequence(int depth) {
        std::vector<ExprId> parts;
        while (!done()) {
            auto item = TRY(this->item(depth));
            if (!item) break;
            ExprId what = *item;
            while (TRY(quantify(what))) space(depth > 0);
            space(depth > 0);
            parts.push_back(what);
        }
        return draft_.seq(std::move(parts));
    }

    Result<std::optional<ExprId>> item(int depth) {
        char c = peek();
        std::optional<ExprId> out;
        if (skip("\"")) {
            out = TRY(literal());
        } else if (skip("[")) {
            out = TRY(bracket());
        } else if (skip(".")) {
            out = draft_.code_points(~CodeSet());
        } else if (skip("(")) {
            space(true);
            out = TRY(alternatives(depth + 1));
            if (!skip(")")) return bad("a '(' is not closed");
        } else if (is_name(c)) {
            out = draft_.call(id_of(name()));
        } else if (c == '<' || c == '!') {
            return bad("tokens such as <think> or <[1]> are not supported in a grammar",
                       "write their text as a literal");
        }
        return out;
    }

    Result<bool> quantify(ExprId& what) {
        uint32_t least = 0, most = Draft::unbounded;
        if (skip("+")) {
            least = 1;
        } else if (skip("?")) {
            most = 1;
        } else if (skip("{")) {
            TRY(bounds(least, most));
        } else if (!skip("*")) {
            return false;
        }
        what = draft_.repeat(what, least, most);
        return true;
    }

    Result<> bounds(uint32_t& least, uint32_t& most) {
        size_t close = text_.find('}', at_);
        if (close == text_.npos) return bad("a '{' is not closed");
        std::string_view inside = text_.substr(at_, close - at_);
        size_t comma = inside.find(',');
        std::string_view low = trim(inside.substr(0, comma));
        std::string_view high = comma == inside.npos ? low : trim(inside.substr(comma + 1));
        auto a = low.empty() && comma != inside.npos ? 0u : parse_integer<uint32_t>(low);
        auto b =
            high.empty() && comma != inside.npos ? Draft::unbounded : parse_integer<uint32_t>(high);
        if (!a || !b) return bad("braces hold {m}, {m,}, {,n} or {m,n}");
        if (*a > Draft::repeat_max || (*b != Draft::unbounded && *b > Draft::repeat_max))
            return bad(cat("a quantifier of more than ", Draft::repeat_max));
        if (*b < *a) return bad("the quantifier's most is less than its least");
        least = *a;
        most = *b;
        at_ = close + 1;
        return Done{};
    }

    // One character of a literal or a class.
    Result<uint32_t> character() {
        if (!skip("\\")) {
            Decoded c = decode_utf8(text_, at_);
            if (c.code == broken_byte) return bad("the grammar is not UTF-8");
            at_ += c.length;
            return c.code;
        }
        char c = peek();
        if (!done()) at_++;
        switch (c) {
            case 'n':
                return uint32_t{'\n'};
            case 'r':
                return uint32_t{'\r'};
            case 't':
                return uint32_t{'\t'};
            case '\\':
            case '"':
            case '[':
            case ']':
            case '-':
            case '^':
                return static_cast<uint32_t>(c);
            case 'x':
                return hexadecimal(2);
            case 'u':
                return hexadecimal(4);
            case 'U':
                return hexadecimal(8);
            default:
                return bad(
                    cat("the escape \\", printable(std::string_view(&c, 1)), " is not known"),
                    "known are \\n \\r \\t \\\\ \\\" \\[ \\] \\xHH \\uHHHH \\UHHHHHHHH");
        }
    }

    Result<uint32_t> hexadecimal(size_t digits) {
        std::string_view text = text_.substr(at_, digits);
        uint32_t code = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code, 16);
        if (text.size() != digits || error != std::errc{} || end != text.data() + digits ||
            code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
            return bad(cat("an escape wants ", digits, " hexadecimal digits of a character"));
        at_ += digits;
        return code;
    }

    Result<ExprId> literal() {
        std::string out;
        while (!skip("\"")) {
            if (done() || peek() == '\n') return bad("a literal is not closed");
            append_utf8(out, TRY(character()));
        }
        return draft_.literal(out);
    }

    Result<ExprId> bracket() {
        bool negated = skip("^");
        std::vector<CodeRange> ranges;
        while (!skip("]")) {
            if (done() || peek() == '\n') return bad("a '[' is not closed");
            uint32_t first = TRY(character()), last = first;
            if (peek() == '-' && text_.substr(at_ + 1, 1) != "]") {
                at_++;
                if (done()) return bad("a '[' is not closed");
                last = TRY(character());
            }
            if (last < first) return bad("a range that runs backwards");
            ranges.push_back({first, last});
        }
        CodeSet set(std::move(ranges));
        return draft_.code_points(negated ? ~set : set);
    }

    Draft& draft_;
    std::string_view text_;
    size_t at_ = 0;
    size_t line_ = 1, counted_ = 0;  // the line at `counted_`
    std::map<std::string, RuleId, std::less<>> rules_;
    std::map<RuleId, size_t> first_use_;  // line
};

}  // namespace

Result<RuleId> draft_gbnf(Draft& draft, std::string_view text) {
    return Parser(draft, text).parse();
}

}  // namespace linnet
