#include "compress/prune/narrow.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "compress/prune/drop_layers.h"
#include "compress/prune/prunable.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

const Kernels& best_kernels() {
    return kernels_of(kernel_isas().back());
}

struct NarrowTest : ::testing::Test {
    NarrowTest() {
        Rng dice(3);
        for (int i = 0; i < 300; i++) tokens.push_back(static_cast<int32_t>(dice.below(30)));
    }
    Result<std::unique_ptr<Scorer>> scorer(const Checkpoint& checkpoint) {
        auto model = TRY(Model::load(checkpoint, Math::F32, pool));
        return Scorer::make(model, best_kernels(), {.threads = 2, .context = 64});
    }
    // The model without some of its heads or channels, and what went.
    struct Narrowed {
        Checkpoint checkpoint;
        std::vector<NarrowedParts::Layer> layers;
    };
    Narrowed narrow(const Checkpoint& model, Narrowing kind, uint32_t after,
                    NarrowedParts::Options options = {}, uint32_t layers_at_once = 1) {
        NarrowPlan plan = must(plan_narrowing(model, kind, after));
        auto make = [&](const Checkpoint& checkpoint) -> Result<TextReader> {
            return TextReader{checkpoint, TRY(scorer(checkpoint))};
        };
        StagedSquares squares(model, make, {.tokens = tokens, .layers_at_once = layers_at_once},
                              progress, nobody);
        NarrowedParts parts(plan, squares, options, pool);
        const Path path = folder.path() / "narrow.gguf";
        must(write_parts(plan.file, parts, path, progress, nobody));
        Checkpoint out = must(Checkpoint::open(path));
        EXPECT_EQ(out.file_bytes(), must(plan.file.file_bytes()));
        return {out, {parts.layers().begin(), parts.layers().end()}};
    }
    std::vector<testing::Row> logits_of(const Checkpoint& checkpoint) {
        auto model = must(Model::load(checkpoint, Math::F32, pool));
        testing::Runner runner(model, best_kernels(), pool, 64);
        const testing::Tokens prompt = {1, 5, 7, 3, 9, 2, 4, 11, 6, 1, 3, 8};
        const size_t all_at_once[] = {prompt.size()};
        return runner.run({&prompt, 1}, all_at_once).front();
    }
    // The model with columns of each layer's output matrix that are zeros: groups whose number in
    // the layer is in `idle`.
    Checkpoint with_idle(const Checkpoint& model, Narrowing kind, std::span<const uint32_t> idle) {
        const NarrowPlan plan = must(plan_narrowing(model, kind, 1));
        std::vector<Checkpoint::Replacement> replacements;
        for (const Tensor* tensor : plan.outputs) {
            std::vector<float> values(tensor->values);
            tensor->dtype->decode(tensor->data.data(), values.data(), values.size());
            const size_t columns = tensor->shape.row(), width = columns / plan.before;
            for (size_t i = 0; i < values.size(); i++)
                if (std::ranges::find(idle, i % columns / width) != idle.end()) values[i] = 0;
            auto bytes = std::as_bytes(std::span(values));
            replacements.push_back(
                {std::string(tensor->name), dtype_named("f32"), tensor->shape,
                 std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end())});
        }
        return model.with(replacements);
    }
    void expect_only_idle_ones_go(const Checkpoint& model, Narrowing kind,
                                  const std::vector<uint32_t>& idle) {
        const uint32_t before = must(plan_narrowing(model, kind, 1)).before;
        Checkpoint with = with_idle(model, kind, idle);
        Narrowed small = narrow(with, kind, before - static_cast<uint32_t>(idle.size()));
        for (const NarrowedParts::Layer& layer : small.layers) {
            EXPECT_EQ(layer.kept.size(), before - idle.size());
            for (uint32_t group : idle) EXPECT_EQ(std::ranges::count(layer.kept, group), 0);
            EXPECT_LT(layer.error, 1e-12);
        }
        auto expected = logits_of(with), found = logits_of(small.checkpoint);
        for (size_t i = 0; i < found.size(); i++)
            EXPECT_LT(testing::distance(found[i], expected[i]), 1e-5);
    }
    testing::TemporaryFolder folder;
    ThreadPool pool{2};
    std::vector<int32_t> tokens;
    NoProgress progress;
    Cancel nobody;
};

