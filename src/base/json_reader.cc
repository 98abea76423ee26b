#include "base/json_reader.h"

#include "base/text.h"

namespace linnet {

// REQUIRES: a Unicode scalar value.
static void append_utf8(std::string& out, uint32_t point) {
    auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0 | point >> 6);
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0 | point >> 12);
        tail(6), tail(0);
    } else {
        out += static_cast<char>(0xF0 | point >> 18);
        tail(12), tail(6), tail(0);
    }
}

Error JsonReader::error(std::string_view why) const {
    return Error{Code::BadInput, cat("not valid JSON at byte ", at_, " (", why, ")")};
}

void JsonReader::skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
        at_++;
}

Result<JsonReader::Token> JsonReader::next() {
    skip_space();
    if (open_.empty()) {
        if (!started_) {
            started_ = true;
            return value();
        }
        if (at_ < text_.size()) return error("text after the end");
        return Token::End;
    }
    Level& level = open_.back();
    char end = level.object ? '}' : ']';
    switch (level.want) {
        case Want::Value:
            break;
        case Want::ValueOrEnd:
        case Want::KeyOrEnd:
            if (peek() == end) return close();
            break;
        case Want::Key:
            break;
        case Want::CommaOrEnd:
            if (peek() == end) return close();
            if (peek() != ',')
                return error(level.object ? "',' or '}' is due" : "',' or ']' is due");
            at_++;
            skip_space();
            break;
    }
    if (level.object && level.want != Want::Value) return key();
    level.want = Want::CommaOrEnd;
    return value();
}

Result<JsonReader::Token> JsonReader::key() {
    if (peek() != '"') return error("a name in quotes is due");
    TRY(string());
    skip_space();
    if (peek() != ':') return error("':' is due");
    at_++;
    open_.back().want = Want::Value;
    return Token::Key;
}

Result<JsonReader::Token> JsonReader::value() {
    switch (peek()) {
        case '{':
            return open(true);
        case '[':
            return open(false);
        case '"':
            TRY(string());
            return Token::String;
        case 't':
            return literal("true", Token::Bool);
        case 'f':
            return literal("false", Token::Bool);
        case 'n':
            return literal("null", Token::Null);
        default:
            TRY(number());
            return Token::Number;
    }
}

Result<JsonReader::Token> JsonReader::open(bool object) {
    if (open_.size() >= limits_.depth_max)
        return Error{Code::BadInput, cat("nested deeper than ", limits_.depth_max)};
    at_++;
    open_.push_back({object, object ? Want::KeyOrEnd : Want::ValueOrEnd});
    return object ? Token::Object : Token::Array;
}

Result<JsonReader::Token> JsonReader::close() {
    at_++;
    bool object = open_.back().object;
    open_.pop_back();
    return object ? Token::ObjectEnd : Token::ArrayEnd;
}

Result<JsonReader::Token> JsonReader::literal(std::string_view word, Token token) {
    if (text_.substr(at_, word.size()) != word) return error("no such word");
    value_ = text_.substr(at_, word.size());
    in_place_ = true;
    at_ += word.size();
    return token;
}

Result<> JsonReader::number() {
    size_t start = at_;
    auto digits = [&] {
        size_t first = at_;
        while (peek() >= '0' && peek() <= '9') at_++;
        return at_ - first;
    };
    if (peek() == '-') at_++;
    bool zero = peek() == '0';
    size_t whole = digits();
    if (whole == 0) return error("a value is due");
    if (zero && whole > 1) return error("a number starts with 0");
    if (peek() == '.') {
        at_++;
        if (digits() == 0) return error("digits are due after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
        at_++;
        if (peek() == '+' || peek() == '-') at_++;
        if (digits() == 0) return error("digits are due in the exponent");
    }
    value_ = text_.substr(start, at_ - start);
    in_place_ = true;
    return Done{};
}

// From the opening quote to behind the closing one.
Result<> JsonReader::string() {
    at_++;
    size_t start = at_;
    auto plain = [&] {
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
               static_cast<unsigned char>(text_[at_]) >= 0x20)
            at_++;
        return text_.substr(start, at_ - start);
    };
    value_ = plain();
    in_place_ = true;
    if (peek() == '\\') {
        in_place_ = false;
        scratch_.assign(value_);
        while (peek() == '\\') {
            TRY(escape());
            start = at_;
            scratch_ += plain();
            if (scratch_.size() > limits_.escaped_bytes_max)
                return error(cat("a string with escapes is longer than ",
                                 bytes_text(limits_.escaped_bytes_max)));
        }
        value_ = scratch_;
    }
    if (at_ == text_.size()) return error("a string without its end");
    if (text_[at_] != '"') return error("a control character in a string");
    if (!valid_utf8(value_)) return error("a string is not UTF-8");
    at_++;
    return Done{};
}

std::optional<uint32_t> JsonReader::hex4() {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++, at_++) {
        char c = peek();
        uint32_t digit = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                         : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                                : 16;
        if (digit == 16) return std::nullopt;
        value = value << 4 | digit;
    }
    return value;
}

Result<> JsonReader::escape() {
    static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    at_++;
    char c = peek();
    at_++;
    if (size_t which = names.find(c); c != '\0' && which != names.npos) {
        scratch_ += meanings[which];
        return Done{};
    }
    if (c != 'u') return error("no such escape");
    auto point = hex4();
    if (!point) return error("\\u needs four hexadecimal digits");
    bool high = *point >= 0xD800 && *point < 0xDC00;
    if (high && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        auto low = hex4();
        if (!low || *low < 0xDC00 || *low > 0xDFFF) return error("half of a surrogate pair");
        *point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*point >= 0xD800 && *point <= 0xDFFF) {
        return error("half of a surrogate pair");
    }
    append_utf8(scratch_, *point);
    return Done{};
}

Result<> JsonReader::expect(Token wanted, std::string_view what) {
    Token token = TRY(next());
    if (token != wanted)
        return Error{Code::BadInput, cat(what, " is missing or of the wrong kind, at byte ", at_)};
    return Done{};
}

Result<> JsonReader::skip() {
    size_t depth = 0;
    do {
        switch (TRY(next())) {
            case Token::Object:
            case Token::Array:
                depth++;
                break;
            case Token::ObjectEnd:
            case Token::ArrayEnd:
                if (depth == 0) return error("a value is due");
                depth--;
                break;
            case Token::End:
                return error("a value is due");
            default:
                break;
        }
    } while (depth > 0);
    return Done{};
}

std::optional<uint64_t> JsonReader::as_uint() const {
    return parse_integer<uint64_t>(value_);
}

}  // namespace linnet
