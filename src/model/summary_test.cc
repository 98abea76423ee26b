#include "model/summary.h"

#include <gtest/gtest.h>

#include "base/testing/data.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "formats/testing/gguf_bytes.h"
#include "formats/writer.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::GgufBytes;
using testing::must;

// A llama with four layers of two key-value heads of width 8.
MetadataBuilder llama() {
    MetadataBuilder out;
    out.set("general.architecture", "llama").set("general.name", "tiny");
    out.set("general.license", "apache-2.0");
    out.set("llama.block_count", 4u).set("llama.context_length", 128u);
    out.set("llama.embedding_length", 32u).set("llama.feed_forward_length", 64u);
    out.set("llama.attention.head_count", 4u).set("llama.attention.head_count_kv", 2u);
    std::vector<std::string> tokens{"a", "b", "c"};
    out.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "smollm");
    out.set_array("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    out.set("tokenizer.chat_template", "{{ messages }}");
    return out;
}

class Summary : public ::testing::Test {
  protected:
    Result<ModelSummary> of_gguf(const MetadataBuilder& metadata) {
        Path path = folder_.path() / "m.gguf";
        std::vector<TensorPlan> plan{{"token_embd.weight", dtype_named("q8_0"), {3, 32}}};
        for (int i = 0; i < 4; i++) plan.push_back({cat("t", i), dtype_named("f32"), {4}});
        auto writer = must(CheckpointWriter::create(path, metadata, plan));
        must(writer.append(as_bytes(std::string(3 * 34, 'x'))));
        for (int i = 0; i < 4; i++) must(writer.append(as_bytes(std::string(16, 'y'))));
        must(writer.finish());
        return summarize(must(Checkpoint::open(path)));
    }

    Result<ModelSummary> of_folder(std::string_view config) {
        put("config.json", config);
        std::vector<TensorPlan> plan;
        for (int i = 0; i < 8; i++) plan.push_back({cat("t", i), dtype_named("bf16"), {2, 2}});
        auto writer = must(CheckpointWriter::create(folder_.path() / "model.safetensors", {}, plan,
                                                    {.format = Format::Safetensors}));
        for (int i = 0; i < 8; i++) must(writer.append(as_bytes("01234567")));
        must(writer.finish());
        return summarize(must(Checkpoint::open(folder_.path())));
    }

    void put(std::string_view name, std::string_view text) {
        must(write_file_atomic(folder_.path() / name, text));
    }

    testing::TemporaryFolder folder_;
};

TEST_F(Summary, TellsWhatAGgufSays) {
    ModelSummary model = must(of_gguf(llama()));
    EXPECT_EQ(model.architecture, "llama");
    EXPECT_EQ(model.name, "tiny");
    EXPECT_EQ(model.license, "apache-2.0");
    EXPECT_EQ(model.parameters, 3u * 32 + 16);
    EXPECT_EQ(model.weight_bytes, 3u * 34 + 64);
    EXPECT_NEAR(model.bits_per_weight(), 8.0 * 166 / 112, 1e-9);
    ASSERT_EQ(model.types.size(), 2u);
    EXPECT_EQ(model.types[0].type, "q8_0");
    EXPECT_EQ(model.types[0].bits_per_weight(), 8.5);
    EXPECT_EQ(model.types[1].tensors, 4u);
    EXPECT_EQ(model.layers, 4u);
    EXPECT_EQ(model.context, 128u);
    EXPECT_EQ(model.kv_heads, 2u);
    EXPECT_EQ(model.tokenizer.kind, "byte-level BPE");
    EXPECT_EQ(model.tokenizer.pre, "smollm");
    EXPECT_EQ(model.tokenizer.vocabulary, 3u);
    EXPECT_EQ(model.chat_template, "{{ messages }}");
    EXPECT_EQ(model.template_bytes, 14u);

    MemoryNeed need = *memory_needed(model, 100);
    EXPECT_EQ(need.weights, 166u);
    EXPECT_EQ(need.kv_cache,
              4u * 2 * 8 * 2 * 2 * 100);  // layers, heads, width, both, bytes, tokens
    EXPECT_EQ(need.total, need.weights + need.kv_cache + need.working);
}

TEST_F(Summary, FindsTheContextThatFits) {
    ModelSummary model = must(of_gguf(llama()));
    uint64_t at_50 = memory_needed(model, 50)->total;
    EXPECT_EQ(context_that_fits(model, at_50), 50u);
    EXPECT_EQ(context_that_fits(model, at_50 - 1), 49u);
    EXPECT_EQ(context_that_fits(model, ~uint64_t{0}), 128u);
    EXPECT_EQ(context_that_fits(model, 100), 0u);
}