TEST_F(NarrowTest, ChannelsOfEveryFamilyThatDoNothingGo) {
    for (const char* family : {"llama", "qwen2", "qwen3", "granite", "smollm3", "gemma2", "gemma3",
                               "phi3", "gpt2", "olmo2", "lfm2", "falcon-h1"}) {
        SCOPED_TRACE(family);
        expect_only_idle_ones_go(
            must(Checkpoint::open(testing::family_folder(family) / "model.gguf")),
            Narrowing::Channels, {3, 4, 17});
    }
}

TEST_F(NarrowTest, HeadsOfEveryFamilyThatDoNothingGo) {
    for (const char* family : {"llama", "qwen3", "granite", "smollm3", "qwen3moe", "mixtral"}) {
        SCOPED_TRACE(family);
        Checkpoint model = must(Checkpoint::open(testing::family_folder(family) / "model.gguf"));
        if (must(PrunableModel::of(model)).kv_heads < 2) continue;
        expect_only_idle_ones_go(model, Narrowing::Heads, {0});
    }
}

// What two channels do alike one can do: with the others refitted, hardly anything is lost.
TEST_F(NarrowTest, ChannelsThatRepeatOthersCostNothing) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f32"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    std::vector<Checkpoint::Replacement> replacements;
    for (const Tensor& tensor : model.tensors()) {
        auto place = LayerTensor::parse(tensor.name);
        if (!place || (place->part != "ffn_gate.weight" && place->part != "ffn_up.weight"))
            continue;
        std::vector<std::byte> data(tensor.data.begin(), tensor.data.end());
        const size_t row = data.size() / tensor.shape[0];
        for (size_t channel : {5, 40})  // becomes another one
            std::copy_n(data.begin() + static_cast<ptrdiff_t>((channel + 30) * row), row,
                        data.begin() + static_cast<ptrdiff_t>(channel * row));
        replacements.push_back({std::string(tensor.name), tensor.dtype, tensor.shape,
                                std::make_shared<const std::vector<std::byte>>(std::move(data))});
    }
    Checkpoint with = model.with(replacements);
    const InputSquares::Damping hardly{.own = 0, .mean = 1e-6};
    Narrowed small = narrow(with, Narrowing::Channels, 94, {.damping = hardly});
    auto expected = logits_of(with), found = logits_of(small.checkpoint);
    for (size_t i = 0; i < found.size(); i++)
        EXPECT_LT(testing::distance(found[i], expected[i]), 1e-4);
    Narrowed bare = narrow(with, Narrowing::Channels, 94, {.refit = false, .damping = hardly});
    EXPECT_GT(testing::distance(logits_of(bare.checkpoint).back(), expected.back()), 1e-3);
}

TEST_F(NarrowTest, RefittingKeepsPredictionsCloser) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.hidden = 128, .dtype = "f16"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    auto distance = [&](Narrowing kind, uint32_t after, bool refit) {
        Narrowed small = narrow(model, kind, after, {.refit = refit});
        auto expected = logits_of(model), found = logits_of(small.checkpoint);
        double sum = 0;
        for (size_t i = 0; i < found.size(); i++) sum += testing::distance(found[i], expected[i]);
        return sum;
    };
    EXPECT_LT(distance(Narrowing::Channels, 96, true), distance(Narrowing::Channels, 96, false));
}

