#include "model/adapters/adapter_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/rng.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/random_adapter.h"
#include "model/testing/tiny.h"

namespace linnet {
namespace {

using namespace linnet::testing;

const Path adapters = family_folder("../adapters");

class AdapterFiles : public ::testing::Test {
  protected:
    void SetUp() override {
        model = must(Model::load(must(Checkpoint::open(family_folder("llama") / "model.gguf")),
                                 Math::F32, pool));
        for (const char* name :
             {"adapter_config.json", "adapter_model.safetensors", "adapter.gguf"})
            std::filesystem::copy_file(adapters / "llama" / name, folder.path() / name);
    }
    Result<std::shared_ptr<const Adapter>> load(const Path& path) const {
        return Adapter::load(TRY(AdapterFile::open(path)), model);
    }
    // A new file, as the old one may be mapped.
    static void put(const Path& path, std::string_view text) {
        std::filesystem::remove(path);
        std::ofstream(path, std::ios::binary) << text;
    }
    // The folder with one setting of its configuration changed.
    Result<std::shared_ptr<const Adapter>> with_setting(std::string_view name, Json value) {
        Json config =
            must(Json::parse(must(read_file(adapters / "llama/adapter_config.json", 1 << 20))));
        config.set(name, std::move(value));
        put(folder.path() / "adapter_config.json", config.dump());
        return load(folder.path());
    }
    // A GGUF file of one update.
    Path write(std::string_view tensor, Shape down, Shape up, std::string_view end = ".lora_b",
               std::string_view architecture = "llama") {
        RandomAdapter adapter;
        MetadataBuilder metadata;
        metadata.set("general.type", "adapter");
        metadata.set("general.architecture", architecture);
        metadata.set("adapter.type", "lora");
        const DType* f32 = dtype_named("f32");
        Path path = folder.path() / "made.gguf";
        auto writer = must(CheckpointWriter::create(
            path, metadata, {{cat(tensor, ".lora_a"), f32, down}, {cat(tensor, end), f32, up}}));
        for (const Shape& shape : {down, up})
            must(writer.append(std::vector<std::byte>(*shape.values() * sizeof(float))));
        must(writer.finish());
        return path;
    }

