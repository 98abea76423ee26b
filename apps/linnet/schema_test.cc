#include "linnet/testing/schema.h"

#include <gtest/gtest.h>

namespace linnet::testing {
namespace {

std::vector<std::string> errors(std::string_view schema, std::string_view document) {
    return schema_errors(*Json::parse(schema), *Json::parse(document));
}

constexpr std::string_view models = R"({
  "$defs": {"model": {"type": "object", "required": ["name"], "additionalProperties": false,
    "properties": {"name": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                   "bytes": {"type": ["integer", "null"], "minimum": 0},
                   "kind": {"enum": ["gguf", "safetensors"]}}}},
  "type": "object", "required": ["models"],
  "properties": {"models": {"type": "array", "items": {"$ref": "#/$defs/model"}}}})";

TEST(Schema, AcceptsWhatFits) {
    EXPECT_EQ(errors(models, R"({"models":[]})"), std::vector<std::string>{});
    EXPECT_EQ(errors(models, R"({"models":[{"name":"a-1","bytes":null,"kind":"gguf"}]})"),
              std::vector<std::string>{});
    EXPECT_EQ(errors(R"({"anyOf":[{"type":"string"},{"const":4}]})", "4"),
              std::vector<std::string>{});
}

TEST(Schema, NamesWhatDoesNot) {
    EXPECT_EQ(errors(models, "{}"), std::vector<std::string>{"the document lacks models"});
    EXPECT_EQ(errors(models, R"({"models":[{}]})"),
              std::vector<std::string>{".models[0] lacks name"});
    EXPECT_EQ(errors(models, R"({"models":[{"name":"A"}]})").size(), 1u);
    EXPECT_EQ(errors(models, R"({"models":[{"name":"a","bytes":-1}]})").size(), 1u);
    EXPECT_EQ(errors(models, R"({"models":[{"name":"a","bytes":1.5}]})").size(), 1u);
    EXPECT_EQ(errors(models, R"({"models":[{"name":"a","kind":"x"}]})").size(), 1u);
    EXPECT_EQ(errors(models, R"({"models":[{"name":"a","more":1}]})"),
              std::vector<std::string>{".models[0].more is not allowed"});
    EXPECT_EQ(errors(R"({"anyOf":[{"type":"string"},{"const":4}]})", "5").size(), 1u);
}

TEST(Schema, RefusesWhatItCannotJudge) {
    EXPECT_EQ(errors(R"({"minItems": 1})", "[]").size(), 1u);
    EXPECT_EQ(errors(R"({"$ref": "#/$defs/absent"})", "1").size(), 1u);
}

TEST(Schema, LetsEveryDocumentEndInAnError) {
    EXPECT_EQ(errors(models, R"({"error":{"code":"io","message":"m","next":""}})"),
              std::vector<std::string>{});
    EXPECT_EQ(errors(models, R"({"error":{"code":"io"}})").size(), 2u);
    EXPECT_EQ(
        errors(models, R"({"models":3,"error":{"code":"io","message":"m","next":""}})").size(), 1u);
}

}  // namespace
}  // namespace linnet::testing
