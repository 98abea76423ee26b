#include "compress/target.h"

#include <gtest/gtest.h>

#include <map>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "compress/quantizer.h"
#include "kernels/select.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::must;

struct TargetTest : ::testing::Test {
    TargetTest() {
        testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
        Rng dice(3);
        for (int i = 0; i < 200; i++) tokens.push_back(static_cast<int32_t>(dice.below(256)));
    }
    QuantizePlan plan() const {
        return must(plan_quantization(must(Checkpoint::open(folder.path() / "in.gguf")),
                                      {.mixture = mixture_named("Q8_0")}));
    }
    std::vector<TensorCosts> measure(const QuantizePlan& of, std::span<const RecipeRule> pinned) {
        TrialOptions options{
            .kernels = kernels_of(kernel_isas().back()), .tokens = tokens, .context = 96};
        ThreadPool pool(2);
        NoProgress progress;
        return must(measure_costs(of, pinned, options, pool, progress, Cancel{}));
    }
    testing::TemporaryFolder folder;
    std::vector<int32_t> tokens;
};

TEST_F(TargetTest, FinerFormatsCostLess) {
    QuantizePlan of = plan();
    auto costs = measure(of, {});
    ASSERT_EQ(costs.size(), 15u);
    for (const TensorCosts& each : costs) {
        std::map<std::string_view, double> cost;
        for (const FormatCost& candidate : each.candidates)
            cost[candidate.dtype->name] = candidate.divergence;
        std::string_view name = of.tensors[each.place].source->name;
        EXPECT_LT(cost.at("q8_0"), cost.at("q5_1")) << name;
        EXPECT_LT(cost.at("q5_0"), cost.at("q4_0")) << name;
        EXPECT_GT(cost.at("q4_0"), 0) << name;
        EXPECT_FALSE(cost.contains("q4_k")) << name;  // rows of 64 and 96
    }
}

TEST_F(TargetTest, TheFileHasTheSizeAndLessDivergenceWhereItIsLarger) {
    QuantizePlan of = plan();
    auto costs = measure(of, {});
    const uint64_t most = must(of.file_bytes());
    double before = 1e9;
    for (uint64_t size : {most * 7 / 10, most * 8 / 10, most * 9 / 10}) {
        double divergence = must(fit_to_size(of, costs, size));
        EXPECT_LE(must(of.file_bytes()), size);
        EXPECT_GT(must(of.file_bytes()), size - size / 50);  // few tensors, large steps
        EXPECT_LT(divergence, before);
        before = divergence;
    }
    auto refused = fit_to_size(of, costs, most / 10);
    testing::expect_refused(refused, Code::NoFit, "takes at least");
}

TEST_F(TargetTest, PinnedTensorsStay) {
    QuantizePlan of = plan();
    std::vector<RecipeRule> pinned = {must(RecipeRule::parse("ffn_up=q8_0"))};
    auto costs = measure(of, pinned);
    EXPECT_EQ(costs.size(), 13u);
    must(fit_to_size(of, costs, must(of.file_bytes()) * 7 / 10));
    for (const PlannedTensor& tensor : of.tensors) {
        const bool is_pinned = tensor.source->name.find("ffn_up") != std::string_view::npos;
        EXPECT_TRUE(!is_pinned || tensor.dtype->name == "q8_0") << tensor.source->name;
    }
}

TEST_F(TargetTest, CostsAreKept) {
    QuantizePlan of = plan();
    auto costs = measure(of, {});
    auto text = costs_document(of, costs, {"model", true}).pretty();
    auto kept = must(costs_of(must(Json::parse(text)), of, {}, {"model", true}));
    ASSERT_EQ(kept.size(), costs.size());
    for (size_t i = 0; i < kept.size(); i++) {
        ASSERT_EQ(kept[i].candidates.size(), costs[i].candidates.size());
        for (size_t c = 0; c < kept[i].candidates.size(); c++) {
            EXPECT_EQ(kept[i].candidates[c].bytes, costs[i].candidates[c].bytes);
            EXPECT_EQ(kept[i].candidates[c].divergence, costs[i].candidates[c].divergence);
        }
    }
    auto refuse = [&](std::string_view document, const CostsOrigin& origin, Code code,
                      std::string_view why) {
        testing::expect_refused(costs_of(must(Json::parse(document)), of, {}, origin), code, why);
    };
    refuse(text, {"other", true}, Code::BadInput, "another model");
    refuse(text, {"model", false}, Code::Usage, "with rounding with feedback");
    refuse(R"({"model": "m", "feedback": true, "divergence": {"blk.0.x": {"q4_0": 1}}})",
           {"m", true}, Code::BadInput, "another model");
    refuse("[]", {"model", true}, Code::BadInput, "another model");
}

TEST_F(TargetTest, AReplacedTensorRuns) {
    QuantizePlan of = plan();
    ThreadPool pool(1);
    PlannedTensor tensor = of.tensors.back();
    auto blocks = std::make_shared<const std::vector<std::byte>>(
        must(quantize_tensor(tensor, pool, Cancel{})));
    Checkpoint::Replacement replacement{std::string(tensor.source->name), tensor.dtype,
                                        tensor.source->shape, blocks};
    std::optional<Checkpoint> changed = of.checkpoint.with({&replacement, 1});
    EXPECT_EQ(changed->find(tensor.source->name)->dtype->name, "q8_0");
    EXPECT_EQ(of.checkpoint.find(tensor.source->name)->dtype->name, "f16");
    for (Math math : {Math::F32, Math::Fast}) must(Model::load(*changed, math, pool));
}

}  // namespace
}  // namespace linnet
