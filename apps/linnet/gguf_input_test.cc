// Folders where a command wants GGUF.
#include <gtest/gtest.h>

#include "base/json.h"
#include "formats/checkpoint.h"
#include "linnet/testing/process.h"
#include "linnet/testing/tiny_folder.h"

namespace linnet::testing {
namespace {

TEST(GgufInput, AFolderIsQuantizedAndRuns) {
    RunFolder folder;
    write_tiny_folder(folder, "hf");
    Ran run = folder.run({"quantize", "hf", "small.gguf", "--type", "Q8_0", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("quantize", run);
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "work")) {
        (void)entry;
        files++;
    }
    EXPECT_EQ(files, 2u) << "the folder and the file, nothing in between";
    auto complete = [&](const std::string& model) {
        Ran ran = folder.run({"complete", model, "the", "-n", "8", "--temp", "0", "--math", "f32"});
        EXPECT_EQ(ran.exit_code, 0) << ran.err;
        return ran.out;
    };
    Ran whole = folder.run({"quantize", "hf", "whole.gguf", "--type", "BF16"});
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    EXPECT_EQ(complete("whole.gguf"), complete("hf"));
    complete("small.gguf");
}

TEST(GgufInput, SaysWhatCannotBeBroughtOver) {
    RunFolder folder;
    write_tiny_folder(folder, "hf");
    std::filesystem::remove(folder.path() / "work/hf/tokenizer.json");
    Ran run = folder.run({"quantize", "hf", "small.gguf"});
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_NE(run.err.find("tokenizer.json"), std::string::npos) << run.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/small.gguf"));
}

}  // namespace
}  // namespace linnet::testing
