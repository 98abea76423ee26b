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

Error JsonReader::error() const {
    return Error{Code::BadInput, cat("not valid JSON at byte ", at_, " (", why_, ")")};
}

void JsonReader::skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
        at_++;
}

Result<JsonReader::Token> JsonReader::next() {
    auto token = step();
    if (!token) return error();
    return *token;
}

std::optional<JsonReader::Token> JsonReader::step() {
    skip_space();
    if (open_.empty()) {
        if (!started_) {
            started_ = true;
            return value();
        }
        if (at_ == text_.size()) return Token::End;
        wrong("text after the end");
        return std::nullopt;
    }
    Level& level = open_.back();
    bool may_end = level.want != Want::Value && level.want != Want::Key;
    if (may_end && peek() == (level.object ? '}' : ']')) return close();
    if (level.want == Want::CommaOrEnd) {
        if (peek() != ',') {
            wrong(level.object ? "',' or '}' is due" : "',' or ']' is due");
            return std::nullopt;
        }
        at_++;
        skip_space();
    }
    if (level.object && level.want != Want::Value) return key();
    level.want = Want::CommaOrEnd;
    return value();
}

std::optional<JsonReader::Token> JsonReader::key() {
    if (peek() != '"') {
        wrong("a name in quotes is due");
        return std::nullopt;
    }
    if (!string()) return std::nullopt;
    skip_space();
    if (peek() != ':') {
        wrong("':' is due");
        return std::nullopt;
    }
    at_++;
    open_.back().want = Want::Value;
    return Token::Key;
}

std::optional<JsonReader::Token> JsonReader::value() {
    switch (peek()) {
        case '{':
            return open(true);
        case '[':
            return open(false);
        case '"':
            return string() ? std::optional(Token::String) : std::nullopt;
        case 't':
            return literal("true", Token::Bool);
        case 'f':
            return literal("false", Token::Bool);
        case 'n':
            return literal("null", Token::Null);
        default:
            return number() ? std::optional(Token::Number) : std::nullopt;
    }
}

std::optional<JsonReader::Token> JsonReader::open(bool object) {
    if (open_.size() >= limits_.depth_max) {
        wrong("nested too deep");
        return std::nullopt;
    }
    at_++;
    open_.push_back({object, object ? Want::KeyOrEnd : Want::ValueOrEnd});
    return object ? Token::Object : Token::Array;
}

JsonReader::Token JsonReader::close() {
    at_++;
    bool object = open_.back().object;
    open_.pop_back();
    return object ? Token::ObjectEnd : Token::ArrayEnd;
}

std::optional<JsonReader::Token> JsonReader::literal(std::string_view word, Token token) {
    if (text_.substr(at_, word.size()) != word) {
        wrong("no such word");
        return std::nullopt;
    }
    value_ = text_.substr(at_, word.size());
    in_place_ = true;
    at_ += word.size();
    return token;
}

bool JsonReader::number() {
    size_t start = at_;
    auto digits = [&] {
        size_t first = at_;
        while (peek() >= '0' && peek() <= '9') at_++;
        return at_ - first;
    };
    if (peek() == '-') at_++;
    bool zero = peek() == '0';
    size_t whole = digits();
    if (whole == 0) return wrong("a value is due");
    if (zero && whole > 1) return wrong("a number starts with 0");
    if (peek() == '.') {
        at_++;
        if (digits() == 0) return wrong("digits are due after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
        at_++;
        if (peek() == '+' || peek() == '-') at_++;
        if (digits() == 0) return wrong("digits are due in the exponent");
    }
    value_ = text_.substr(start, at_ - start);
    in_place_ = true;
    return true;
}

// From the opening quote to behind the closing one.
bool JsonReader::string() {
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
            if (!escape()) return false;
            start = at_;
            scratch_ += plain();
            if (scratch_.size() > limits_.escaped_bytes_max)
                return wrong("a string with escapes is too long");
        }
        value_ = scratch_;
    }
    if (at_ == text_.size()) return wrong("a string without its end");
    if (text_[at_] != '"') return wrong("a control character in a string");
    if (!valid_utf8(value_)) return wrong("a string is not UTF-8");
    at_++;
    return true;
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

bool JsonReader::escape() {
    static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    at_++;
    char c = peek();
    at_++;
    if (size_t which = names.find(c); c != '\0' && which != names.npos) {
        scratch_ += meanings[which];
        return true;
    }
    if (c != 'u') return wrong("no such escape");
    auto point = hex4();
    if (!point) return wrong("\\u needs four hexadecimal digits");
    bool high = *point >= 0xD800 && *point < 0xDC00;
    if (high && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        auto low = hex4();
        if (!low || *low < 0xDC00 || *low > 0xDFFF) return wrong("half of a surrogate pair");
        *point = 0x10000 + ((*point - 0xD800) << 10) + (*low - 0xDC00);
    } else if (*point >= 0xD800 && *point <= 0xDFFF) {
        return wrong("half of a surrogate pair");
    }
    append_utf8(scratch_, *point);
    return true;
}

Result<> JsonReader::expect(Token wanted, std::string_view what) {
    Token token = TRY(next());
    if (token != wanted)
        return Error{Code::BadInput, cat(what, " is missing or of the wrong kind, at byte ", at_)};
    return Done{};
}

Result<> JsonReader::skip() {
    size_t depth = 0;
    why_ = "a value is due";
    do {
        auto token = step();
        if (!token) return error();
        bool begins = *token == Token::Object || *token == Token::Array;
        bool ends = *token == Token::ObjectEnd || *token == Token::ArrayEnd;
        if (*token == Token::End || (ends && depth == 0)) return error();
        depth = depth + begins - ends;
    } while (depth > 0);
    return Done{};
}

std::optional<uint64_t> JsonReader::as_uint() const {
    return parse_integer<uint64_t>(value_);
}

}  // namespace linnet
