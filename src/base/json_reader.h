// JSON read piece by piece, without building a value: for headers of up to 100 MB of which only
// some fields are wanted. Memory stays small whatever the text holds. Accepts what
// Json::parse accepts, and leaves two things to the caller: names that occur twice, and numbers
// out of range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace linnet {

class JsonReader {
  public:
    enum class Token { Object, ObjectEnd, Array, ArrayEnd, Key, String, Number, Bool, Null, End };

    struct Limits {
        size_t depth_max = 64;
        size_t escaped_bytes_max = 16'000'000;  // of one string that has escapes
    };

    explicit JsonReader(std::string_view text) : JsonReader(text, Limits{}) {}
    JsonReader(std::string_view text, Limits limits)
        : text_(text),
          limits_(limits),
          at_(text.starts_with("\xEF\xBB\xBF") ? 3 : 0) {}  // a byte order mark

    // After End comes End again.
    Result<Token> next();
    // next(), which must be `wanted`. `what` names it in the error: "the shape of 'x'".
    Result<> expect(Token wanted, std::string_view what);
    // Moves past the value that comes next, whatever it is.
    Result<> skip();

    // Of the last Key or String, escapes resolved; of a Number, as it is written. Valid until the
    // next call, or as long as the text where text_in_place().
    std::string_view text() const { return value_; }
    bool text_in_place() const { return in_place_; }
    std::optional<uint64_t> as_uint() const;  // the last Number, if it is written as an integer
    bool as_bool() const { return value_ == "true"; }
    size_t offset() const { return at_; }

  private:
    enum class Want : uint8_t { Value, ValueOrEnd, KeyOrEnd, Key, CommaOrEnd };
    struct Level {
        bool object;
        Want want;
    };
    // The functions of the inner loop give false or no token where the text is wrong, and leave
    // the reason in why_: a Result per token would cost more than the token.
    std::optional<Token> step();
    bool wrong(std::string_view why) {
        why_ = why;
        return false;
    }
    Error error() const;
    std::optional<Token> value();
    std::optional<Token> key();
    std::optional<Token> open(bool object);
    Token close();
    bool string();
    bool number();
    bool escape();
    std::optional<uint32_t> hex4();
    std::optional<Token> literal(std::string_view word, Token token);
    void skip_space();
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    std::string_view text_;
    Limits limits_;
    size_t at_;
    bool started_ = false;
    std::vector<Level> open_;
    std::string_view value_;
    bool in_place_ = true;
    std::string_view why_;
    std::string scratch_;
};

}  // namespace linnet