    TemporaryFolder folder;
    ThreadPool pool{1};
    std::shared_ptr<const Model> model;
};

TEST_F(AdapterFiles, SayWhatTheyAre) {
    auto peft = must(AdapterFile::open(adapters / "llama"));
    EXPECT_EQ(peft.base, "tiny/llama");
    EXPECT_EQ(peft.alpha, 6);
    EXPECT_TRUE(peft.own_head);
    ASSERT_TRUE(peft.find("model.layers.1.self_attn.q_proj.weight"));
    EXPECT_EQ(peft.find("model.layers.1.self_attn.q_proj.weight")->scale, 12.0f / 4);
    EXPECT_EQ(peft.find("model.layers.0.self_attn.q_proj.weight")->scale, 6.0f / 4);
    EXPECT_EQ(peft.find("model.layers.0.self_attn.v_proj.weight")->scale, 6.0f / 2);
    EXPECT_EQ(peft.find("model.layers.0.mlp.up_proj.weight")->scale, 3.0f / 4);
    auto gguf = must(AdapterFile::open(adapters / "llama/adapter.gguf"));
    EXPECT_EQ(gguf.architecture, "llama");
    EXPECT_EQ(gguf.pairs.size(), peft.pairs.size());
    EXPECT_EQ(gguf.find("blk.0.attn_v.weight")->scale, 6.0f / 2);
    auto root = must(AdapterFile::open(adapters / "qwen2"));
    EXPECT_FLOAT_EQ(root.pairs[0].scale, 4 / std::sqrt(3.0f));
    for (const auto& file : {peft, gguf, root}) EXPECT_TRUE(AdapterFile::is_one(file.checkpoint));
    EXPECT_FALSE(AdapterFile::is_one(model->checkpoint()));
}

TEST_F(AdapterFiles, TheirMemoryIsKnownBeforeItIsTaken) {
    auto file = must(AdapterFile::open(write("blk.0.attn_q.weight", {2, 32}, {32, 2})));
    EXPECT_TRUE(file.check_fits(std::nullopt));
    EXPECT_TRUE(file.check_fits(2 * 2 * 32 * sizeof(float)));
    expect_refused(file.check_fits(2 * 2 * 32 * sizeof(float) - 1), Code::NoFit, "needs 512");
}

TEST_F(AdapterFiles, WhatIsMoreThanLowRankIsRefusedByName) {
    ASSERT_TRUE(load(folder.path()));
    auto refused = [&](std::string_view name, Json value, Code code = Code::Unsupported) {
        expect_refused(with_setting(name, std::move(value)), code, name);
    };
    refused("use_dora", true);
    refused("lora_bias", true);
    refused("bias", "lora_only");
    refused("modules_to_save", Json(Json::Array{Json("lm_head")}));
    refused("init_lora_weights", "pissa");
    refused("alpha_pattern", Json::object({{".*q_proj", 3}}));
    refused("layer_replication", Json(Json::Array{Json(1)}));
    refused("r", "4", Code::BadInput);
    refused("lora_alpha", nullptr, Code::BadInput);
    expect_refused(with_setting("peft_type", "LOHA"), Code::Unsupported, "LOHA");
    expect_refused(with_setting("r", 8), Code::BadInput, "adapter_config.json says 8");
    EXPECT_TRUE(with_setting("init_lora_weights", "gaussian"));
    EXPECT_TRUE(with_setting("modules_to_save", Json::array()));
    EXPECT_TRUE(with_setting("alpha_pattern", Json::object({{"^model.layers.0.mlp.up_proj", 3}})));
    std::filesystem::remove(folder.path() / "adapter_config.json");
    expect_refused(load(folder.path()), Code::Usage, "adapter_config.json");
}

TEST_F(AdapterFiles, OfAnotherModelAreRefused) {
    expect_refused(load(adapters / "gemma2/adapter.gguf"), Code::Unsupported, "gemma2");
    expect_refused(load(adapters / "gpt2"), Code::BadInput, "transformer.h.0");
    expect_refused(load(adapters / "phi3"), Code::BadInput, "24 x 28");
    expect_refused(load(family_folder("llama") / "model.gguf"), Code::Usage, "a model");
    expect_refused(load(family_folder("llama") / "model.safetensors"), Code::Usage,
                   "adapter_config");
    expect_refused(load(folder.path() / "none"), Code::NotFound, "none");
}

TEST_F(AdapterFiles, ShapesAndNamesAreChecked) {
    const size_t dim = model->config().dim;
    EXPECT_TRUE(load(write("blk.0.attn_q.weight", {2, dim}, {dim, 2})));
    expect_refused(load(write("blk.0.attn_q.weight", {2, dim}, {dim + 1, 2})), Code::BadInput,
                   cat(dim + 1, " x ", dim));
    expect_refused(load(write("blk.0.attn_q.weight", {2, dim}, {dim, 3})), Code::BadInput, "ranks");
    expect_refused(load(write("blk.0.attn_q.weight", {2, dim}, {dim})), Code::BadInput, "matrices");
    expect_refused(load(write("blk.0.attn_q.weight", {2, 2, dim}, {2, dim, 2})), Code::BadInput,
                   "2 x ");
    expect_refused(load(write("blk.7.attn_q.weight", {2, dim}, {dim, 2})), Code::BadInput,
                   "blk.7.attn_q.weight");
    expect_refused(load(write("token_embd.weight", {2, dim}, {67, 2})), Code::Unsupported,
                   "embedding");
    expect_refused(load(write("blk.0.attn_q.weight", {2, dim}, {dim, 2}, ".lora_c")),
                   Code::BadInput, "lora_b");
    expect_refused(load(write("blk.0.attn_q.weight", {2, dim}, {dim, 2}, ".lora_b", "qwen2")),
                   Code::Unsupported, "qwen2");
}

// PEFT saves the head beside an update of it; another one than the model's would be lost.
TEST_F(AdapterFiles, AnotherHeadIsRefused) {
    auto other = must(Model::load(must(Checkpoint::open(family_folder("mistral") / "model.gguf")),
                                  Math::F32, pool));
    expect_refused(Adapter::load(must(AdapterFile::open(folder.path())), other), Code::Unsupported,
                   "head");
}

// Bytes changed anywhere: refused with a sentence, or applied, and never more than that.
TEST_F(AdapterFiles, DamageIsRefusedOrHarmless) {
    size_t refused = 0, applied = 0;
    Rng rng(11);
    const std::vector<Tokens> prompts = {{1, 2, 3}};
    const std::vector<size_t> chunks = {2};
    Runner runner(model, kernels_of(kernel_isas().back()), pool, 32);
    for (const char* name : {"adapter_config.json", "adapter_model.safetensors", "adapter.gguf"}) {
        const Path path = folder.path() / name;
        const std::string whole = must(read_file(path, 1 << 20));
        for (int round = 0; round < 300; round++) {
            std::string text = whole;
            // Most of a file is weights; what describes them comes first.
            size_t most = round % 4 == 0 ? text.size() : std::min<size_t>(text.size(), 3000);
            if (round % 10 == 9) text.resize(rng.below(text.size()));
            for (uint64_t i = 0; i < 1 + rng.below(3) && !text.empty(); i++)
                text[rng.below(std::min(most, text.size()))] = static_cast<char>(rng.below(256));
            put(path, text);
            auto adapter = load(std::string_view(name).ends_with("gguf") ? path : folder.path());
            if (!adapter) {
                EXPECT_GT(adapter.error().what.size(), 10u);
                refused++;
                continue;
            }
            const std::vector<Runner::Adapters> use = {{{*adapter, 1}}};
            runner.run(prompts, chunks, use);
            applied++;
        }
        put(path, whole);
    }
    EXPECT_GT(refused, 300u);
    EXPECT_GT(applied, 100u);
}

}  // namespace
}  // namespace linnet
