#include "engine/scorer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct ScorerTest : ::testing::Test {
    ScorerTest() {
        testing::write_tiny_model(folder.path() / "m.gguf");
        auto checkpoint = must(Checkpoint::open(folder.path() / "m.gguf"));
        model = must(Model::load(checkpoint, Math::F32, pool));
        Rng dice(3);
        for (int i = 0; i < 400; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    testing::TemporaryFolder folder;
    ThreadPool pool{2};
    const Kernels& kernels = kernels_of(kernel_isas().back());
    std::shared_ptr<const Model> model;
    std::vector<int32_t> tokens;
    Cancel nobody;
};

TEST_F(ScorerTest, IsTheSoftmaxOfTheLogits) {
    auto scorer =
        must(Scorer::make(model, kernels, {.threads = 2, .context = 512, .kv = KvType::F32}));
    testing::Runner runner(model, kernels, pool, 512);
    std::vector<testing::Tokens> prompts = {tokens};
    std::vector<size_t> chunks = {97};
    auto rows = runner.run(prompts, chunks)[0];
    for (size_t first : {1, 2, 64, 300, 399}) {
        std::vector<double> out(tokens.size() - first);
        must(scorer->score(tokens, first, nobody, out));
        for (size_t i = 0; i < out.size(); i++) {
            const testing::Row& row = rows[first + i - 1];
            double sum = 0;
            for (float logit : row) sum += std::exp(static_cast<double>(logit));
            double expected = row[static_cast<size_t>(tokens[first + i])] - std::log(sum);
            ASSERT_NEAR(out[i], expected, 1e-4) << first << " " << i;
        }
    }
}

// Each text begins without what the one before left.
TEST_F(ScorerTest, RecurrentModelsReadTextsToo) {
    for (const char* family : {"mamba2", "rwkv7", "lfm2", "falcon-h1", "granitehybrid"}) {
        SCOPED_TRACE(family);
        auto recurrent =
            must(Model::load(must(Checkpoint::open(testing::family_folder(family) / "model.gguf")),
                             Math::F32, pool));
        const std::vector<testing::Tokens> prompts = {
            {1, 5, 7, 3, 9, 2, 4, 11, 6, 1, 3, 8, 2, 2, 7, 12}, {4, 4, 1, 9}};
        const size_t chunks[] = {5};
        testing::Runner runner(recurrent, kernels, pool, 32);
        const auto rows = runner.run(prompts, chunks);
        auto scorer = must(Scorer::make(recurrent, kernels, {.context = 32, .kv = KvType::F32}));
        for (size_t text : {0u, 1u, 0u}) {
            std::vector<double> out(prompts[text].size() - 1);
            must(scorer->score(prompts[text], 1, nobody, out));
            for (size_t i = 0; i < out.size(); i++) {
                testing::Row row = rows[text][i];
                const auto next = static_cast<size_t>(prompts[text][i + 1]);
                EXPECT_NEAR(out[i], log_softmax(kernels, row, next), 1e-4) << i;
            }
        }
    }
}

TEST_F(ScorerTest, RefusesWhatItCannotDo) {
    EXPECT_EQ(Scorer::make(model, kernels, {.context = 513}).error().code, Code::Usage);
    EXPECT_EQ(Scorer::make(model, kernels, {.context = 64, .memory_max = 1000}).error().code,
              Code::NoFit);
}

}  // namespace
}  // namespace linnet
