#include "compress/collect.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct CollectTest : ::testing::Test {
    CollectTest() {
        Rng dice(3);
        for (int i = 0; i < 300; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    Importance collect(const testing::TinyModel& tiny, CollectOptions options, size_t threads = 2,
                       Math math = Math::F32) {
        testing::write_tiny_model(folder.path() / "m.gguf", tiny);
        checkpoint = must(Checkpoint::open(folder.path() / "m.gguf"));
        ThreadPool pool(2);
        auto model = must(Model::load(*checkpoint, math, pool));
        auto scorer = must(Scorer::make(model, kernels_of(kernel_isas().back()),
                                        {.threads = threads, .context = 64}));
        NoProgress progress;
        return must(collect_importance(*scorer, *checkpoint, tokens, options, progress, Cancel{}));
    }
    testing::TemporaryFolder folder;
    std::optional<Checkpoint> checkpoint;
    std::vector<int32_t> tokens;
};

TEST_F(CollectTest, CountsEveryTokenOfEveryMatrix) {
    Importance found = collect({}, {});
    EXPECT_EQ(found.chunks, 4u);
    EXPECT_EQ(found.chunk_tokens, 64u);
    EXPECT_EQ(found.entries.size(), 14u);  // seven matrices in two layers
    for (const Importance::Entry& entry : found.entries)
        EXPECT_EQ(entry.counts, std::vector<float>{256}) << entry.tensor;
    EXPECT_EQ(found.find("blk.0.ffn_down.weight")->sums.size(), 96u);
    EXPECT_EQ(found.find("token_embd.weight"), nullptr);
    EXPECT_EQ(collect({}, {.chunks = {.chunks_max = 2}}).entries[0].counts,
              std::vector<float>{128});
}

// What a norm without its weights gives has a mean square of one.
TEST_F(CollectTest, SumsAreOfWhatTheMatrixIsMultipliedWith) {
    Importance found = collect({}, {.head = true});
    for (auto [matrix, norm] : {std::pair("blk.1.attn_q.weight", "blk.1.attn_norm.weight"),
                                std::pair("blk.0.ffn_up.weight", "blk.0.ffn_norm.weight"),
                                std::pair("token_embd.weight", "output_norm.weight")}) {
        const Importance::Entry* entry = found.find(matrix);
        ASSERT_NE(entry, nullptr) << matrix;
        const Tensor& weights = *checkpoint->find(norm);
        std::vector<float> weight(weights.values);
        weights.dtype->decode(weights.data.data(), weight.data(), weight.size());
        double sum = 0;
        for (size_t i = 0; i < weight.size(); i++)
            sum += double{entry->means()[i]} / (double{weight[i]} * weight[i]);
        EXPECT_NEAR(sum / static_cast<double>(weight.size()), 1, 1e-3) << matrix;
    }
    EXPECT_EQ(found.find("blk.1.attn_q.weight")->sums, found.find("blk.1.attn_v.weight")->sums);
}

TEST_F(CollectTest, ThreadsDoNotMatterAndRoundingLittle) {
    Importance one = collect({}, {.head = true}, 1), three = collect({}, {.head = true}, 3);
    Importance fast = collect({}, {.head = true}, 2, Math::Fast);
    ASSERT_EQ(one.entries.size(), 15u);
    for (size_t i = 0; i < one.entries.size(); i++) {
        EXPECT_EQ(one.entries[i].sums, three.entries[i].sums) << one.entries[i].tensor;
        double sum = 0, other = 0;
        for (float value : one.entries[i].sums) sum += value;
        for (float value : fast.entries[i].sums) other += value;
        EXPECT_NEAR(other, sum, 0.05 * sum) << one.entries[i].tensor;
    }
}

}  // namespace
}  // namespace linnet
