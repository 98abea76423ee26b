// prune, on models made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

std::string some_text() {
    std::string text;
    for (int i = 0; i < 100; i++) text += cat("Line ", i, " of the text.\n");
    return text;
}

TEST(PruneCommand, WritesAModelThatRunsAndTellsWhatItLost) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    folder.write("work/text.txt", some_text());
    Ran run = folder.run({"prune", "tiny.gguf", "small.gguf", "--vocab", "258", "--corpus",
                          "text.txt", "--ctx", "64", "--math", "f32", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("prune", run);
    Json document = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(document.find("bytes")->as_uint(),
              std::filesystem::file_size(folder.path() / "work/small.gguf"));
    EXPECT_LT(*document.find("bytes")->as_uint(), *document.find("bytes_before")->as_uint());
    EXPECT_EQ(document.find("vocabulary")->as_uint(), 258u);
    // "th" has become two tokens.
    EXPECT_GT(*document.find("tokens_per_word")->as_double(),
              *document.find("tokens_per_word_before")->as_double());
    EXPECT_LT(*document.find("alike")->as_double(), 1);
    run = folder.run({"complete", "small.gguf", "the", "-n", "4", "--math", "f32"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    // The same figure by eval, which finds out by itself that the vocabularies differ.
    run = folder.run({"eval", "small.gguf", "--task", "kl", "--reference", "tiny.gguf", "--file",
                      "text.txt", "--ctx", "64", "--chunks", "8", "--math", "f32", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("eval", run);
    Json evaluated = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(evaluated.find("divergence")->as_double(), document.find("divergence")->as_double());
    EXPECT_EQ(evaluated.find("alike")->as_double(), document.find("alike")->as_double());
}

TEST(PruneCommand, TextWithoutWhatIsLeftOutIsForetoldAlike) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    folder.write("work/text.txt", replace_all(some_text(), "the", "a"));
    Ran run = folder.run({"prune", "tiny.gguf", "small.gguf", "--vocab", "258", "--corpus",
                          "text.txt", "--ctx", "64", "--math", "f32", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    Json document = Json::parse(run.out).value_or(Json());
    EXPECT_DOUBLE_EQ(*document.find("alike")->as_double(), 1);
    EXPECT_LT(*document.find("divergence")->as_double(), 1e-6);
}

TEST(PruneCommand, DropsLayersAndTellsWhatThatCost) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.layers = 5, .dtype = "f16"});
    folder.write("work/text.txt", replace_all(some_text(), "the", "a") + some_text() + some_text());
    Ran run = folder.run({"prune", "tiny.gguf", "small.gguf", "--layers", "2", "--calibration",
                          "text.txt", "--file", "text.txt", "--ctx", "64", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("prune", run);
    Json document = Json::parse(run.out).value_or(Json());
    const Json& layers = *document.find("layers");
    EXPECT_EQ(layers.find("after")->as_uint(), 3u);
    EXPECT_EQ(layers.find("dropped")->as_array()->size(), 2u);
    EXPECT_EQ(layers.find("divergence_without_each")->as_array()->size(), 5u);
    EXPECT_GT(*document.find("divergence")->as_double(), 0);
    EXPECT_NE(document.find("bits_per_byte")->as_double(),
              document.find("bits_per_byte_before")->as_double());
    EXPECT_LT(*document.find("weights")->as_uint(), *document.find("weights_before")->as_uint());
    // By name the same file comes out; with fewer tokens as well another.
    std::string kept;
    for (uint64_t layer = 0; layer < 5; layer++) {
        bool gone = false;
        for (const Json& each : *layers.find("dropped")->as_array())
            gone |= each.find("layer")->as_uint() == layer;
        if (!gone) kept += cat(kept.empty() ? "" : ",", layer);
    }
    run = folder.run({"prune", "tiny.gguf", "again.gguf", "--keep-layers", kept, "--no-measure"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(read_file(folder.path() / "work/again.gguf", 1 << 24).value_or("a"),
              read_file(folder.path() / "work/small.gguf", 1 << 24).value_or("b"));
    run = folder.run({"prune", "tiny.gguf", "both.gguf", "--keep-layers", kept, "--vocab", "258",
                      "--corpus", "text.txt", "--ctx", "64", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("prune", run);
    run = folder.run({"quantize", "both.gguf", "q8.gguf", "--type", "Q8_0"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    run = folder.run({"complete", "q8.gguf", "a", "-n", "4"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "work"))
        EXPECT_FALSE(entry.path().filename().string().starts_with(".linnet")) << entry.path();
}

TEST(PruneCommand, SeveralStepsFollowEachOther) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf",
                     {.layers = 3, .hidden = 128, .dtype = "f16"});
    folder.write("work/text.txt", some_text() + some_text() + some_text());
    Ran run = folder.run({"prune", "tiny.gguf", "small.gguf", "--layers", "1", "--heads", "1",
                          "--channels", "25%", "--sparsity", "2:4", "--calibration", "text.txt",
                          "--file", "text.txt", "--ctx", "64", "--speed", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("prune", run);
    Json document = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(document.find("heads")->find("after")->as_uint(), 1u);
    EXPECT_EQ(document.find("channels")->find("after")->as_uint(), 96u);
    EXPECT_EQ(document.find("channels")->find("layers")->as_array()->size(), 2u);
    const Json& masks = *document.find("masks");
    EXPECT_EQ(*masks.find("zeros")->as_uint() * 2, *masks.find("weights")->as_uint());
    EXPECT_LT(*masks.find("deflated_bytes")->as_uint(),
              *masks.find("deflated_bytes_before")->as_uint());
    EXPECT_GT(*document.find("tokens_per_second")->as_double(), 0);
    run = folder.run({"quantize", "small.gguf", "q4.gguf", "--type", "Q4_0"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    run = folder.run({"complete", "q4.gguf", "a", "-n", "4"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    for (const char* method : {"wanda", "magnitude"}) {
        run = folder.run({"prune", "tiny.gguf", "sparse.gguf", "--sparsity", "50%", "--method",
                          method, "--calibration", "text.txt", "--no-measure", "--json"});
        ASSERT_EQ(run.exit_code, 0) << run.err;
        expect_document("prune", run);
    }
}

TEST(PruneCommand, SaysWhatIsWrong) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    folder.write("work/text.txt", some_text());
    auto ran = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"prune", "tiny.gguf"});
        return folder.run(more);
    };
    EXPECT_EQ(ran({"x.gguf"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--layers", "1"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--layers", "2", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--layers", "1", "--keep-layers", "0"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--keep-layers", "0-7"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--heads", "two", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--heads", "2", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--channels", "100%", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--channels", "1%", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--sparsity", "2:3", "--calibration", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--sparsity", "50%"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--sparsity", "50%", "--method", "best"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--keep-layers", "one"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--vocab", "258"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--vocab", "20", "--corpus", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--vocab", "1k", "--corpus", "text.txt"}).exit_code, 2);
    EXPECT_EQ(ran({"x.gguf", "--vocab", "258", "--corpus", "none.txt"}).exit_code, 3);
    EXPECT_EQ(ran({"tiny.gguf", "--vocab", "258", "--corpus", "text.txt"}).exit_code, 2);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/x.gguf"));
}

}  // namespace
}  // namespace linnet::testing
