// imatrix, on a model made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

TEST(ImatrixCommand, WritesWhatQuantizeReads) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf", {.dtype = "f16"});
    std::string text;
    for (int i = 0; i < 40; i++) text += cat("Line ", i, " of a text.\n");
    folder.write("work/text.txt", text);
    Ran run = folder.run({"imatrix", "tiny.gguf", "--file", "text.txt", "--ctx", "64", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("imatrix", run);
    EXPECT_EQ(Json::parse(run.out).value_or(Json()).find("tensors")->as_uint(), 14u);
    run = folder.run(
        {"quantize", "tiny.gguf", "out.gguf", "--type", "Q4_K_M", "--imatrix", "imatrix.gguf"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.err.find("14 of 15 tensors are weighted"), std::string::npos) << run.err;
}

TEST(ImatrixCommand, SaysWhatIsWrong) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    folder.write("work/short.txt", "short");
    EXPECT_EQ(folder.run({"imatrix", "tiny.gguf"}).exit_code, 2);
    EXPECT_EQ(folder.run({"imatrix", "tiny.gguf", "--file", "short.txt"}).exit_code, 2);
    EXPECT_EQ(folder.run({"imatrix", "none.gguf", "--file", "short.txt"}).exit_code, 3);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/imatrix.gguf"));
}

}  // namespace
}  // namespace linnet::testing
