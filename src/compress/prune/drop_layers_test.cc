#include "compress/prune/drop_layers.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

std::vector<testing::Row> logits_of(const Checkpoint& checkpoint) {
    ThreadPool pool(2);
    auto model = must(Model::load(checkpoint, Math::F32, pool));
    testing::Runner runner(model, kernels_of(kernel_isas().back()), pool, 64);
    const testing::Tokens prompt = {1, 5, 7, 3, 9, 2, 4, 11, 6, 1, 3, 8};
    const size_t all_at_once[] = {prompt.size()};
    return runner.run({&prompt, 1}, all_at_once).front();
}

Checkpoint written(const PartPlan& plan, const Path& path) {
    NoProgress progress;
    UnchangedParts parts;
    must(write_parts(plan, parts, path, progress, Cancel{}));
    Checkpoint out = must(Checkpoint::open(path));
    EXPECT_EQ(out.file_bytes(), must(plan.file_bytes()));
    return out;
}

class DroppedLayers : public ::testing::TestWithParam<const char*> {};

// A layer that is not there is one that adds nothing, to the bit.
TEST_P(DroppedLayers, AreThoseThatAddNothing) {
    testing::TemporaryFolder folder;
    Checkpoint model = must(Checkpoint::open(testing::family_folder(GetParam()) / "model.gguf"));
    const uint32_t gone[] = {0};
    Checkpoint small = written(must(plan_without_layers(model, gone)), folder.path() / "out.gguf");
    auto expected = logits_of(with_silent_layers(model, gone)), found = logits_of(small);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); i++) EXPECT_EQ(found[i], expected[i]) << "token " << i;
    EXPECT_NE(found.back(), logits_of(model).back());
}

INSTANTIATE_TEST_SUITE_P(Families, DroppedLayers,
                         ::testing::Values("llama", "qwen2", "qwen3", "granite", "qwen3moe", "phi3",
                                           "gpt2", "lfm2", "granitehybrid", "falcon-h1", "mamba2",
                                           "mixtral"),
                         [](const auto& named) {
                             std::string name = named.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

struct DropLayersTest : ::testing::Test {
    DropLayersTest() {
        testing::write_tiny_model(folder.path() / "in.gguf", {.layers = 5, .dtype = "f16"});
        Rng dice(3);
        for (int i = 0; i < 200; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    LayerRanking rank(const Checkpoint& checkpoint, size_t count) {
        NoProgress progress;
        ThreadPool pool(2);
        return must(rank_layers(
            checkpoint, count,
            {.kernels = kernels_of(kernel_isas().back()), .tokens = tokens, .chunk_tokens = 64},
            pool, progress, nobody));
    }
    testing::TemporaryFolder folder;
    std::vector<int32_t> tokens;
    Cancel nobody;
};

TEST_F(DropLayersTest, LayersThatAddNothingGoFirst) {
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    const uint32_t idle[] = {1, 3};
    LayerRanking ranking = rank(with_silent_layers(model, idle), 3);
    ASSERT_EQ(ranking.alone.size(), 5u);
    ASSERT_EQ(ranking.dropped.size(), 3u);
    EXPECT_EQ(ranking.dropped[0].layer, 1u);
    EXPECT_EQ(ranking.dropped[1].layer, 3u);
    EXPECT_LT(ranking.dropped[1].divergence, 1e-9);
    EXPECT_GT(ranking.dropped[2].divergence, 1e-3);
    for (uint32_t other : {0u, 2u, 4u}) EXPECT_GT(ranking.alone[other], 1e-3);
}

TEST_F(DropLayersTest, WhatStaysKeepsItsBytes) {
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    const uint32_t gone[] = {3, 0};
    Checkpoint small = written(must(plan_without_layers(model, gone)), folder.path() / "out.gguf");
    EXPECT_EQ(small.metadata().uint_of("llama.block_count"), 3u);
    const uint32_t kept[] = {1, 2, 4};
    for (const Tensor& tensor : small.tensors()) {
        auto place = LayerTensor::parse(tensor.name);
        std::string old(tensor.name);
        if (place) old = cat("blk.", kept[place->layer], ".", place->part);
        ASSERT_TRUE(model.find(old)) << old;
        EXPECT_TRUE(std::ranges::equal(tensor.data, model.find(old)->data)) << tensor.name;
    }
    EXPECT_EQ(small.tensors().size(), model.tensors().size() - 2u * 9u);
}

TEST_F(DropLayersTest, RefusesWhatCannotBe) {
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    const std::vector<uint32_t> missing = {5}, twice = {1, 1}, all = {0, 1, 2, 3, 4}, first = {0};
    expect_refused(plan_without_layers(model, missing), Code::Usage, "0 to 4");
    expect_refused(plan_without_layers(model, twice), Code::Usage, "each once");
    expect_refused(plan_without_layers(model, all), Code::Usage, "0 to 4");
    for (auto [family, reason] :
         {std::pair("gemma3", "'gemma3' cannot be dropped: what a layer does depends on its place"),
          std::pair("smollm3", "'smollm3' cannot be dropped"),
          std::pair("gemma3n", "'gemma3n' cannot be pruned"),
          std::pair("rwkv7", "'rwkv7' cannot be pruned")})
        expect_refused(
            plan_without_layers(
                must(Checkpoint::open(testing::family_folder(family) / "model.gguf")), first),
            Code::Unsupported, reason);
    const uint32_t attentive[] = {1};
    expect_refused(
        plan_without_layers(must(Checkpoint::open(testing::family_folder("lfm2") / "model.gguf")),
                            attentive),
        Code::Usage, "no layer with attention");
    NoProgress progress;
    ThreadPool pool(1);
    tokens.resize(30);
    expect_refused(
        rank_layers(
            model, 1,
            {.kernels = kernels_of(kernel_isas().back()), .tokens = tokens, .chunk_tokens = 64},
            pool, progress, nobody),
        Code::Usage, "too few");
}

}  // namespace
}  // namespace linnet