TEST_F(Summary, CountsWindowsOnlyAsFarAsTheyReach) {
    MetadataBuilder metadata = llama();
    metadata.set("llama.attention.sliding_window", 16u);
    EXPECT_EQ(must(of_gguf(metadata)).kv_layers[0].window, 0u);  // nothing says which layers
    metadata.set("llama.attention.sliding_window_pattern", 2u);  // every second sees all
    ModelSummary model = must(of_gguf(metadata));
    EXPECT_EQ(model.kv_layers[0].window, 16u);
    EXPECT_EQ(model.kv_layers[1].window, 0u);
    EXPECT_EQ(memory_needed(model, 100)->kv_cache, 2u * 2 * 8 * 2 * 2 * (100 + 16));
    std::string flags{1, 1, 0, 1};
    Reader reader(as_bytes(flags));
    metadata.set("llama.attention.sliding_window_pattern",
                 must(Array::read(reader, ValueType::Bool, 4)));
    model = must(of_gguf(metadata));
    EXPECT_EQ(model.kv_layers[2].window, 0u);
    EXPECT_EQ(model.kv_layers[3].window, 16u);
}

TEST_F(Summary, TakesOneValuePerLayer) {
    MetadataBuilder metadata = llama();
    std::vector<uint32_t> heads{2, 0, 1, 2};
    metadata.set_array("llama.attention.head_count_kv", std::span<const uint32_t>(heads));
    metadata.set("llama.attention.key_length", 16u).set("llama.attention.value_length", 4u);
    ModelSummary model = must(of_gguf(metadata));
    EXPECT_EQ(model.kv_heads, 2u);
    EXPECT_EQ(model.kv_layers[1].heads, 0u);
    EXPECT_EQ(memory_needed(model, 10)->kv_cache, 5u * (16 + 4) * 2 * 10);
    heads.pop_back();
    metadata.set_array("llama.attention.head_count_kv", std::span<const uint32_t>(heads));
    expect_refused(of_gguf(metadata), Code::BadInput,
                   "llama.attention.head_count_kv has only 3 items for the layers");
}

