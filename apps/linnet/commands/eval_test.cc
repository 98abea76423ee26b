// eval, on a model made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

TEST(EvalCommand, MeasuresPerplexity) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    std::string text;
    for (int i = 0; i < 40; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    std::vector<std::string> words = {"eval",  "tiny.gguf", "--file", "text.txt",
                                      "--ctx", "64",        "--json", "--chunks"};
    auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), words.begin(), words.end());
        Ran run = folder.run(more);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("eval", run);
        return Json::parse(run.out).value_or(Json());
    };
    Json two = with({"2"}), all = with({"0"});
    EXPECT_EQ(two.find("chunks")->as_uint(), 2u);
    EXPECT_EQ(two.find("tokens")->as_uint(), 2 * 31u);
    EXPECT_EQ(all.find("chunks")->as_uint(), text.size() / 64);  // its tokens are bytes
    // Random weights know nothing: about as surprised as by a die of 260 sides.
    double value = *two.find("perplexity")->as_double();
    EXPECT_GT(value, 100);
    EXPECT_LT(value, 5000);
    EXPECT_NEAR(*with({"2", "--math", "f32"}).find("perplexity")->as_double(), value, 0.02 * value);
    EXPECT_EQ(with({"2", "--threads", "1"}).find("perplexity")->dump(),
              with({"2", "--threads", "3"}).find("perplexity")->dump());
}

TEST(EvalCommand, MeasuresDivergence) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/fine.gguf", {.dtype = "f32"});
    write_tiny_model(folder.path() / "work/coarse.gguf", {.dtype = "q4_0"});
    std::string text;
    for (int i = 0; i < 40; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    auto divergence = [&](const std::string& model) {
        Ran run = folder.run({"eval", model, "--task", "kl", "--reference", "fine.gguf", "--file",
                              "text.txt", "--ctx", "64", "--json"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        expect_document("eval", run);
        return *Json::parse(run.out).value_or(Json()).find("divergence")->as_double();
    };
    EXPECT_LT(divergence("fine.gguf"), 1e-6);
    EXPECT_GT(divergence("coarse.gguf"), 1e-3);
    EXPECT_EQ(folder.run({"eval", "fine.gguf", "--task", "kl", "--file", "text.txt"}).exit_code, 2);
    EXPECT_EQ(folder.run({"eval", "fine.gguf", "--reference", "fine.gguf", "--file", "text.txt"})
                  .exit_code,
              2);
}

TEST(EvalCommand, SaysWhatIsWrong) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    folder.write("work/short.txt", "short");
    Ran run = folder.run({"eval", "tiny.gguf", "--file", "short.txt", "--ctx", "64"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("the text has 5 tokens, and a chunk takes 64"), std::string::npos)
        << run.err;
    EXPECT_EQ(folder.run({"eval", "tiny.gguf", "--file", "none.txt"}).exit_code, 3);
    EXPECT_EQ(folder.run({"eval", "tiny.gguf"}).exit_code, 2);
    run = folder.run({"eval", "tiny.gguf", "--file", "short.txt", "--ctx", "100000"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("is not within 2 and the 512"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace linnet::testing
