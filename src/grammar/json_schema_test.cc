#include "grammar/json_schema.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "grammar/testing/matching.h"

namespace linnet {
namespace {

using testing::matches;

std::shared_ptr<const TokenGrammar> schema(std::string_view text) {
    static const Unicode unicode;
    Draft draft;
    RuleId root = testing::must(draft_json_schema(draft, text, unicode));
    return testing::with(testing::byte_trie(), draft, root);
}

void expect_values(std::string_view text, std::vector<std::string> fit,
                   std::vector<std::string> not_fit) {
    SCOPED_TRACE(std::string(text));
    auto grammar = schema(text);
    for (const std::string& value : fit) EXPECT_TRUE(matches(grammar, value)) << value;
    for (const std::string& value : not_fit) EXPECT_FALSE(matches(grammar, value)) << value;
}

TEST(JsonSchema, Types) {
    expect_values("{\"type\":\"null\"}", {"null"}, {"0", "nul", ""});
    expect_values("{\"type\":\"boolean\"}", {"true", "false"}, {"null"});
    expect_values("{\"type\":\"integer\"}", {"0", "-12", "123456789012345"},
                  {"01", "-0", "1.0", "1e3", "1234567890123456"});
    expect_values("{\"type\":\"number\"}", {"0", "-0.5", "1.25e-3", "7E+2"},
                  {"01", ".5", "1.", "+1", "NaN", "1e400"});
    expect_values("{\"type\":[\"integer\",\"null\"]}", {"1", "null"}, {"\"1\""});
    expect_values("{}", {"1", "[]", "{}", "{\"a\": [1, {\"b\": null}]}", "\"x\"", "true"},
                  {"{\"a\":1}", "[1,2]", "{a: 1}", "[1, ]"});
    expect_values("true", {"1"}, {"x"});
}

TEST(JsonSchema, Strings) {
    expect_values("{\"type\":\"string\"}",
                  {"\"\"", "\"\u00e9\U0001F600\"", "\"\\n\\u00e9\\ud83d\\uDE00\\/\""},
                  {"\"\n\"", "\"\\ud83d\"", "\"\\q\"", "\"\xFF\"", "\"\"\"", "\"\xED\xA0\x80\""});
    expect_values("{\"minLength\":2,\"maxLength\":3}",
                  {"\"ab\"", "\"\u00e9\U0001F600c\"", "\"\\ud83d\\uDE00\\n\""},
                  {"\"a\"", "\"abcd\"", "\"\\ud83d\\uDE00\""});
    expect_values("{\"type\":\"string\",\"pattern\":\"^[a-c]+\\\"$\"}", {"\"abc\\\"\""},
                  {"\"abc\"", "\"x\\\"\""});
    expect_values("{\"type\":\"string\",\"pattern\":\"b+\"}", {"\"b\"", "\"abbc\\n\""}, {"\"ac\""});
    expect_values("{\"pattern\":\"^[a-z]*$\",\"minLength\":2,\"maxLength\":4}",
                  {"\"ab\"", "\"abcd\""}, {"\"a\"", "\"abcde\"", "\"AB\""});
    expect_values("{\"allOf\":[{\"pattern\":\"a\"},{\"pattern\":\"b\"},{\"maxLength\":3}]}",
                  {"\"ab\"", "\"bxa\""}, {"\"a\"", "\"abxx\""});
}

TEST(JsonSchema, Formats) {
    expect_values("{\"format\":\"date\"}", {"\"2024-02-29\"", "\"2000-02-29\"", "\"1999-12-31\""},
                  {"\"2023-02-29\"", "\"1900-02-29\"", "\"0000-01-01\"", "\"2024-04-31\""});
    expect_values("{\"format\":\"date-time\"}",
                  {"\"2024-02-29T23:59:59Z\"", "\"2024-01-01T00:00:00.5+01:30\""},
                  {"\"2024-01-01 00:00:00Z\"", "\"2024-01-01T24:00:00Z\""});
    expect_values("{\"format\":\"ipv4\"}", {"\"0.0.0.0\"", "\"255.249.10.9\""},
                  {"\"256.1.1.1\"", "\"01.1.1.1\"", "\"1.1.1\""});
    expect_values("{\"format\":\"uuid\"}", {"\"123e4567-e89b-12d3-a456-426614174000\""},
                  {"\"123e4567e89b12d3a456426614174000\""});
    expect_values("{\"format\":\"email\"}", {"\"a.b@example.org\""}, {"\"a@b\"", "\".a@b.org\""});
}

TEST(JsonSchema, Numbers) {
    expect_values("{\"type\":\"integer\",\"minimum\":-17,\"exclusiveMaximum\":230}",
                  {"-17", "-1", "0", "9", "10", "99", "229"}, {"-18", "230", "-0", "2290"});
    expect_values("{\"type\":\"integer\",\"minimum\":15,\"multipleOf\":7}",
                  {"21", "700", "999999999999994"}, {"14", "22", "15"});
    expect_values("{\"type\":\"number\",\"minimum\":0.25,\"maximum\":1.5}",
                  {"0.25", "1", "1.5", "0.251", "1.50", "0.999"},
                  {"0.2499", "0", "1.501", "2", "-1", "1.", "0.2"});
    expect_values("{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}",
                  {"0.1", "0.999"}, {"0", "0.0", "1", "1.0", "-0.5"});
    expect_values("{\"type\":\"number\",\"exclusiveMinimum\":-1.5,\"maximum\":-0.5}",
                  {"-1.499", "-0.5", "-1"}, {"-1.5", "-0.4", "0", "-2"});
    expect_values("{\"type\":\"number\",\"minimum\":100}", {"100", "100.5", "12345.678"}, {"99.9"});
    expect_values(
        "{\"anyOf\":[{\"multipleOf\":4},{\"const\":7}],\"type\":\"integer\",\"minimum\":5,"
        "\"maximum\":12}",
        {"7", "8", "12"}, {"4", "6", "16"});
}

TEST(JsonSchema, EveryIntegerOfARange) {
    for (auto [least, most] : std::vector<std::pair<int, int>>{
             {0, 0}, {0, 9}, {7, 123}, {-5, 5}, {-123, -7}, {99, 101}, {-1000, 1000}}) {
        auto grammar =
            schema(cat("{\"type\":\"integer\",\"minimum\":", least, ",\"maximum\":", most, "}"));
        for (int value = -1100; value <= 1100; value++)
            EXPECT_EQ(matches(grammar, cat(value)), value >= least && value <= most)
                << value << " of " << least << " to " << most;
    }
}

TEST(JsonSchema, Arrays) {
    expect_values("{\"items\":{\"type\":\"boolean\"},\"minItems\":1,\"maxItems\":3}",
                  {"[true]", "[true, false, true]"},
                  {"[]", "[true, true, true, true]", "[null]", "[true,false]"});
    expect_values("{\"prefixItems\":[{\"const\":1},{\"const\":2}],\"items\":{\"const\":3}}",
                  {"[]", "[1]", "[1, 2]", "[1, 2, 3, 3]"}, {"[2]", "[1, 3]", "[1, 2, 2]"});
    expect_values("{\"prefixItems\":[{\"const\":1},{\"const\":2}],\"items\":false,\"minItems\":1}",
                  {"[1]", "[1, 2]"}, {"[]", "[1, 2, 3]"});
    expect_values("{\"type\":\"array\",\"maxItems\":0}", {"[]"}, {"[1]"});
    expect_values(
        "{\"prefixItems\":[{\"const\":1}],\"items\":{\"const\":3},\"minItems\":3,"
        "\"maxItems\":4}",
        {"[1, 3, 3]", "[1, 3, 3, 3]"}, {"[1, 3]", "[1, 3, 3, 3, 3]"});
}

TEST(JsonSchema, Objects) {
    expect_values(
        "{\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":2},\"c\":{\"const\":3}},"
        "\"required\":[\"b\"]}",
        {"{\"b\": 2}", "{\"a\": 1, \"b\": 2}", "{\"b\": 2, \"c\": 3}",
         "{\"a\": 1, \"b\": 2, \"c\": 3}"},
        {"{}", "{\"a\": 1}", "{\"b\": 2, \"a\": 1}", "{\"b\": 2, \"d\": 4}", "{\"b\": 2, }"});
    expect_values("{\"properties\":{\"a\":{\"const\":1}},\"additionalProperties\":{\"const\":2}}",
                  {"{}", "{\"a\": 1}", "{\"a\": 1, \"x\": 2, \"aa\": 2}", "{\"x\": 2}"},
                  {"{\"a\": 2}", "{\"x\": 1}", "{\"x\": 2, \"a\": 1}", "{\"\\u0061\": 2}"});
    expect_values(
        "{\"patternProperties\":{\"^n_\":{\"type\":\"integer\"},\"_s$\":{\"const\":\"s\"}},"
        "\"additionalProperties\":false}",
        {"{}", "{\"n_1\": 5}", "{\"x_s\": \"s\"}"}, {"{\"n_s\": 5}", "{\"x\": 5}"});
    expect_values(
        "{\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":1},\"c\":{\"const\":1}},"
        "\"minProperties\":1,\"maxProperties\":2}",
        {"{\"a\": 1}", "{\"a\": 1, \"c\": 1}"}, {"{}", "{\"a\": 1, \"b\": 1, \"c\": 1}"});
    expect_values(
        "{\"type\":\"object\",\"maxProperties\":2,\"minProperties\":1,"
        "\"additionalProperties\":{\"const\":0}}",
        {"{\"a\": 0}", "{\"a\": 0, \"b\": 0}"}, {"{}", "{\"a\": 0, \"b\": 0, \"c\": 0}"});
    expect_values("{\"type\":\"object\",\"required\":[\"z\"]}", {"{\"z\": [1]}"}, {"{}"});
}

