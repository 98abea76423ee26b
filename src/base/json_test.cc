#include "base/json.h"

#include <gtest/gtest.h>

namespace linnet {
namespace {

Json parsed(std::string_view text) {
    auto json = Json::parse(text);
    EXPECT_TRUE(json) << text;
    return json ? *std::move(json) : Json();
}

TEST(Json, KeepsWhatItReads) {
    std::string text =
        R"({"a": [1, -2, 18446744073709551615, 0.5, "x\n\u00e9"], "b": {"c": null, "d": true}})";
    EXPECT_EQ(parsed(text).dump(),
              R"({"a": [1, -2, 18446744073709551615, 0.5, "x\né"], "b": {"c": null, "d": true}})");
}

TEST(Json, RefusesWhatIsNotJson) {
    for (const char* bad : {"", "{", "[1,]", "nul", "1 2", "{\"a\":1,\"a\":2}", "\"\x01\"", "1e999",
                            "\"\xff\"", "NaN"}) {
        auto json = Json::parse(bad);
        ASSERT_FALSE(json) << bad;
        EXPECT_EQ(json.error().code, Code::BadInput);
    }
}

TEST(Json, SeesWhatFollowsANul) {
    using namespace std::string_view_literals;
    for (auto bad : {"2\0"sv, "2\0]"sv, "[\0]"sv, "\"\0\""sv}) EXPECT_FALSE(Json::parse(bad));
}

TEST(Json, BoundsDepthAndCount) {
    EXPECT_FALSE(Json::parse(std::string(65, '[') + std::string(65, ']')));
    EXPECT_TRUE(Json::parse(std::string(64, '[') + std::string(64, ']')));
    EXPECT_FALSE(Json::parse("[1,2,3]", {.depth_max = 8, .values_max = 3}));
}

TEST(Json, ConvertsOnlyWithoutLoss) {
    EXPECT_EQ(parsed("3.0").as_int(), 3);
    EXPECT_EQ(parsed("3.5").as_int(), std::nullopt);
    EXPECT_EQ(parsed("-1").as_uint(), std::nullopt);
    EXPECT_EQ(parsed("18446744073709551615").as_int(), std::nullopt);
    EXPECT_EQ(parsed("\"3\"").as_int(), std::nullopt);
}

TEST(Json, WritesOnlyUtf8) {
    std::string broken = "a\xff\xc3(b\xe2\x82\xac";
    EXPECT_EQ(parsed(Json(broken).dump()), Json("a\xEF\xBF\xBD\xEF\xBF\xBD(b\xe2\x82\xac"));
}

}  // namespace
}  // namespace linnet
