#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/data.h"
#include "linnet/testing/process.h"

namespace linnet::testing {
namespace {

std::string golden(std::string_view name) {
    return (source_folder() / "tests/golden/formats" / name).string();
}
std::string corpus(std::string_view name) {
    return (source_folder() / "tests/fuzz" / name).string();
}

void expect_says(const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" is not in\n" << text;
}

TEST(ShowCommand, TellsAboutAModel) {
    RunFolder folder;
    Ran run = folder.run({"show", corpus("gguf_fuzz/good-v3.gguf"), "--context", "10"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    for (const char* part :
         {"tiny", "llama, 1 layers, 32 wide, 1 heads", "GGUF version 3", "byte-level BPE, 8 tokens",
          "q4_0", "4.50", "Memory for a context of 10 tokens"})
        expect_says(run.out, part);
    EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
}

TEST(ShowCommand, WritesItsDocument) {
    RunFolder folder;
    Ran run = folder.run({"show", corpus("gguf_fuzz/good-v1.gguf"), "--json", "--tensors"});
    expect_document("show", run);
    Json json = Json::parse(run.out).value_or(Json());
    EXPECT_EQ(json.find("memory", "context")->as_uint(), 64u);
    EXPECT_EQ(json.find("memory", "kv_cache")->as_uint(), 64u * 32 * 2 * 2);
    EXPECT_EQ(json.find("fits")->as_bool(), true);
    EXPECT_EQ(json.find("tensor_list")->as_array()->at(0).string_or("name", ""),
              "token_embd.weight");

    run = folder.run({"show", corpus("safetensors_fuzz/good-two.safetensors"), "--json"});
    expect_document("show", run);
    EXPECT_TRUE(Json::parse(run.out)->find("memory")->is_null());
    expect_document("show",
                    folder.run({"show", corpus("gguf_fuzz/good-no-tensors.gguf"), "--json"}));
}

TEST(ShowCommand, OpensSplitModelsAndFolders) {
    RunFolder folder;
    Ran run = folder.run({"show", golden("split-00002-of-00002.gguf")});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    expect_says(run.out, "in 2 files");
    folder.write("m/config.json", R"({"model_type": "llama", "num_hidden_layers": 1,
        "hidden_size": 8, "num_attention_heads": 2, "max_position_embeddings": 100})");
    folder.write("m/tokenizer_config.json", R"({"chat_template": "{{ x }}\n\u001b[2J"})");
    folder.write("m/model.safetensors", folder.read(golden("model.safetensors")));
    folder.write("m/generation_config.json", R"({"temperature": 0.6, "top_k": 20})");
    run = folder.run({"show", (folder.path() / "m").string(), "--tensors"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    expect_says(run.out, "cube");
    expect_says(run.out, "temp 0.6, top_k 20, as its makers advise");
    expect_says(run.out, "2 x 3 x 5");
    run = folder.run({"show", (folder.path() / "m").string(), "--template"});
    EXPECT_EQ(run.out, "{{ x }}\n\x1b[2J");  // no terminal: as it is
    run = folder.run({"show", (folder.path() / "m").string(), "--template", "--json"});
    expect_document("show", run);
    EXPECT_EQ(Json::parse(run.out)->string_or("template", ""), "{{ x }}\n\x1b[2J");
}

TEST(ShowCommand, SaysWhatIsWrong) {
    RunFolder folder;
    Ran run = folder.run({"show", "no-such-model"});
    EXPECT_EQ(run.exit_code, 3);
    expect_says(run.err, "no-such-model");
    run = folder.run({"show", corpus("gguf_fuzz/bad-cut-in-data.gguf")});
    EXPECT_EQ(run.exit_code, 10);
    expect_says(run.err, "ends beyond the file");
    expect_says(run.err, "get it again");
    run = folder.run({"show", corpus("gguf_fuzz/good-block-count-huge.gguf"), "--json"});
    EXPECT_EQ(run.exit_code, 10);
    expect_document("show", run);
    EXPECT_EQ(folder.run({"show", golden("whole.gguf"), "--template"}).exit_code, 3);
    EXPECT_EQ(folder.run({"show", golden("whole.gguf"), "--context", "0"}).exit_code, 2);
    EXPECT_EQ(folder.run({"show"}).exit_code, 2);
}

}  // namespace
}  // namespace linnet::testing