TEST(JsonSchema, Combinations) {
    expect_values(
        "{\"allOf\":[{\"properties\":{\"a\":{\"minimum\":3}}},{\"properties\":{\"a\":"
        "{\"type\":\"integer\",\"maximum\":5}},\"required\":[\"a\"]}]}",
        {"{\"a\": 3}", "{\"a\": 5}"}, {"{\"a\": 2}", "{\"a\": 6}", "{}"});
    expect_values(
        "{\"type\":\"object\",\"properties\":{\"k\":{\"type\":\"string\"}},\"required\":"
        "[\"k\"],\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"}}},"
        "{\"properties\":{\"k\":{\"const\":\"b\"}}}]}",
        {"{\"k\": \"a\"}", "{\"k\": \"b\"}"}, {"{\"k\": \"c\"}"});
    expect_values("{\"enum\":[1,\"a\",[1,{\"x\":2}],null],\"type\":[\"integer\",\"array\"]}",
                  {"1", "[1, {\"x\": 2}]"}, {"\"a\"", "null"});
    expect_values("{\"enum\":[\"red\",\"green\",\"blue\"],\"pattern\":\"e\",\"maxLength\":4}",
                  {"\"red\"", "\"blue\""}, {"\"green\""});
    expect_values(
        "{\"$ref\":\"#/$defs/tree\",\"$defs\":{\"tree\":{\"type\":\"object\",\"properties\":"
        "{\"v\":{\"type\":\"integer\"},\"kids\":{\"items\":{\"$ref\":\"#/$defs/tree\"}}},"
        "\"required\":[\"v\",\"kids\"]}}}",
        {"{\"v\": 1, \"kids\": [{\"v\": 2, \"kids\": []}]}"}, {"{\"v\": 1}"});
    expect_values("{\"$defs\":{\"a/b\":{\"const\":1}},\"$ref\":\"#/$defs/a~1b\"}", {"1"}, {"2"});
}

