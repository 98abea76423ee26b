#include "text/jinja_lexer.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "text/jinja_unicode.h"

namespace linnet::jinja {
namespace {

using Type = Token::Type;

bool is_ascii_digit(char c) {
    return c >= '0' && c <= '9';
}

class Lexer {
  public:
    explicit Lexer(const std::string& source) : source_(source) {}

    Result<std::vector<Token>> run() {
        while (at_ < source_.size()) TRY(data());
        add(Type::End, at_);
        return std::move(tokens_);
    }

  private:
    Error error(std::string what, size_t at) const {
        return error_at(source_, static_cast<uint32_t>(at), std::move(what));
    }
    void add(Type type, size_t at, std::string text = {}) {
        tokens_.push_back({type, static_cast<uint32_t>(at), std::move(text)});
    }
    char peek(size_t ahead = 0) const {
        return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
    }
    bool starts(std::string_view wanted) const {
        return std::string_view(source_).substr(at_).starts_with(wanted);
    }
    size_t skip_space(size_t at) const {
        for (size_t next = at; next < source_.size(); at = next)
            if (!is_space(next_point(source_, next))) break;
        return at;
    }

    // Text up to the next tag, and the tag.
    Result<Done> data() {
        size_t begin = at_, open = begin;
        for (;; open++) {
            open = source_.find('{', open);
            if (open == std::string::npos) {
                add(Type::Data, begin, source_.substr(begin));
                at_ = source_.size();
                return Done{};
            }
            char next = open + 1 < source_.size() ? source_[open + 1] : '\0';
            if (next == '%' || next == '{' || next == '#') break;
        }
        char kind = source_[open + 1];
        at_ = open + 2;
        char sign = peek() == '-' || peek() == '+' ? source_[at_++] : '\0';
        add_data(begin, open, sign, kind == '{');
        if (kind == '#') return comment(open);
        if (kind == '%') {
            if (size_t raw_begin = raw_tag_end(); raw_begin != 0) return raw(open, raw_begin);
        }
        add(kind == '%' ? Type::BlockBegin : Type::VariableBegin, open);
        return inside(kind == '%', open);
    }

    // Adds the text before a tag, less what the tag's sign takes off it.
    void add_data(size_t begin, size_t end, char sign, bool before_variable) {
        std::string_view text = std::string_view(source_).substr(begin, end - begin);
        if (sign == '-') {
            text = strip_right(text);
        } else if (sign != '+' && !before_variable) {
            size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
            bool starts_line = line > 0 || begin == 0 || source_[begin - 1] == '\n';
            if (starts_line && strip_left(text.substr(line)).empty()) text = text.substr(0, line);
        }
        if (!text.empty()) add(Type::Data, begin, std::string(text));
    }

    // Where a tag's end that starts at `at` leads to, if one does: "-" takes the white space after
    // it, a plain end of a block or comment one line end.
    size_t tag_end(size_t at, std::string_view close, bool plus, bool trim) const {
        std::string_view rest = std::string_view(source_).substr(at);
        if (rest.starts_with('-') && rest.substr(1).starts_with(close))
            return skip_space(at + 1 + close.size());
        if (plus && rest.starts_with('+') && rest.substr(1).starts_with(close))
            return at + 1 + close.size();
        if (!rest.starts_with(close)) return 0;
        size_t end = at + close.size();
        return trim && end < source_.size() && source_[end] == '\n' ? end + 1 : end;
    }

    Result<Done> comment(size_t open) {
        size_t close = source_.find("#}", at_);
        if (close == std::string::npos) return error("this comment has no end", open);
        bool signed_end = close > at_ && (source_[close - 1] == '-' || source_[close - 1] == '+');
        at_ = tag_end(close - signed_end, "#}", true, true);
        return Done{};
    }

    // Behind "{%" and its sign: where the text of a raw block begins, or 0 if it is another tag.
    size_t raw_tag_end() const {
        size_t at = skip_space(at_);
        if (source_.compare(at, 3, "raw") != 0) return 0;
        return tag_end(skip_space(at + 3), "%}", false, false);
    }

