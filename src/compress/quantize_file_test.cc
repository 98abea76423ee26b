// Mixtures, recipes, importance matrices, and whole files.
#include "compress/quantize_file.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "compress/quantizer.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

std::string_view chosen(std::string_view mix, std::string_view tensor, Shape shape,
                        MixtureModel model = {}) {
    if (model.layers == 0) model.layers = 8;
    Tensor asked{.name = tensor,
                 .dtype = dtype_named("f16"),
                 .shape = shape,
                 .values = *shape.values(),
                 .data = {}};
    EXPECT_TRUE(is_quantizable(asked)) << tensor;
    return MixtureChooser(*mixture_named(mix), model).choose(asked).name;
}

TEST(Mixture, NamesAreFoundInAnyCase) {
    EXPECT_EQ(mixture_named("q4_k_m")->file_type, 15u);
    EXPECT_EQ(mixture_named("Q4_K")->name, "Q4_K_M");
    EXPECT_EQ(mixture_named("q5_k")->name, "Q5_K_M");
    EXPECT_EQ(mixture_named("q9"), nullptr);
    for (const Mixture& row : mixtures()) {
        ASSERT_NE(dtype_named(row.dtype), nullptr) << row.name;
        EXPECT_NE(quantizer_of(*dtype_named(row.dtype)), nullptr) << row.name;
    }
}

TEST(Mixture, TensorsThatHarmMoreAreFiner) {
    const Shape matrix{1024, 1024};
    EXPECT_EQ(chosen("Q4_K_M", "blk.0.attn_q.weight", matrix), "q4_k");
    EXPECT_EQ(chosen("Q4_K_M", "blk.0.ffn_down.weight", matrix), "q6_k");
    EXPECT_EQ(chosen("Q4_K_M", "token_embd.weight", matrix), "q6_k");
    EXPECT_EQ(chosen("Q4_K_M", "token_embd.weight", matrix, {.tied = false}), "q4_k");
    EXPECT_EQ(chosen("Q4_K_M", "token_embd.weight", {1024, 576}), "q8_0");
    EXPECT_EQ(chosen("Q3_K_L", "blk.0.attn_v.weight", matrix), "q5_k");
    EXPECT_EQ(chosen("Q2_K", "blk.0.attn_v.weight", matrix, {.queries_per_key = 4}), "q4_k");
    EXPECT_EQ(chosen("Q4_0", "blk.0.ffn_down.weight", matrix), "q4_0");
    EXPECT_EQ(chosen("Q4_0", "blk.0.ffn_down.weight", matrix, {.has_importance = true}), "q4_1");
    EXPECT_EQ(chosen("Q4_K_M", "blk.0.attn_k.weight", matrix, {.experts = 8}), "q8_0");
}

TEST(Mixture, RowsTooShortGetAnotherFormat) {
    EXPECT_EQ(fitting_dtype(*dtype_named("q4_k"), 576).name, "q5_0");
    EXPECT_EQ(fitting_dtype(*dtype_named("q6_k"), 576).name, "q8_0");
    EXPECT_EQ(fitting_dtype(*dtype_named("iq4_xs"), 576).name, "iq4_nl");
    EXPECT_EQ(fitting_dtype(*dtype_named("q4_k"), 512).name, "q4_k");
    EXPECT_EQ(fitting_dtype(*dtype_named("q4_0"), 33).name, "f16");
}

TEST(Mixture, SmallTensorsStay) {
    auto stays = [](std::string_view name, Shape shape) {
        return !is_quantizable({.name = name,
                                .dtype = dtype_named("f32"),
                                .shape = shape,
                                .values = *shape.values(),
                                .data = {}});
    };
    EXPECT_TRUE(stays("blk.0.attn_norm.weight", {576}));
    EXPECT_TRUE(stays("blk.0.attn_norm.weight", {2, 576}));
    EXPECT_TRUE(stays("blk.0.ffn_gate_inp.weight", {8, 576}));
    EXPECT_TRUE(stays("blk.0.attn_q.bias", {576, 2}));
    EXPECT_TRUE(stays("blk.0.attn_q.weight", {1, 576}));
    EXPECT_FALSE(stays("blk.0.attn_q.weight", {576, 576}));
}

