#include "base/json_reader.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"

namespace linnet {
namespace {

using Token = JsonReader::Token;

// The tokens of a text, written one after the other; the error where there is one.
std::string tokens(std::string_view text) {
    JsonReader reader(text, {.depth_max = 4, .escaped_bytes_max = 100});
    std::string out;
    for (;;) {
        auto token = reader.next();
        if (!token) return token.error().what;
        switch (*token) {
            case Token::Object:
                out += '{';
                break;
            case Token::ObjectEnd:
                out += '}';
                break;
            case Token::Array:
                out += '[';
                break;
            case Token::ArrayEnd:
                out += ']';
                break;
            case Token::Key:
                out += cat(reader.text(), ":");
                break;
            case Token::End:
                return out;
            default:
                out += cat(reader.text(), reader.text_in_place() ? " " : "! ");
        }
    }
}

TEST(JsonReader, ReadsTokenAfterToken) {
    EXPECT_EQ(tokens(R"( {"a": [1, -2.5e+3, "x"], "b": {"c": null, "d": true}, "e": {}} )"),
              "{a:[1 -2.5e+3 x ]b:{c:null d:true }e:{}}");
    EXPECT_EQ(tokens("7"), "7 ");
    EXPECT_EQ(tokens("\xEF\xBB\xBF[]"), "[]");  // a byte order mark
}

TEST(JsonReader, ResolvesEscapes) {
    EXPECT_EQ(tokens(R"("a\n\u00e9\ud83d\ude00b")"),
              "a\n\xC3\xA9\xF0\x9F\x98\x80"
              "b! ");
    EXPECT_EQ(tokens(R"("\u20ac\/")"), "\xE2\x82\xAC/! ");
}

TEST(JsonReader, RefusesWhatJsonRefuses) {
    for (const char* bad :
         {"",         "{",        "[1,]",       "[1 2]",       "nul",         "1 2",
          "\"\x01\"", "\"\xff\"", "NaN",        "01",          "1.",          "1e",
          "-",        "\"\\x\"",  "\"\\u12\"",  "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
          "{1:2}",    "{\"a\"}",  "{\"a\":1,}", "\"",          "\"\\",        "]",
          "[}",       "\"\\u"}) {
        EXPECT_NE(tokens(bad).find("not valid JSON at byte"), std::string::npos) << bad;
        EXPECT_FALSE(Json::parse(bad)) << bad;
    }
}

TEST(JsonReader, BoundsDepthAndEscapes) {
    EXPECT_EQ(tokens("[[[[]]]]"), "[[[[]]]]");
    EXPECT_EQ(tokens("[[[[[]]]]]"), "not valid JSON at byte 4 (nested too deep)");
    EXPECT_NE(
        tokens("\"\\n" + std::string(101, 'x') + "\"").find("a string with escapes is too long"),
        std::string::npos);
    EXPECT_EQ(tokens("\"" + std::string(101, 'x') + "\"").size(), 102u);
}

TEST(JsonReader, SkipsWholeValues) {
    JsonReader reader(R"({"a": [1, {"b": []}], "c": 3})");
    ASSERT_TRUE(reader.expect(Token::Object, "the object"));
    ASSERT_TRUE(reader.expect(Token::Key, "a name"));
    ASSERT_TRUE(reader.skip());
    ASSERT_TRUE(reader.expect(Token::Key, "a name"));
    EXPECT_EQ(reader.text(), "c");
    auto missing = reader.expect(Token::String, "the text of 'c'");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().what.find("the text of 'c' is missing"), std::string::npos);
    EXPECT_EQ(reader.as_uint(), 3u);
    EXPECT_FALSE(reader.skip());  // the end of an object is no value
}

}  // namespace
}  // namespace linnet
