#include "compress/text_feedback.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct TextFeedbackTest : ::testing::Test {
    TextFeedbackTest() {
        testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
        Rng dice(3);
        for (int i = 0; i < 300; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    QuantizePlan plan() const {
        return must(plan_quantization(must(Checkpoint::open(folder.path() / "in.gguf")),
                                      {.mixture = mixture_named("Q4_0"), .pure = true}));
    }
    std::unique_ptr<Scorer> scorer(const QuantizePlan& of, size_t threads) const {
        ThreadPool pool(threads);
        auto model = must(Model::load(of.checkpoint, Math::F32, pool));
        return must(Scorer::make(model, kernels_of(kernel_isas().back()),
                                 {.threads = threads, .context = 64}));
    }
    std::string quantized(size_t threads, uint64_t bytes_max) {
        QuantizePlan of = plan();
        auto reader = scorer(of, threads);
        NoProgress progress;
        Cancel nobody;
        ThreadPool pool(threads);
        TextFeedback feedback(of, of.checkpoint, *reader, tokens, {.bytes_max = bytes_max},
                              progress, nobody);
        must(quantize_file(of, folder.path() / "out.gguf", pool, progress, nobody, &feedback));
        return must(read_file(folder.path() / "out.gguf", 1 << 24));
    }
    testing::TemporaryFolder folder;
    std::vector<int32_t> tokens;
};

TEST_F(TextFeedbackTest, NeitherThreadsNorGroupsChangeTheBytes) {
    const std::string expected = quantized(1, 1 << 30);
    EXPECT_EQ(quantized(3, 1 << 30), expected);
    EXPECT_EQ(quantized(2, 20000), expected);  // a matrix or two at a time
}

TEST_F(TextFeedbackTest, EveryMatrixHasOne) {
    QuantizePlan of = plan();
    auto reader = scorer(of, 2);
    NoProgress progress;
    Cancel nobody;
    TextFeedback feedback(of, of.checkpoint, *reader, tokens, {}, progress, nobody);
    for (const PlannedTensor& tensor : of.tensors) {
        auto found = must(feedback.feedback_for(tensor));
        EXPECT_EQ(found != nullptr, is_quantizable(*tensor.source)) << tensor.source->name;
        if (!found) continue;
        EXPECT_EQ(found->columns(), tensor.source->shape.row());
        for (size_t i = 0; i < found->columns(); i++) EXPECT_GT(found->cost(i), 0);
    }
}

TEST_F(TextFeedbackTest, MatricesThatAreMultipliedWithTheSameShareOne) {
    QuantizePlan of = plan();
    auto reader = scorer(of, 2);
    NoProgress progress;
    Cancel nobody;
    TextFeedback feedback(of, of.checkpoint, *reader, tokens, {}, progress, nobody);
    auto of_tensor = [&](std::string_view name) {
        auto found = std::ranges::find(of.tensors, name,
                                       [](const PlannedTensor& t) { return t.source->name; });
        return must(feedback.feedback_for(*found));
    };
    for (auto names : {std::pair("blk.0.attn_q.weight", "blk.0.attn_k.weight"),
                       {"blk.0.attn_k.weight", "blk.0.attn_v.weight"},
                       {"blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"}})
        EXPECT_EQ(of_tensor(names.first), of_tensor(names.second)) << names.second;
    EXPECT_NE(of_tensor("blk.0.attn_q.weight"), of_tensor("blk.1.attn_q.weight"));
}

}  // namespace
}  // namespace linnet