TEST(Mixture, TensorsAreOrderedByLayer) {
    EXPECT_TRUE(tensor_before("token_embd.weight", "blk.0.attn_k.weight"));
    EXPECT_TRUE(tensor_before("blk.2.ffn_up.weight", "blk.10.attn_k.weight"));
    EXPECT_FALSE(tensor_before("blk.1.b", "blk.1.a"));
}

TEST(Recipe, TheFirstPatternThatIsFoundCounts) {
    auto rules =
        parse_recipe("  blk\\.(0|1\\d)\\.ffn_down=Q6_K\tffn_down=q4_0 # rest\n^token=q8_0\n");
    ASSERT_TRUE(rules) << rules.error().what;
    ASSERT_EQ(rules->size(), 3u);
    EXPECT_EQ(recipe_dtype(*rules, "blk.0.ffn_down.weight")->name, "q6_k");
    EXPECT_EQ(recipe_dtype(*rules, "blk.12.ffn_down.weight")->name, "q6_k");
    EXPECT_EQ(recipe_dtype(*rules, "blk.2.ffn_down.weight")->name, "q4_0");
    EXPECT_EQ(recipe_dtype(*rules, "token_embd.weight")->name, "q8_0");
    EXPECT_EQ(recipe_dtype(*rules, "output.token"), nullptr);
}

TEST(Recipe, SaysWhatIsWrong) {
    EXPECT_EQ(RecipeRule::parse("attn_v").error().code, Code::Usage);
    EXPECT_EQ(RecipeRule::parse("=q4_0").error().code, Code::Usage);
    EXPECT_EQ(RecipeRule::parse("attn_v=q99").error().code, Code::Usage);
    EXPECT_EQ(RecipeRule::parse("attn_v=q8_k").error().code, Code::Unsupported);
    auto broken = RecipeRule::parse("attn_(v=q4_0");
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().what.find("is no regular expression"), std::string::npos);
}

Importance some_importance() {
    Importance out{.entries = {{"blk.0.attn_q.weight", {1, 2, 3, 4}, {2}},
                               {"blk.0.ffn_up_exps.weight", {2, 4, 6, 8}, {2, 0}}},
                   .datasets = {"a.txt"},
                   .chunks = 3,
                   .chunk_tokens = 512};
    return out;
}

TEST(Importance, IsReadAsItWasWritten) {
    testing::TemporaryFolder folder;
    ASSERT_TRUE(some_importance().write(folder.path() / "i.gguf"));
    auto read = Importance::read(folder.path() / "i.gguf");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->chunks, 3u);
    EXPECT_EQ(read->datasets, std::vector<std::string>{"a.txt"});
    EXPECT_EQ(read->find("blk.0.attn_q.weight")->means(), (std::vector<float>{0.5, 1, 1.5, 2}));
    // Ones for the expert that was never chosen.
    EXPECT_EQ(read->find("blk.0.ffn_up_exps.weight")->means(), (std::vector<float>{1, 2, 1, 1}));
    EXPECT_EQ(read->find("blk.0"), nullptr);
}

TEST(Importance, TheOlderFormIsReadToo) {
    testing::TemporaryFolder folder;
    std::string bytes;
    auto add = [&](auto value) {
        bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    add(int32_t{1});
    add(int32_t{5}), bytes += "blk.0", add(int32_t{4}), add(int32_t{2}), add(8.0f), add(2.0f);
    add(int32_t{9}), add(int32_t{3}), bytes += "wik";
    ASSERT_TRUE(write_file_atomic(folder.path() / "i.dat", bytes));
    auto read = Importance::read(folder.path() / "i.dat");
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->find("blk.0")->means(), (std::vector<float>{2, 0.5}));
    EXPECT_EQ(read->chunks, 9u);
    // Every cut within the entries is noticed.
    for (size_t length = 0; length < 29; length++) {
        ASSERT_TRUE(write_file_atomic(folder.path() / "cut", bytes.substr(0, length)));
        EXPECT_FALSE(Importance::read(folder.path() / "cut")) << length;
    }
}

