#include "model/synthetic.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/model.h"
#include "model/random_blocks.h"

namespace linnet::testing {
namespace {

TEST(RandomBlocks, HaveTheDeviationThatWasAskedFor) {
    size_t formats = 0;
    for (const DType& dtype : dtypes()) {
        if (!can_make_random(dtype)) continue;
        formats++;
        Rng rng(1);
        RandomBlocks blocks(dtype, 0.02, rng);
        std::vector<float> values(blocks.piece_values());
        double sum = 0, squares = 0;
        constexpr int draws = 2000;
        for (int draw = 0; draw < draws; draw++) {
            dtype.decode(blocks.draw(rng).data(), values.data(), values.size());
            for (float value : values) {
                ASSERT_TRUE(std::isfinite(value)) << dtype.name;
                sum += value;
                squares += double(value) * value;
            }
        }
        auto count = static_cast<double>(draws * values.size());
        // Formats of one or two bits have few values to choose from.
        EXPECT_NEAR(std::sqrt(squares / count), 0.02, 0.009) << dtype.name;
        EXPECT_NEAR(sum / count, 0, 0.003) << dtype.name;
    }
    EXPECT_GE(formats, 20u);
}

TEST(Synthetic, NamesAreReadAndRefused) {
    SyntheticModel model = must(parse_synthetic("llama-1b:Q4_K"));
    EXPECT_EQ(model.shape->name, "llama-1b");
    EXPECT_EQ(model.dtype->name, "q4_k");
    for (const char* bad : {"", "llama-1b", "llama-1b:", "llama-1b:i8", "llama-2b:q4_k", ":q8_0",
                            "llama-1b:q4_k:", "llama-1b:f8_e4m3"}) {
        auto read = parse_synthetic(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, Code::Usage);
        EXPECT_FALSE(read.error().next.empty());
    }
}

TEST(Synthetic, RowsThatAreNoWholeBlocksTakeAnotherFormat) {
    EXPECT_EQ(synthetic_dtype(*dtype_named("q4_k"), 2048)->name, "q4_k");
    EXPECT_EQ(synthetic_dtype(*dtype_named("q4_k"), 576)->name, "q5_0");
    for (const DType& dtype : dtypes()) {
        if (!can_make_random(dtype)) continue;
        for (const SyntheticShape& shape : synthetic_shapes())
            for (uint32_t columns : {shape.dim, shape.hidden, shape.heads * shape.head_dim})
                EXPECT_EQ(columns % synthetic_dtype(dtype, columns)->block_values, 0u);
    }
}

// Of small models of each architecture, in formats of each way of making them.
TEST(Synthetic, LogitsAreFinite) {
    TemporaryFolder folder;
    ThreadPool pool(1);
    const Kernels& kernels = kernels_of(kernel_isas().back());
    for (const char* architecture : {"llama", "qwen3", "gemma3"})
        for (const char* type : {"q4_k", "q6_k", "q8_0", "f16", "iq4_xs"}) {
            SyntheticShape shape{"small", "nothing", architecture, 64,   12,    2,    1, 32,
                                 256,     300,       128,          1e4f, 1e-6f, true, 8};
            Path path = folder.path() / "model.gguf";
            NoProgress progress;
            must(write_synthetic(path, {&shape, dtype_named(type)}, 7, progress, Cancel()));
            auto checkpoint = must(Checkpoint::open(path));
            auto model = must(Model::load(checkpoint, Math::Fast, pool));
            EXPECT_EQ(model->config().vocabulary, 300u);
            EXPECT_EQ(model->config().layers, 12u);
            auto cache = must(KvCache::make(model->kv_shapes(), 1, KvType::F32));
            Workspace workspace(*model, kernels, pool,
                                {.tokens_max = 24, .outputs_max = 24, .context_max = 32});
            std::vector<int32_t> tokens(24);
            for (size_t i = 0; i < tokens.size(); i++) tokens[i] = static_cast<int32_t>(i * 11);
            std::vector<uint32_t> pages = {0};
            std::vector<linnet::Run> runs = {
                {.tokens = tokens, .position = 0, .pages = pages, .all_logits = true}};
            double squares = 0;
            auto logits = model->forward({runs}, cache, workspace);
            for (float logit : logits) squares += double(logit) * logit;
            double typical = std::sqrt(squares / static_cast<double>(logits.size()));
            EXPECT_GT(typical, 0.1) << architecture << type;
            EXPECT_LT(typical, 10) << architecture << type;
        }
}

TEST(Synthetic, TheSameSeedGivesTheSameFileAndWhatBreaksOffLeavesNone) {
    TemporaryFolder folder;
    SyntheticShape shape{"small", "nothing", "llama", 64,  1,    2,     1,
                         32,      64,        300,     128, 1e4f, 1e-6f, true};
    NoProgress progress;
    SyntheticModel model{&shape, dtype_named("q8_0")};
    auto written = [&](const char* name, uint64_t seed) {
        Path path = folder.path() / name;
        must(write_synthetic(path, model, seed, progress, Cancel()));
        return must(read_file(path, 10'000'000));
    };
    std::string first = written("a", 1);
    EXPECT_EQ(written("b", 1), first);
    EXPECT_NE(written("c", 2), first);
    Cancel cancel;
    cancel.request();
    Path broken = folder.path() / "broken";
    EXPECT_EQ(write_synthetic(broken, model, 1, progress, cancel).error().code, Code::Interrupted);
    size_t files = 0;
    for (const auto& each : std::filesystem::directory_iterator(folder.path())) {
        (void)each;
        files++;
    }
    EXPECT_EQ(files, 3u);
}

}  // namespace
}  // namespace linnet::testing
