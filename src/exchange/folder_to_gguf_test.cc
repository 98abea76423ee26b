// Folders that transformers wrote, brought into GGUF, against the files that GGUF's own package
// made of them (tests/golden/make_families.py).
#include "exchange/folder_to_gguf.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/testing/temporary.h"
#include "base/text.h"
#include "exchange/testing/golden_logits.h"

namespace linnet {
namespace {

using namespace linnet::testing;

constexpr const char* cases[] = {"llama",      "llama3", "mistral",       "mixtral", "qwen2",
                                 "qwen2-yarn", "qwen3",  "qwen3moe",      "smollm3", "gemma2",
                                 "gemma3",     "phi3",   "phi4-longrope", "granite", "olmo2",
                                 "olmo3",      "gpt2"};

class ImportedFolder : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        ImportPlan plan =
            must(plan_import(must(Checkpoint::open(family_folder(GetParam()))), WithTokenizer::No));
        NoProgress progress;
        must(write_import(plan, folder.path() / "made.gguf", progress, Cancel{}));
        made = std::make_unique<Checkpoint>(must(Checkpoint::open(folder.path() / "made.gguf")));
        wanted = std::make_unique<Checkpoint>(
            must(Checkpoint::open(family_folder(GetParam()) / "model.gguf")));
    }
    static Row decoded(const Tensor& tensor) {
        Row out(tensor.values);
        tensor.dtype->decode(tensor.data.data(), out.data(), out.size());
        return out;
    }
    TemporaryFolder folder;
    std::unique_ptr<Checkpoint> made, wanted;
};

TEST_P(ImportedFolder, HasTheTensorsOfTheFile) {
    for (const Tensor& tensor : wanted->tensors()) {
        // Which a tied model's file may repeat.
        if (tensor.name == "output.weight" && !made->find(tensor.name)) {
            EXPECT_EQ(decoded(tensor), decoded(*made->find("token_embd.weight")));
            continue;
        }
        const Tensor* found = made->find(tensor.name);
        ASSERT_TRUE(found) << tensor.name;
        EXPECT_EQ(found->shape, tensor.shape) << tensor.name;
        if (std::string_view(tensor.name).starts_with("rope_")) {  // computed, not copied
            EXPECT_LT(distance(decoded(*found), decoded(tensor)), 1e-6) << tensor.name;
            continue;
        }
        EXPECT_EQ(decoded(*found), decoded(tensor)) << tensor.name;
        if (tensor.shape.rank() == 1) {
            EXPECT_EQ(found->dtype->name, "f32") << tensor.name;
        }
    }
    EXPECT_LE(made->tensors().size(), wanted->tensors().size());
}

TEST_P(ImportedFolder, HasTheSettingsOfTheFile) {
    for (const Metadata::Entry& entry : wanted->metadata().entries()) {
        if (entry.key.starts_with("general.")) continue;
        // Without longrope it says nothing, and the package takes another number for it.
        if (entry.key == "phi3.rope.scaling.original_context_length" &&
            !made->find("rope_factors_long.weight"))
            continue;
        const Value* found = made->metadata().find(entry.key);
        ASSERT_TRUE(found) << entry.key;
        if (auto number = entry.value.as_double()) {
            ASSERT_TRUE(found->as_double()) << entry.key;
            EXPECT_NEAR(*found->as_double(), *number, 1e-6 * std::abs(*number)) << entry.key;
            EXPECT_EQ(found->type(), entry.value.type()) << entry.key;
        } else {
            EXPECT_EQ(found->as_string(), entry.value.as_string()) << entry.key;
            if (auto flags = entry.value.as_array()) {
                ASSERT_TRUE(found->as_array()) << entry.key;
                EXPECT_EQ(found->as_array()->to<bool>(), flags->to<bool>()) << entry.key;
            }
        }
    }
}

TEST_P(ImportedFolder, PredictsWhatTheFolderDoes) {
    expect_golden_logits(*made, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Tiny, ImportedFolder, ::testing::ValuesIn(cases),
                         [](const auto& named) { return replace_all(named.param, "-", "_"); });

TEST(ImportedFolders, AreRefusedWhereGgufCannotSayThem) {
    expect_refused(plan_import(must(Checkpoint::open(family_folder("lfm2")))), Code::Unsupported,
                   "'lfm2' are not brought");
    expect_refused(plan_import(must(Checkpoint::open(family_folder("llama")))), Code::NotFound,
                   "tokenizer.json");
    expect_refused(plan_import(must(Checkpoint::open(family_folder("llama") / "model.gguf"))),
                   Code::Usage, "already");
}

// A copy of a family's folder with another config.json.
Checkpoint with_setting(const Path& to, std::string_view family, std::string_view from,
                        std::string_view with) {
    for (const char* name : {"config.json", "model.safetensors"})
        std::filesystem::copy_file(family_folder(family) / name, to / name,
                                   std::filesystem::copy_options::overwrite_existing);
    std::string config = must(read_file(to / "config.json", 1 << 20));
    std::string changed = replace_all(config, from, with);
    EXPECT_NE(changed, config);
    must(write_file_atomic(to / "config.json", changed));
    return must(Checkpoint::open(to));
}

TEST(ImportedFolders, SettingsThatAFileCannotHaveAreNamed) {
    TemporaryFolder folder;
    auto refused = [&](std::string_view family, std::string_view from, std::string_view with,
                       Code code, std::string_view part) {
        expect_refused(
            plan_import(with_setting(folder.path(), family, from, with), WithTokenizer::No), code,
            part, with);
    };
    refused("llama", "\"silu\"", "\"relu\"", Code::Unsupported, "activation");
    refused("llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", Code::BadInput,
            "layer 2");
    refused("llama", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", Code::Unsupported,
            "no place");
    refused("llama", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", Code::BadInput,
            "rows for 5 heads");
    refused("llama", "\"default\"", "\"spiral\"", Code::Unsupported, "spiral");
}

}  // namespace
}  // namespace linnet