TEST_F(Summary, RefusesSettingsThatCannotBe) {
    auto with = [&](std::string_view key, auto value) {
        MetadataBuilder metadata = llama();
        metadata.set(key, value);
        return of_gguf(metadata);
    };
    expect_refused(with("llama.block_count", 0xFFFFFFFFu), Code::BadInput,
                   "llama.block_count is 4294967295, not a whole number up to 10000");
    expect_refused(with("llama.block_count", 6u), Code::BadInput,
                   "6 layers, but the file has only 5 tensors");
    expect_refused(with("llama.block_count", "four"), Code::BadInput,
                   "llama.block_count is of type string");
    expect_refused(with("llama.context_length", -1), Code::BadInput, "of type int32");
    expect_refused(with("llama.attention.head_count", 1u << 20), Code::BadInput,
                   "llama.attention.head_count is 1048576");
    expect_refused(with("tokenizer.ggml.tokens", 5u), Code::BadInput,
                   "tokenizer.ggml.tokens is of type uint32, not an array of strings");
    expect_refused(with("general.architecture", std::string(201, 'a').c_str()), Code::BadInput,
                   "the name of the architecture is 201 bytes long");
    std::vector<uint32_t> many(10'001, 1);
    MetadataBuilder metadata = llama();
    metadata.set_array("llama.feed_forward_length", std::span<const uint32_t>(many));
    expect_refused(of_gguf(metadata), Code::BadInput, "a list of 10001 items");

    Path corpus = testing::source_folder() / "tests/fuzz/gguf_fuzz";
    expect_refused(summarize(must(Checkpoint::open(corpus / "good-block-count-huge.gguf"))),
                   Code::BadInput, "good-block-count-huge.gguf: llama.block_count is 4294967295");
    expect_refused(summarize(must(Checkpoint::open(corpus / "good-tokens-of-wrong-type.gguf"))),
                   Code::BadInput, "tokenizer.ggml.tokens is an array of uint8");
}

TEST_F(Summary, SurvivesExtremeButPossibleSettings) {
    MetadataBuilder metadata = llama();
    metadata.set("llama.attention.head_count", 65536u).set("llama.attention.head_count_kv", 65536u);
    metadata.set("llama.attention.key_length", 65536u).set("llama.context_length", 1u << 31);
    ModelSummary model = must(of_gguf(metadata));
    EXPECT_EQ(memory_needed(model, ~uint64_t{0}), std::nullopt);
    EXPECT_EQ(context_that_fits(model, 1'000'000'000), 0u);
    metadata.set("llama.attention.head_count", 0u);
    EXPECT_TRUE(of_gguf(metadata));
}

TEST_F(Summary, MakesNamesSafeToPrint) {
    MetadataBuilder metadata = llama();
    metadata.set("general.name", std::string("\x1b[2J") + std::string(1000, 'n'));
    ModelSummary model = must(of_gguf(metadata));
    EXPECT_EQ(model.name.find('\x1b'), std::string::npos);
    EXPECT_LT(model.name.size(), 210u);
    metadata.set("tokenizer.chat_template", std::string(1'000'001, 't'));
    model = must(of_gguf(metadata));
    EXPECT_EQ(model.template_bytes, 1'000'001u);
    EXPECT_EQ(model.chat_template, "");
}

TEST_F(Summary, TellsWhatAHuggingFaceFolderSays) {
    put("tokenizer.json", R"({"version": "1.0", "added_tokens": [{"content": "<x>", "id": 9}],
        "model": {"type": "BPE", "merges": [], "vocab": {"a": 0, "b": 1}}})");
    put("tokenizer_config.json", R"({"chat_template": [{"name": "tool", "template": "T"},
        {"name": "default", "template": "D!"}]})");
    put("README.md", "---\nlanguage: en\nlicense: mit\n---\nlicense: not this\n");
    ModelSummary model = must(of_folder(R"({"model_type": "qwen2", "num_hidden_layers": 2,
        "hidden_size": 64, "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 77,
        "max_position_embeddings": 4096, "intermediate_size": 128, "sliding_window": 32,
        "use_sliding_window": false})"));
    EXPECT_EQ(model.architecture, "qwen2");
    EXPECT_EQ(model.license, "mit");
    EXPECT_EQ(model.parameters, 32u);
    EXPECT_EQ(model.bits_per_weight(), 16);
    EXPECT_EQ(model.context, 4096u);
    EXPECT_EQ(model.tokenizer.kind, "BPE");
    EXPECT_EQ(model.tokenizer.vocabulary, 10u);
    EXPECT_EQ(model.chat_template, "D!");
    EXPECT_EQ(memory_needed(model, 1000)->kv_cache, 2u * 2 * 8 * 2 * 2 * 1000);
    EXPECT_EQ(model.name, folder_.path().filename().string());

    put("chat_template.jinja", "{{ file }}");
    model = must(of_folder(R"({"model_type": "gemma3", "text_config": {"num_hidden_layers": 2,
        "hidden_size": 64, "num_attention_heads": 8, "head_dim": 8, "sliding_window": 32,
        "layer_types": ["sliding_attention", "full_attention"]}})"));
    EXPECT_EQ(model.chat_template, "{{ file }}");
    EXPECT_EQ(memory_needed(model, 1000)->kv_cache, 8u * 8 * 2 * 2 * (1000 + 32));
}

TEST_F(Summary, RefusesBrokenSideFiles) {
    expect_refused(of_folder("{"), Code::BadInput, "config.json: not valid JSON");
    expect_refused(of_folder(R"({"num_hidden_layers": "two"})"), Code::BadInput,
                   "num_hidden_layers is \"two\", not a whole number");
    expect_refused(of_folder(R"({"num_hidden_layers": [[1]]})"), Code::BadInput, "a list");
    for (const char* bad : {"[]", R"({"model": 1})", R"({"model": {"vocab": {"a": -1}}})",
                            R"({"model": {"vocab": [1]}})", R"({"added_tokens": {}})",
                            R"({"added_tokens": [1]})", R"({"model": {"vocab": {"a": 1e30}}})"}) {
        put("tokenizer.json", bad);
        expect_refused(of_folder("{}"), Code::BadInput, "tokenizer.json: ", bad);
    }
}

TEST_F(Summary, TakesFilesThatAreNoWholeModel) {
    ModelSummary model = must(of_gguf({}));
    EXPECT_EQ(model.architecture, "");
    EXPECT_EQ(model.name, "m");
    EXPECT_EQ(memory_needed(model, 10), std::nullopt);
    EXPECT_EQ(model.template_bytes, std::nullopt);
    Json json = to_json(model);
    EXPECT_TRUE(json.find("architecture")->is_null());
    EXPECT_EQ(json.find("parameters")->as_uint(), 112u);
}

}  // namespace
}  // namespace linnet