    Result<Done> raw(size_t open, size_t begin) {
        for (size_t close = begin;; close += 2) {
            close = source_.find("{%", close);
            if (close == std::string::npos) return error("this raw block has no end", open);
            size_t at = close + 2;
            char sign = at < source_.size() && (source_[at] == '-' || source_[at] == '+')
                            ? source_[at++]
                            : '\0';
            at = skip_space(at);
            if (source_.compare(at, 6, "endraw") != 0) continue;
            size_t end = tag_end(skip_space(at + 6), "%}", true, true);
            if (end == 0) continue;
            add_data(begin, close, sign, false);
            at_ = end;
            return Done{};
        }
    }

    // The tokens of one tag, its end included.
    Result<Done> inside(bool block, size_t open) {
        std::string brackets;  // that are open
        for (;;) {
            at_ = skip_space(at_);
            if (at_ >= source_.size()) return error("this tag has no end", open);
            if (brackets.empty()) {
                size_t end =
                    block ? tag_end(at_, "%}", true, true) : tag_end(at_, "}}", false, false);
                if (end != 0) {
                    add(block ? Type::BlockEnd : Type::VariableEnd, at_);
                    at_ = end;
                    return Done{};
                }
            }
            TRY(token(brackets));
        }
    }

    Result<Done> token(std::string& brackets) {
        char c = peek();
        if (is_ascii_digit(c)) return number();
        if (c == '"' || c == '\'') return string();
        size_t end = at_;
        if (is_identifier_start(next_point(source_, end))) {
            size_t begin = at_;
            for (at_ = end; end < source_.size(); at_ = end)
                if (!is_identifier_part(next_point(source_, end))) break;
            add(Type::Name, begin, source_.substr(begin, at_ - begin));
            return Done{};
        }
        static constexpr std::string_view operators[] = {
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[",
            "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
        for (std::string_view sign : operators)
            if (starts(sign)) return operation(sign, brackets);
        return error(cat("the character '", printable(source_.substr(at_, end - at_)),
                         "' has no meaning here"),
                     at_);
    }

    Result<Done> operation(std::string_view sign, std::string& brackets) {
        static constexpr std::string_view opening = "([{", closing = ")]}";
        if (size_t i = opening.find(sign); i != opening.npos) brackets += closing[i];
        if (closing.find(sign) != closing.npos) {
            if (brackets.empty() || brackets.back() != sign[0])
                return error(cat("unexpected '", sign, "'",
                                 brackets.empty() ? "" : cat(", expected '", brackets.back(), "'")),
                             at_);
            brackets.pop_back();
        }
        add(Type::Operator, at_, std::string(sign));
        at_ += sign.size();
        return Done{};
    }

    // Digits with single underscores between them, from `at`; where they end.
    template <class IsDigit>
    size_t digits_end(size_t at, IsDigit is_digit) const {
        size_t end = at;
        while (end < source_.size()) {
            if (is_digit(source_[end]))
                end++;
            else if (end > at && source_[end] == '_' && end + 1 < source_.size() &&
                     is_digit(source_[end + 1]))
                end += 2;
            else
                break;
        }
        return end;
    }

    Result<Done> number() {
        size_t begin = at_, end = digits_end(begin, is_ascii_digit);
        bool real = false;
        if (end + 1 < source_.size() && source_[end] == '.' && is_ascii_digit(source_[end + 1])) {
            end = digits_end(end + 1, is_ascii_digit);
            real = true;
        }
        if (end < source_.size() && (source_[end] | 32) == 'e') {
            size_t from = end + 1;
            if (from < source_.size() && (source_[from] == '+' || source_[from] == '-')) from++;
            size_t exponent_end = digits_end(from, is_ascii_digit);
            if (exponent_end > from) {
                end = exponent_end;
                real = true;
            }
        }
        if (begin > 0 && source_[begin - 1] == '.') real = false;  // list.0.1 is two indices
        return real ? real_number(begin, end) : whole_number(begin);
    }

    Result<Done> real_number(size_t begin, size_t end) {
        std::string text = without_underscores(begin, end);
        add(Type::Float, begin);
        Token& token = tokens_.back();
        auto failed = std::from_chars(text.data(), text.data() + text.size(), token.number).ec;
        if (failed != std::errc{}) return error("this number is out of range", begin);
        at_ = end;
        return Done{};
    }

    Result<Done> whole_number(size_t begin) {
        int base = 10;
        size_t end = 0;
        char mark = static_cast<char>(peek(1) | 32);
        if (peek() == '0' && (mark == 'x' || mark == 'o' || mark == 'b')) {
            base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
            auto is_digit = [&](char c) {
                int value = is_ascii_digit(c) ? c - '0'
                            : (c | 32) >= 'a' ? (c | 32) - 'a' + 10
                                              : 99;
                return value < base;
            };
            end = digits_end(begin + 2, is_digit);
            if (end == begin + 2) base = 10;
        }
        if (base == 10) {
            bool zero = peek() == '0';
            end = digits_end(begin, [&](char c) { return zero ? c == '0' : is_ascii_digit(c); });
        }
        std::string text = without_underscores(base == 10 ? begin : begin + 2, end);
        add(Type::Integer, begin);
        int64_t& value = tokens_.back().integer;
        auto failed = std::from_chars(text.data(), text.data() + text.size(), value, base).ec;
        if (failed != std::errc{}) return error("this number does not fit 64 bits", begin);
        at_ = end;
        return Done{};
    }

    std::string without_underscores(size_t begin, size_t end) const {
        std::string text = source_.substr(begin, end - begin);
        std::erase(text, '_');
        return text;
    }

    Result<Done> string() {
        size_t begin = at_;
        char quote = source_[at_++];
        std::string text;
        for (;;) {
            if (at_ >= source_.size()) return error("this string has no end", begin);
            char c = source_[at_++];
            if (c == quote) break;
            if (c != '\\')
                text += c;
            else
                TRY(escape(text));
        }
        add(Type::String, begin, std::move(text));
        return Done{};
    }

    // Behind a backslash. What Python does not know stays as it is written.
    Result<Done> escape(std::string& out) {
        if (at_ >= source_.size()) return error("this string has no end", at_ - 1);
        static constexpr std::string_view names = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
        char c = source_[at_++];
        if (size_t i = names.find(c); i != names.npos) {
            out += meanings[i];
        } else if (c == '\n') {
            // The line goes on.
        } else if (c >= '0' && c <= '7') {
            at_--;
            coded(out, 3, 8, false);
        } else if (c == 'x' || c == 'u' || c == 'U') {
            size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8, begin = at_ - 2;
            if (!coded(out, digits, 16, true))
                return error("this escape does not name a character", begin);
        } else if (c == 'N') {
            return error("characters cannot be given by name", at_ - 2);
        } else {
            (out += '\\') += c;
        }
        return Done{};
    }

    // A character by its number, in at most `digits` digits; exactly so many where `all` is set.
    bool coded(std::string& out, size_t digits, int base, bool all) {
        uint32_t point = 0;
        const char* begin = source_.data() + at_;
        const char* end = begin + std::min(digits, source_.size() - at_);
        auto [stop, failed] = std::from_chars(begin, end, point, base);
        auto length = static_cast<size_t>(stop - begin);
        if (failed != std::errc{} || (all && length != digits)) return false;
        if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
        at_ += length;
        append_point(out, point);
        return true;
    }

    const std::string& source_;
    size_t at_ = 0;
    std::vector<Token> tokens_;
};

}  // namespace

std::string normalized_source(std::string_view source) {
    std::string out;
    out.reserve(source.size());
    for (size_t i = 0; i < source.size(); i++) {
        if (source[i] != '\r')
            out += source[i];
        else if (i + 1 == source.size() || source[i + 1] != '\n')
            out += '\n';
    }
    if (out.ends_with('\n')) out.pop_back();
    return out;
}

Result<std::vector<Token>> tokenize(const std::string& source) {
    return Lexer(source).run();
}

std::string place_text(std::string_view source, uint32_t offset) {
    std::string_view before = source.substr(0, offset);
    size_t line = static_cast<size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
    size_t column = count_points(before.substr(before.rfind('\n') + 1)) + 1;
    return cat("line ", line, ", column ", column);
}

Error error_at(std::string_view source, uint32_t offset, std::string what, Code code) {
    return Error{code, cat(place_text(source, offset), ": ", what)};
}

}  // namespace linnet::jinja