TEST(QuantizeFile, WritesWhatWasPlanned) {
    testing::TemporaryFolder folder;
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f32"});
    auto in = Checkpoint::open(folder.path() / "in.gguf");
    ASSERT_TRUE(in);
    Importance importance;
    importance.entries = {{"blk.0.attn_q.weight", std::vector<float>(64, 1.0f), {1}}};
    QuantizeOptions options{
        .mixture = mixture_named("Q4_K_M"), .importance = &importance, .importance_name = "i.gguf"};
    options.rules.push_back(*RecipeRule::parse("ffn_up=q8_0"));
    auto plan = plan_quantization(*in, options);
    ASSERT_TRUE(plan) << plan.error().what;
    EXPECT_EQ(plan->quantized_before(), 0u);
    ThreadPool pool(2);
    NoProgress progress;
    Cancel cancel;
    ASSERT_TRUE(quantize_file(*plan, folder.path() / "out.gguf", pool, progress, cancel));
    EXPECT_EQ(std::filesystem::file_size(folder.path() / "out.gguf"), *plan->file_bytes());

    auto out = Checkpoint::open(folder.path() / "out.gguf");
    ASSERT_TRUE(out) << out.error().what;
    EXPECT_EQ(out->metadata().uint_of("general.file_type"), 15u);
    EXPECT_EQ(out->metadata().uint_of("general.quantization_version"), 2u);
    EXPECT_EQ(out->metadata().string_of("quantize.imatrix.file"), "i.gguf");
    EXPECT_EQ(out->tensors().size(), in->tensors().size());
    // Rows of 64 are too short for blocks of 256.
    EXPECT_EQ(out->find("blk.0.attn_k.weight")->dtype->name, "q5_0");
    EXPECT_EQ(out->find("token_embd.weight")->dtype->name, "q8_0");
    EXPECT_EQ(out->find("blk.1.ffn_up.weight")->dtype->name, "q8_0");
    for (const Tensor& tensor : out->tensors()) {
        std::vector<float> now(tensor.values), before(tensor.values);
        tensor.dtype->decode(tensor.data.data(), now.data(), now.size());
        const Tensor& source = *in->find(tensor.name);
        source.dtype->decode(source.data.data(), before.data(), before.size());
        double error = 0, size = 0;
        for (size_t i = 0; i < now.size(); i++) {
            error += std::pow(now[i] - before[i], 2);
            size += std::pow(before[i], 2);
        }
        EXPECT_LT(error, 0.002 * size) << tensor.name;
    }
}

TEST(QuantizeFile, LeavesNothingWhenItIsInterrupted) {
    testing::TemporaryFolder folder;
    testing::write_tiny_model(folder.path() / "in.gguf");
    auto plan = plan_quantization(*Checkpoint::open(folder.path() / "in.gguf"),
                                  {.mixture = mixture_named("Q4_0")});
    ASSERT_TRUE(plan);
    EXPECT_GT(plan->quantized_before(), 0u);
    ThreadPool pool(1);
    NoProgress progress;
    Cancel cancel;
    cancel.request();
    auto written = quantize_file(*plan, folder.path() / "out.gguf", pool, progress, cancel);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Code::Interrupted);
    size_t files = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(folder.path()))
        files++;
    EXPECT_EQ(files, 1u);
}

TEST(QuantizeFile, SaysWhatIsWrong) {
    testing::TemporaryFolder folder;
    testing::write_tiny_model(folder.path() / "in.gguf");
    auto in = Checkpoint::open(folder.path() / "in.gguf");
    Importance other;
    other.entries = {{"blk.0.attn_q.weight", std::vector<float>(32, 1.0f), {1}}};
    auto plan = plan_quantization(*in, {.mixture = mixture_named("Q4_0"), .importance = &other});
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().what.find("of another model"), std::string::npos) << plan.error().what;
}

}  // namespace
}  // namespace linnet
