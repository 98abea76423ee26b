#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

class Tokenize : public ::testing::Test {
  protected:
    void SetUp() override { write_tiny_model(folder.path() / "work/tiny.gguf"); }
    RunFolder folder;
};

TEST_F(Tokenize, WritesItsDocument) {
    Ran run = folder.run({"tokenize", "tiny.gguf", "hello", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("tokenize", run);
    Json result = Json::parse(run.out).value_or(Json());
    size_t count = result.find("count")->as_uint().value_or(0);
    EXPECT_GT(count, 0u);
    EXPECT_EQ(result.find("ids")->as_array()->size(), count);
    EXPECT_EQ(result.find("pieces")->as_array()->size(), count);
    expect_document("tokenize", folder.run({"tokenize", "tiny.gguf", "x", "--count", "--json"}));
    EXPECT_EQ(folder.run({"tokenize", "tiny.gguf", "hello", "--count"}).out,
              std::to_string(count) + "\n");
}

TEST_F(Tokenize, IdsLeadBackToTheText) {
    for (std::string text : {"hello", "two words\nand a line", "\xC3\xA9\xFF\x01", " "}) {
        Ran there =
            folder.run({"tokenize", "tiny.gguf", "-", "--no-special", "--json"}, {.input = text});
        ASSERT_EQ(there.exit_code, 0) << there.err;
        std::string ids = Json::parse(there.out)->find("ids")->dump();
        EXPECT_EQ(folder.run({"tokenize", "tiny.gguf", "--decode", ids}).out, text);
        Ran json = folder.run({"tokenize", "tiny.gguf", "--decode", ids, "--json"});
        expect_document("tokenize", json);
    }
}

TEST_F(Tokenize, SaysWhatIsWrong) {
    EXPECT_EQ(folder.run({"tokenize", "absent.gguf", "x"}).exit_code, 3);
    EXPECT_EQ(folder.run({"tokenize", "tiny.gguf", "x", "--count", "--decode"}).exit_code, 2);
    Ran run = folder.run({"tokenize", "tiny.gguf", "--decode", "1 99999999"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("'99999999' is no token id"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace linnet::testing