TEST(JsonSchema, SaysWhatIsNotSupportedAndWhere) {
    auto refused = [](std::string_view text, std::string_view part) {
        Draft draft;
        auto root = draft_json_schema(draft, text, Unicode());
        if (root)
            testing::expect_refused(compile(draft, *root), Code::Usage, part, text);
        else
            testing::expect_refused(root, Code::Usage, part, text);
    };
    refused("{", "the JSON Schema is no JSON");
    refused("3", "a schema is an object, true or false");
    refused("{\"properties\":{\"a\":{\"not\":{}}}}",
            "at '/properties/a/not': the keyword 'not' is not supported");
    refused("{\"type\":\"array\",\"uniqueItems\":true}", "'/uniqueItems'");
    refused("{\"type\":\"text\"}", "'type' must name");
    refused("{\"minLength\":-1}", "must be a whole number");
    refused("{\"items\":[{}]}", "'items' must be a schema");
    refused("{\"pattern\":\"(?=a)\"}", "at '/pattern': look-around");
    refused("{\"format\":\"iri\"}", "the format 'iri'");
    refused("{\"multipleOf\":0.5}", "'multipleOf' must be a whole number");
    refused("{\"$ref\":\"#/$defs/x\"}", "names nothing in the document");
    refused("{\"$ref\":\"http://example.org/s.json\"}", "leads out of the document");
    refused("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}",
            "may fit branches 0 and 1 of this oneOf");
    refused("{\"type\":\"string\",\"const\":1}", "no text can fit");
    refused("{\"properties\":{\"a\":false},\"required\":[\"a\"]}", "no text can fit");
    refused(
        "{\"$ref\":\"#/$defs/l\",\"$defs\":{\"l\":{\"type\":\"object\",\"properties\":{\"n\":"
        "{\"$ref\":\"#/$defs/l\"}},\"required\":[\"n\"]}}}",
        "no text can fit");
    refused("{\"type\":\"object\",\"minProperties\":3}", "minProperties of 3 is more than");
    refused("{\"minimum\":1e20,\"type\":\"number\"}", "a bound is beyond");
}

}  // namespace
}  // namespace linnet
