// GGUF files made into folders: they predict what transformers computed for the model that the file
// was made of (tests/golden/make_families.py), and their tokenizers cut as the file's.
#include "exchange/gguf_to_folder.h"

#include <gtest/gtest.h>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "exchange/folder_tokenizer.h"
#include "exchange/testing/golden_logits.h"
#include "text/tokenizer.h"
#include "text/tokenizer_gguf.h"
#include "text/tokenizer_json.h"

namespace linnet {
namespace {

using namespace linnet::testing;

class ExportedFile : public ::testing::TestWithParam<const char*> {
  protected:
    Checkpoint exported(std::string_view dtype) {
        Checkpoint file = must(Checkpoint::open(family_folder(GetParam()) / "model.gguf"));
        ExportPlan plan = must(plan_export(file, *dtype_named(dtype), WithTokenizer::No));
        NoProgress progress;
        const Path path = folder.path() / dtype;
        must(write_export(plan, path, progress, Cancel{}));
        return must(Checkpoint::open(path));
    }
    TemporaryFolder folder;
};

TEST_P(ExportedFile, PredictsWhatTheModelDid) {
    expect_golden_logits(exported("f32"), GetParam());
}

TEST_P(ExportedFile, HasTheWeightsThatTheFileWasMadeOf) {
    Checkpoint made = exported("bf16"),
               original = must(Checkpoint::open(family_folder(GetParam())));
    for (const Tensor& tensor : made.tensors()) {
        const Tensor* before = original.find(tensor.name);
        ASSERT_TRUE(before) << tensor.name;
        EXPECT_EQ(tensor.shape, before->shape);
        if (tensor.shape.rank() > 1) {
            EXPECT_TRUE(std::ranges::equal(tensor.data, before->data)) << tensor.name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Tiny, ExportedFile,
                         ::testing::Values("llama", "llama3", "mistral", "qwen2", "qwen2-yarn",
                                           "qwen3", "smollm3", "gemma2", "gemma3", "phi3",
                                           "phi4-longrope", "granite", "olmo2"),
                         [](const auto& named) { return replace_all(named.param, "-", "_"); });

TEST(ExportedFiles, ThatAFolderCannotHoldAreRefused) {
    const DType& f16 = *dtype_named("f16");
    for (const char* name : {"gpt2", "mixtral", "olmo3", "lfm2"})
        expect_refused(plan_export(must(Checkpoint::open(family_folder(name) / "model.gguf")), f16,
                                   WithTokenizer::No),
                       Code::Unsupported, "", name);
    expect_refused(plan_export(must(Checkpoint::open(family_folder("llama"))), f16), Code::Usage,
                   "already");
    // A tokenizer is part of a folder.
    expect_refused(plan_export(must(Checkpoint::open(family_folder("llama") / "model.gguf")), f16),
                   Code::BadInput, "tokenizer");
}

class ExportedTokenizer : public ::testing::TestWithParam<const char*> {};

TEST_P(ExportedTokenizer, CutsAsBefore) {
    const Path folder = source_folder() / "tests/golden/tokenizers";
    Checkpoint file = must(Checkpoint::open(folder / cat(GetParam(), ".gguf")));
    TokenizerData data = must(read_gguf_tokenizer(file.metadata()));
    Json config = folder_tokenizer_config(data, file.metadata());
    Json generation = folder_generation_config(data);
    Json json = must(folder_tokenizer(data));
    json = must(Json::parse(json.dump()));
    Tokenizer before = must(Tokenizer::make(data));
    Tokenizer after = must(Tokenizer::make(must(read_json_tokenizer(json, config, generation))));
    EXPECT_EQ(after.adds_bos(), before.adds_bos());
    EXPECT_EQ(after.special().eos, before.special().eos);
    const Json texts = must(Json::parse(must(read_file(folder / "texts.json", 1 << 24))));
    for (const Json& text : *texts.find("texts")->as_array()) {
        const std::string& plain = *text.as_string();
        EXPECT_EQ(after.encode(plain), before.encode(plain)) << printable(plain, 200);
        auto ids = before.encode(plain);
        EXPECT_EQ(after.decode(ids), before.decode(ids));
    }
}

INSTANTIATE_TEST_SUITE_P(Golden, ExportedTokenizer,
                         ::testing::Values("tiktoken-gpt-2", "tiktoken-llama-bpe",
                                           "tiktoken-gpt-4o", "llama", "gemma"),
                         [](const auto& named) { return replace_all(named.param, "-", "_"); });

}  // namespace
}  // namespace linnet
