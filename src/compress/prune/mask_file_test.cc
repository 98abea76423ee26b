#include "compress/prune/mask_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "base/testing/result.h"
#include "base/testing/temporary.h"
#include "compress/collect.h"
#include "compress/deflated_size.h"
#include "kernels/select.h"
#include "model/testing/tiny.h"
#include "model/testing/tiny_model.h"

namespace linnet {
namespace {

using testing::expect_refused;
using testing::must;

struct MaskFileTest : ::testing::Test {
    MaskFileTest() {
        Rng dice(3);
        for (int i = 0; i < 300; i++) tokens.push_back(static_cast<int32_t>(dice.below(30)));
    }
    Result<std::unique_ptr<Scorer>> scorer(const Checkpoint& checkpoint) {
        auto model = TRY(Model::load(checkpoint, Math::F32, pool));
        return Scorer::make(model, kernels, {.threads = 2, .context = 64});
    }
    Checkpoint masked(const Checkpoint& model, MaskMethod method, std::string_view pattern) {
        MaskPlan plan = must(plan_masks(model, method));
        auto make = [&](const Checkpoint& checkpoint) -> Result<TextReader> {
            return TextReader{checkpoint, TRY(scorer(checkpoint))};
        };
        StagedSquares squares(model, make, {.tokens = tokens, .layers_at_once = 1}, progress,
                              nobody);
        auto reader = must(scorer(model));
        const Importance importance =
            must(collect_importance(*reader, model, tokens, {}, progress, nobody));
        const bool staged = method == MaskMethod::SparseGpt;
        MaskedParts parts(plan,
                          {.method = method,
                           .pattern = must(MaskPattern::parse(pattern)),
                           .importance = &importance,
                           .squares = staged ? &squares : nullptr,
                           .kernels = &kernels},
                          pool);
        const Path path = folder.path() / "masked.gguf";
        must(write_parts(plan.file, parts, path, progress, nobody));
        EXPECT_NEAR(static_cast<double>(parts.count().zeros),
                    0.5 * static_cast<double>(parts.count().weights),
                    0.01 * static_cast<double>(parts.count().weights));
        return must(Checkpoint::open(path));
    }
    testing::TemporaryFolder folder;
    ThreadPool pool{2};
    const Kernels& kernels = kernels_of(kernel_isas().back());
    std::vector<int32_t> tokens;
    NoProgress progress;
    Cancel nobody;
};

constexpr MaskMethod methods[] = {MaskMethod::Magnitude, MaskMethod::Wanda, MaskMethod::SparseGpt};

TEST_F(MaskFileTest, MatricesOfLayersHaveZerosAndNothingElseChanges) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "f16"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    for (MaskMethod method : methods) {
        Checkpoint out = masked(model, method, "2:4");
        ASSERT_EQ(out.tensors().size(), model.tensors().size());
        EXPECT_EQ(out.file_bytes(), model.file_bytes());
        size_t matrices = 0;
        for (const Tensor& tensor : out.tensors()) {
            const Tensor* old = model.find(tensor.name);
            ASSERT_TRUE(old);
            EXPECT_EQ(tensor.dtype, old->dtype);
            if (!tensor.name.starts_with("blk.") || tensor.shape.rank() < 2) {
                EXPECT_TRUE(std::ranges::equal(tensor.data, old->data)) << tensor.name;
                continue;
            }
            matrices++;
            std::vector<float> values(tensor.values);
            tensor.dtype->decode(tensor.data.data(), values.data(), values.size());
            for (size_t i = 0; i < values.size(); i += 4)
                ASSERT_EQ(std::count(values.begin() + static_cast<ptrdiff_t>(i),
                                     values.begin() + static_cast<ptrdiff_t>(i + 4), 0.0f),
                          2)
                    << tensor.name;
        }
        EXPECT_EQ(matrices, 14u);
        EXPECT_LT(must(deflated_size(out, pool, nobody)), must(deflated_size(model, pool, nobody)));
    }
}

TEST_F(MaskFileTest, QuantizedAndExpertsModelsBecomeWholeFiles) {
    testing::write_tiny_model(folder.path() / "in.gguf", {.dtype = "q8_0"});
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    for (MaskMethod method : methods) {
        Checkpoint out = masked(model, method, "50%");
        EXPECT_EQ(out.find("blk.0.ffn_up.weight")->dtype->name, "f16");
        must(scorer(out));
    }
    Checkpoint experts = must(Checkpoint::open(testing::family_folder("qwen3moe") / "model.gguf"));
    must(scorer(masked(experts, MaskMethod::Wanda, "50%")));
    must(scorer(masked(experts, MaskMethod::Magnitude, "2:4")));
    expect_refused(plan_masks(experts, MaskMethod::SparseGpt), Code::Unsupported, "of experts");
}

TEST_F(MaskFileTest, CompressedSizesAreThoseOfTheBytes) {
    testing::TinyModel tiny{.dtype = "f16"};
    testing::write_tiny_model(folder.path() / "in.gguf", tiny);
    Checkpoint model = must(Checkpoint::open(folder.path() / "in.gguf"));
    const uint64_t size = must(deflated_size(model, pool, nobody));
    EXPECT_GT(size, model.file_bytes() / 2);  // random numbers hardly shrink
    EXPECT_LT(size, model.file_bytes());
    Cancel cancelled;
    cancelled.request();
    expect_refused(deflated_size(model, pool, cancelled), Code::Interrupted, "interrupted");
}

}  // namespace
}  // namespace linnet
