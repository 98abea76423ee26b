// export, on models made for the test.
#include <gtest/gtest.h>

#include "base/json.h"
#include "linnet/testing/process.h"
#include "linnet/testing/tiny_folder.h"
#include "model/testing/tiny_model.h"

namespace linnet::testing {
namespace {

std::string answer(const RunFolder& folder, const std::string& model) {
    Ran run =
        folder.run({"complete", model, "the other", "-n", "12", "--temp", "0", "--math", "f32"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.out;
}

TEST(ExportCommand, AFolderThatRunsAsTheFileDoes) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    Ran run = folder.run({"export", "tiny.gguf", "hf", "--type", "f32", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("export", run);
    EXPECT_EQ(answer(folder, "hf"), answer(folder, "tiny.gguf"));
    // And back again.
    run = folder.run({"export", "hf", "back.gguf", "--format", "gguf", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("export", run);
    EXPECT_EQ(answer(folder, "back.gguf"), answer(folder, "tiny.gguf"));
    run = folder.run({"show", "hf"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(ExportCommand, AnOnnxModelWithItsTokenizer) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    Ran run = folder.run({"export", "tiny.gguf", "onnx", "--format", "onnx", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    expect_document("export", run);
    for (const char* name : {"model.onnx", "model.onnx.data", "tokenizer.json", "config.json"})
        EXPECT_TRUE(std::filesystem::exists(folder.path() / "work/onnx" / name)) << name;
    auto bytes = [&](const std::string& type) {
        Ran made =
            folder.run({"export", "tiny.gguf", type, "--format", "onnx", "--type", type, "--json"});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        expect_document("export", made);
        const auto size =
            std::filesystem::file_size(folder.path() / "work" / type / "model.onnx.data");
        EXPECT_EQ(Json::parse(made.out).value_or(Json()).find("bytes")->as_uint(), size);
        return size;
    };
    const auto q8 = bytes("q8");
    EXPECT_LT(bytes("q4"), q8);
    EXPECT_LT(q8, bytes("f32"));
}

TEST(ExportCommand, SaysWhatIsWrong) {
    RunFolder folder;
    write_tiny_model(folder.path() / "work/tiny.gguf");
    write_tiny_folder(folder, "hf");
    auto ran = [&](std::vector<std::string> more) {
        more.insert(more.begin(), "export");
        return folder.run(more).exit_code;
    };
    EXPECT_EQ(ran({"tiny.gguf", "hf"}), 2);                             // is there
    EXPECT_EQ(ran({"tiny.gguf", "tiny.gguf", "--format", "gguf"}), 2);  // itself
    EXPECT_EQ(ran({"tiny.gguf", "x.gguf", "--format", "gguf"}), 2);     // is one already
    EXPECT_EQ(ran({"hf", "x", "--format", "hf"}), 2);                   // is one already
    EXPECT_EQ(ran({"hf", "x.gguf", "--format", "gguf", "--type", "f16"}), 2);
    EXPECT_EQ(ran({"tiny.gguf", "x", "--format", "hf", "--type", "q8"}), 2);
    EXPECT_EQ(ran({"tiny.gguf", "x", "--format", "onnx", "--type", "bf16"}), 2);
    EXPECT_EQ(ran({"none.gguf", "x"}), 3);
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/x"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "work/x.gguf"));
}

}  // namespace
}  // namespace linnet::testing