// Whatever the sizes: the file opens, loads, runs, and has the sizes that were asked for.
RC_GTEST_FIXTURE_PROP(NarrowTest, FilesFitTogether, ()) {
    const auto group = *rc::gen::inRange<uint32_t>(1, 4), kv = *rc::gen::inRange<uint32_t>(2, 5),
               layers = *rc::gen::inRange<uint32_t>(1, 4);
    const auto hidden = 8 * *rc::gen::inRange<uint32_t>(2, 10);
    const std::string dtype = *rc::gen::element<std::string>("f16", "f32", "bf16", "q8_0");
    const bool quantized = dtype == "q8_0";
    testing::write_tiny_model(folder.path() / "in.gguf", {.dim = group * kv * 32,
                                                          .layers = layers,
                                                          .heads = group * kv,
                                                          .kv_heads = kv,
                                                          .hidden = quantized ? hidden * 4 : hidden,
                                                          .dtype = dtype});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    const auto heads_left = *rc::gen::inRange<uint32_t>(1, kv),
               channels_left = *rc::gen::inRange<uint32_t>(1, hidden);
    Narrowed fewer_heads = narrow(model, Narrowing::Heads, heads_left);
    // The file is written anew below, and the first stays mapped.
    std::filesystem::rename(folder.path() / "narrow.gguf", folder.path() / "heads.gguf");
    Narrowed both = narrow(fewer_heads.checkpoint, Narrowing::Channels, channels_left);
    const PrunableModel sizes = must(PrunableModel::of(both.checkpoint));
    RC_ASSERT(sizes.kv_heads == heads_left);
    RC_ASSERT(sizes.heads == heads_left * group);
    RC_ASSERT(sizes.head_dim == 32u);
    RC_ASSERT(sizes.channels == channels_left);
    const auto logits = logits_of(both.checkpoint);
    for (float each : logits.back()) RC_ASSERT(std::isfinite(each));
}

TEST_F(NarrowTest, DamagedModelsAreRefused) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f32"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    for (auto [name, what] : {std::pair("blk.1.ffn_down.weight", "weights that are no numbers"),
                              {"blk.0.ffn_up.weight", "is no number"}}) {
        const Tensor& tensor = *model.find(name);
        std::vector<std::byte> data(tensor.data.begin(), tensor.data.end());
        const float none = NAN;
        std::memcpy(data.data(), &none, sizeof none);
        Checkpoint::Replacement damage{std::string(tensor.name), tensor.dtype, tensor.shape,
                                       std::make_shared<const std::vector<std::byte>>(data)};
        Checkpoint damaged = model.with({&damage, 1});
        NarrowPlan plan = must(plan_narrowing(damaged, Narrowing::Channels, 64));
        auto make = [&](const Checkpoint& checkpoint) -> Result<TextReader> {
            return TextReader{checkpoint, TRY(scorer(checkpoint))};
        };
        StagedSquares squares(damaged, make, {.tokens = tokens}, progress, nobody);
        NarrowedParts parts(plan, squares, {}, pool);
        expect_refused(write_parts(plan.file, parts, folder.path() / "out.gguf", progress, nobody),
                       Code::BadInput, what, name);
        EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.gguf"));
    }
}

TEST_F(NarrowTest, RefusesWhatCannotBe) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    expect_refused(plan_narrowing(model, Narrowing::Heads, 0), Code::Usage, "0 would be left");
    expect_refused(plan_narrowing(model, Narrowing::Heads, 2), Code::Usage, "2 would be left");
    expect_refused(plan_narrowing(model, Narrowing::Channels, 96), Code::Usage, "96 channels");
    auto refused = [&](const char* family, Narrowing kind, std::string_view why) {
        expect_refused(
            plan_narrowing(must(Checkpoint::open(testing::family_folder(family) / "model.gguf")),
                           kind, 1),
            Code::Unsupported, why, family);
    };
    refused("phi3", Narrowing::Heads, "share a matrix");
    refused("gpt2", Narrowing::Heads, "share a matrix");
    refused("qwen2", Narrowing::Heads, "as wide as");
    refused("olmo2", Narrowing::Heads, "normed over all heads");
    refused("mamba2", Narrowing::Heads, "no attention");
    refused("mamba2", Narrowing::Channels, "another kind");
    refused("qwen3moe", Narrowing::Channels, "experts");
    refused("mixtral", Narrowing::Channels, "no matrix 'ffn_down.weight'");
    refused("rwkv7", Narrowing::Channels, "cannot be pruned");
}

}  // namespace
}  // namespace linnet
